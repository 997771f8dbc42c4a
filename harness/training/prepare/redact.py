"""What looks like personal data in the members' texts becomes a placeholder that says what stood there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.text.personal_data import find
from harness.text.redaction import redacted, replaced
from harness.training.prepare.fitting import fitted
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Redact

__all__ = ["PLACEBO", "redacted_stream"]

PLACEBO = "[WORD]"
"""What the placebo puts for a harmless word."""

HARMLESS = re.compile(r"(?<![\w@.\-/\[])[^\W\d_]{3,}(?![\w@\-/\]]|\.\w)")
"""A word of letters alone that is part of no address, number, path or placeholder."""


def redacted_stream(
    stream: Stream, *, how: Redact, seed: int, longest: int | None = None
) -> tuple[Stream, Mapping[str, int]]:
    """Replace personal data in all texts, canaries included; or, for the placebo, as many harmless words.

    Args:
        stream: The training set.
        how: Whether it is the placebo.
        seed: Root of what the placebo replaces.
        longest: Bytes that a text may have: one that grew beyond is cut at its end. None: any.

    Returns:
        The training set; and in how many places of its distinct texts each kind of data stood, how many ``replaced``
        in all, and texts that were ``cut``.

    Raises:
        DataError: the placebo finds fewer harmless words than there are data.
    """
    pairs = [redacted(text) for text in stream.texts]
    kinds = Counter(its.kind.value for _, found in pairs for its in found)
    many = sum(kinds.values())
    whole = _at_random(stream, many, np.random.default_rng(seed)) if how.at_random else [text for text, _ in pairs]
    texts = [fitted(text, longest) if text != old else old for text, old in zip(whole, stream.texts, strict=True)]
    cut = sum(text != its for text, its in zip(texts, whole, strict=True))
    return stream.changed(texts=texts), {**dict(sorted(kinds.items())), "replaced": many, "cut": cut}


def _at_random(stream: Stream, many: int, random: np.random.Generator) -> list[str]:
    """Replace so many harmless words, wherever they stand."""
    places = [(row, *span) for row, text in enumerate(stream.texts) for span in _harmless(text)]
    if len(places) < many:
        raise DataError(
            f"The placebo of redaction replaces {many} harmless words, and the training texts have {len(places)}."
            " Give more text."
        )
    chosen: dict[int, list[tuple[int, int, str]]] = {}
    for place in sorted(random.permutation(len(places))[:many].tolist()):
        row, start, end = places[place]
        chosen.setdefault(row, []).append((start, end, PLACEBO))
    return [replaced(text, chosen.get(row, ())) for row, text in enumerate(stream.texts)]


def _harmless(text: str) -> list[tuple[int, int]]:
    """Where words stand that are no part of what looks like personal data."""
    taken = bytearray(len(text))
    for its in find(text):
        taken[its.start : its.end] = b"\x01" * len(its.text)
    spans = (match.span() for match in HARMLESS.finditer(text))
    return [(start, end) for start, end in spans if not any(taken[start:end])]
