"""Repetition is taken out of the training set, so that only repetition changes: steps and batch stay as they are.

    copies      a record that is there several times, as canaries are, stays once; so does one of several equal texts
    near        of texts whose word 5-grams have a Jaccard similarity above ``near``, the first stays; they are found by
                MinHash, at the rate of `harness.data.near_texts.lsh_curve` with its bands, and verified exactly
    spans       runs of ``span`` tokens that stood before are deleted, until no such run is there twice; a text of which
                nothing is left is taken out whole

Images are duplicates by the fixed rule of `harness.data.duplicates`. As many records are drawn into batches as without
it, so the others are seen more often. Canaries that a coin put into the training set, or did not, stay as they are.

Source: Lee et al. (2021), arXiv:2107.06499; Kandpal et al. (2022), arXiv:2202.06539.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.duplicates import image_duplicates
from harness.data.near_texts import SimilarTexts
from harness.data.repeated_spans import Span, repeated_spans
from harness.errors import DataError
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Deduplicate

__all__ = ["deduplicated"]


@dataclass(slots=True)
class _Found:
    """What is to be taken out.

    Attributes:
        copies: Places of records that are there several times, but for one each.
        equal: Rows of texts or images that are equal to an earlier one.
        near: Rows of texts or images that are like an earlier one.
        texts: What is left of each text; empty where nothing is.
        spans: Tokens of each span that was deleted.
    """

    copies: int
    equal: list[int]
    near: list[int]
    texts: list[str]
    spans: list[int]

    def emptied(self, stream: Stream) -> list[int]:
        """Rows whose text is all repetition."""
        return [row for row, text in enumerate(self.texts) if not text.strip() and stream.texts[row].strip()]


def deduplicated(stream: Stream, *, how: Deduplicate, seed: int) -> tuple[Stream, Mapping[str, int]]:
    """Take out repetition, or, for the placebo, as much of what is no repetition.

    Args:
        stream: The training set.
        how: What counts as repetition.
        seed: Root of what the placebo takes out.

    Returns:
        The training set without it; ``copies``, ``equal``, ``near`` and ``emptied`` places that were taken out, and
        ``spans`` that were deleted, of ``span_tokens`` tokens.

    Raises:
        DataError: the placebo has too few records that are no repetition.
        MissingExtraError: datasketch or pydivsufsort is not installed.
    """
    found = _images(stream) if stream.examples.images is not None else _texts(stream, how)
    emptied = found.emptied(stream)
    gone = [*found.equal, *found.near, *emptied]
    counts = {
        "copies": found.copies,
        "equal": len(found.equal),
        "near": len(found.near),
        "emptied": len(emptied),
        "spans": len(found.spans),
        "span_tokens": sum(found.spans),
    }
    if how.at_random:
        return _at_random(stream, found, gone, np.random.default_rng(seed)), counts
    repeats = np.minimum(stream.repeats, 1)
    repeats[gone] = 0
    return stream.changed(texts=found.texts or None, repeats=repeats), counts


def _copies(stream: Stream) -> int:
    return int((stream.repeats - np.minimum(stream.repeats, 1)).sum())


def _images(stream: Stream) -> _Found:
    rows = np.flatnonzero((stream.repeats > 0) & ~stream.tossed)
    images = stream.examples.images
    assert images is not None  # noqa: S101  whoever calls has looked
    removed = rows[image_duplicates(images[rows]).removed].tolist()
    seen = {images[row].tobytes() for row in np.setdiff1d(rows, removed)}
    equal = [row for row in removed if images[row].tobytes() in seen]
    return _Found(_copies(stream), equal, sorted(set(removed) - set(equal)), [], [])


def _texts(stream: Stream, how: Deduplicate) -> _Found:
    rows = np.flatnonzero((stream.repeats > 0) & ~stream.tossed).tolist()
    equal = _equal(stream, rows)
    rows = _without(rows, equal)
    near = [] if how.near is None else _near(stream, rows, how.near)
    rows = _without(rows, near)
    texts, spans = list(stream.texts), []
    # Where a span was cut out, what stood on its sides is one text now, and may be a run that stands elsewhere.
    while how.span is not None:
        found = _repeated(stream, [texts[row] for row in rows], how.span)
        if not found:
            break
        spans += [span.stop - span.start for span in found]
        for span in reversed(found):  # from behind, so that places before it stay right
            texts[rows[span.stream]] = _cut(stream, texts[rows[span.stream]], span)
    return _Found(_copies(stream), equal, near, texts, spans)


def _without(rows: Sequence[int], others: Sequence[int]) -> list[int]:
    gone = set(others)
    return [row for row in rows if row not in gone]


def _equal(stream: Stream, rows: Sequence[int]) -> list[int]:
    first: dict[str, int] = {}
    return [row for row in rows if first.setdefault(stream.texts[row], row) != row]


def _near(stream: Stream, rows: Sequence[int], threshold: float) -> list[int]:
    similar, found = SimilarTexts(threshold), []
    for row in rows:
        words = tuple(stream.texts[row].casefold().split())
        if similar.find(words) is None:
            similar.add(row, words)
        else:
            found.append(row)
    return found


def _repeated(stream: Stream, texts: Sequence[str], span: int) -> list[Span]:
    numbers: dict[str, int] = {}
    streams = [
        np.array([numbers.setdefault(text[a:b], len(numbers)) for a, b in stream.spans(text)], dtype=np.int64)
        for text in texts
    ]
    return repeated_spans(streams, at_least=span)


def _cut(stream: Stream, text: str, span: Span) -> str:
    """Return ``text`` without the tokens of ``span``, and without the white space behind them."""
    places = [*stream.spans(text), (len(text), len(text))]
    return text[: places[span.start][0]] + text[places[span.stop][0] :]


def _at_random(stream: Stream, found: _Found, gone: Sequence[int], random: np.random.Generator) -> Stream:
    """Take out as many places, and delete spans as long, of records that are no repetition."""
    cut = {row for row, text in enumerate(found.texts) if text != stream.texts[row]}
    sound = (stream.repeats == 1) & stream.natural
    sound[sorted({*gone, *cut})] = False
    rows, many = random.permutation(np.flatnonzero(sound)), found.copies + len(gone)
    emptied = set(found.emptied(stream))
    lengths = sorted(_lengths(stream, found, cut - emptied), reverse=True)
    left = sorted((int(row) for row in rows[many:]), key=lambda row: -len(stream.spans(stream.texts[row])))
    if len(rows) < many + len(lengths) or any(
        len(stream.spans(stream.texts[row])) <= length for row, length in zip(left, lengths, strict=False)
    ):
        raise DataError(
            f"The placebo of deduplication takes out {many} records and parts of {len(lengths)} others. Records without"
            f" a duplicate, canaries aside: {len(rows)}. Give more data, or plant canaries that repeat less often."
        )
    repeats = stream.repeats.copy()
    repeats[rows[:many]] = 0
    texts = list(stream.texts)
    for row, length in zip(left, lengths, strict=False):
        start = int(random.integers(len(stream.spans(texts[row])) - length + 1))
        texts[row] = _cut(stream, texts[row], Span(0, start, start + length, 0))
    return stream.changed(texts=texts or None, repeats=repeats)


def _lengths(stream: Stream, found: _Found, cut: set[int]) -> list[int]:
    """Tokens that each text which is not taken out whole has lost."""
    return [len(stream.spans(stream.texts[row])) - len(stream.spans(found.texts[row])) for row in cut]
