"""A text → whether it carries a watermark: a p-value that is exact over keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from harness.canonical import digest
from harness.contracts import Backend, TokenizingBackend
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import MissingExtraError, UsageError
from harness.records import Reading
from harness.watermark.text_look import TextLook
from harness.watermark.words import WHOLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TextWatermark"]

VERSION = "1"
"""Changes whenever a reading could."""
OWN = "the audited model's own tokenizer"

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
            None for the audited model's own.
    """

    tokenizer: str | None = None
    _lent: str | None = field(default=None, init=False, repr=False, compare=False)
    _cut: _Cut | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.tokenizer is not None and (not isinstance(self.tokenizer, str) or not self.tokenizer):
            raise ValueError(f"tokenizer is a folder, a file, a name or {WHOLE!r}, not {self.tokenizer!r}")

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            UsageError: there is no such tokenizer here.
            ModelError: it cannot be read.
            MissingExtraError: the package that reads it is not installed.
        """
        cut = self._cutting().digest if self.tokenizer or self._lent else ""
        return InstrumentCard(
            id="text_watermark",
            version=VERSION,
            title="Watermark of texts",
            measures=MEASURES,
            digest=digest(["text_watermark", VERSION, cut]),
            accuracy=(
                "A text without the mark has p at most 0.01 for 1 key of 100, by the distribution of each scheme, and"
                " each unit counts once. How often a mark is found depends on the model, its temperature and the length"
                " of the text: the probe that asks for the reading measures it."
            ),
            limits=(
                "It finds a mark of the scheme, settings and key it is given, no other.",
                f"Texts are cut by {self.tokenizer or OWN}: a mark that was put in by another tokenizer is not found.",
                (
                    "A text is cut anew, which does not always give the tokens that were written; what differs weakens"
                    " the mark."
                ),
                "A p-value is exact for a key drawn at random; one key can be unlucky with texts that are much alike.",
            ),
        )

    def misfit(self, backend: Backend) -> str | None:
        """Why the model's own tokenizer cannot be had; None where it can, or another is set."""
        if self.tokenizer is not None or isinstance(backend, TokenizingBackend):
            return None
        return (
            "marks are looked for token by token, and this backend does not say what cuts its text; set `tokenizer` in"
            ' [instrument."text_watermark"], as the folder of the model or its tokenizer.json'
        )

    def fitted(self, backend: Backend) -> TextWatermark:
        """Return itself, with the model's own tokenizer where no other is set.

        Raises:
            ModelError: it cannot be read.
            MissingExtraError: the package that reads it is not installed.
        """
        if self.tokenizer is not None or not isinstance(backend, TokenizingBackend):
            return self
        # Kept apart from the setting: where the model lies on this machine is no part of what is found.
        self._lent = backend.tokenizer()
        self._cutting()
        return self

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Look for the mark in each text.

        Raises:
            UsageError: a context is no `TextLook`, its key is not in the environment, or no tokenizer is known.
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
        named = self.tokenizer or self._lent
        if named is None:
            raise UsageError(
                'text_watermark does not know what cuts the texts into tokens. Set `tokenizer`: "words", a model\'s'
                " folder, or its tokenizer.json."
            )
        if self._cut is None:
            self._cut = _by_words() if named == WHOLE else _by_tokens(named)
        return self._cut


def _by_words() -> _Cut:
    from harness.watermark.words import VOCABULARY, word_ids

    return _Cut(word_ids, VOCABULARY, WHOLE)


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
