"""A text → whether it carries a watermark: a p-value that is exact over keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import MissingExtraError
from harness.records import Reading
from harness.watermark.text_look import TextLook

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TextWatermark"]

VERSION = "1"
"""Changes whenever a reading could."""
WORDS = "words"
"""The tokenizer that needs no model."""

MEASURES = {
    "tokens": "tokens of the whole text",
    "n": "units that were looked at, each once: 0 where the text is too short for any",
    "statistic": "what the scheme adds up over them; larger is more like the mark",
    "expected": "its mean for a text without the mark",
    "p": "0 to 1: probability that a key drawn at random would fit the text as well; absent where n is 0",
}


@dataclass(frozen=True, slots=True)
class _Cut:
    """How texts become ids, how many ids there are, and a digest of how."""

    ids: Callable[[str], NDArray[np.int64]]
    vocabulary: int
    digest: str


@dataclass(slots=True)
class TextWatermark:
    """Looks for a watermark: see `harness.watermark`. What to look for is in a reading's context, a `TextLook`.

    The key is read from the environment and appears in no reading.

    Attributes:
        tokenizer: Of the model that wrote the texts: its folder, its tokenizer.json, or its name in the catalogue.
            ``words``, hashed, for a writer who marks words. With another tokenizer than the writer's, no mark is found.
    """

    tokenizer: str = WORDS
    _cut: _Cut | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.tokenizer, str) or not self.tokenizer:
            raise ValueError(f"tokenizer is a folder, a file, a name or {WORDS!r}, not {self.tokenizer!r}")

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            UsageError: there is no such tokenizer here.
            ModelError: it cannot be read.
            MissingExtraError: the package that reads it is not installed.
        """
        cut = self._cutting()
        return InstrumentCard(
            id="text_watermark",
            version=VERSION,
            title="Watermark of texts",
            measures=MEASURES,
            digest=digest(["text_watermark", VERSION, cut.digest]),
            accuracy=(
                "A text without the mark has p at most 0.01 for 1 key of 100, by the distribution of each scheme, and"
                " each unit counts once. How often a mark is found depends on the model, its temperature and the length"
                " of the text: the probe that asks for the reading measures it."
            ),
            limits=(
                "It finds a mark of the scheme, settings and key it is given, no other.",
                f"Texts are cut by {self.tokenizer}: a mark that was put in by another tokenizer is not found.",
                (
                    "A text is cut anew, which does not always give the tokens that were written; what differs weakens"
                    " the mark."
                ),
                "A p-value is exact for a key drawn at random; one key can be unlucky with texts that are much alike.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Look for the mark in each text.

        Raises:
            UsageError: a context is no `TextLook`, or its key is not in the environment.
        """
        del materials
        cut, key_of = self._cutting(), cache(TextLook.secret)
        texts = {text: cut.ids(text) for text in dict.fromkeys(reading.text for reading in readings)}
        looks = [TextLook.of(reading.context) for reading in readings]
        return [
            _read(texts[reading.text], look, key_of(look), cut.vocabulary)
            for reading, look in zip(readings, looks, strict=True)
        ]

    def _cutting(self) -> _Cut:
        if self._cut is None:
            self._cut = _by_words() if self.tokenizer == WORDS else _by_tokens(self.tokenizer)
        return self._cut


def _by_words() -> _Cut:
    from harness.watermark.words import VOCABULARY, word_ids

    return _Cut(word_ids, VOCABULARY, WORDS)


def _by_tokens(named: str) -> _Cut:
    from harness.catalogue.places import place_of

    try:
        from harness.watermark.tokenizer import open_tokenizer
    except ImportError as error:
        raise MissingExtraError("Cutting a text into tokens", "the package tokenizers", "hf") from error
    cutter = open_tokenizer(place_of(named, setting="tokenizer"))
    return _Cut(cutter.ids, cutter.vocabulary, str(digest([cutter.tokenizer.to_str(), cutter.vocabulary])))


def _read(ids: NDArray[np.int64], look: TextLook, key: str, vocabulary: int) -> Mapping[str, float]:
    from harness.watermark.detection import TooShort

    try:
        found = look.made(vocabulary).detect(ids[: look.tokens], key=key)
    except ValueError:
        # The text has tokens that the scheme's list does not know: no reading, which the probe counts and tells.
        return {}
    its = {"tokens": float(len(ids)), "n": float(found.n)}
    if isinstance(found, TooShort):
        return its
    # To so many digits only, so that the last bits of one machine's arithmetic are not part of the evidence.
    exact = {"statistic": found.statistic, "expected": found.expected, "p": found.p}
    return its | {name: float(f"{value:.6g}") for name, value in exact.items()}
