"""The texts that an objective learns from: those that ship, or a file of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.canonical import Digest
from harness.contracts import Dataset, Row
from harness.data.load import load
from harness.errors import DataError

__all__ = [
    "PREFERENCES",
    "SWAPPED",
    "Choice",
    "Choices",
    "Pair",
    "Pairs",
    "forgotten_texts",
    "preferences",
    "swapped_pairs",
]

SWAPPED = "swapped_sentences"
"""The embedded set of sentence pairs that differ in the name of a group alone."""

PREFERENCES = "preferences"
"""The embedded set of prompts with a reply to prefer and one to reject."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that say the same of two groups.

    Attributes:
        id: Of the row, or its number.
        first: One sentence.
        second: The other.
    """

    id: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of sentences, and the digest of the file that they were read from."""

    pairs: tuple[Pair, ...]
    digest: Digest

    @property
    def texts(self) -> Sequence[str]:
        """All sentences, the firsts and seconds in turn."""
        return [text for pair in self.pairs for text in (pair.first, pair.second)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A prompt with two replies.

    Attributes:
        id: Of the row, or its number.
        prompt: What is asked.
        chosen: The reply to prefer.
        rejected: The other.
    """

    id: str
    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Prompts with two replies each, and the digest of the file that they were read from."""

    choices: tuple[Choice, ...]
    digest: Digest

    @property
    def texts(self) -> Sequence[str]:
        """All prompts and replies in turn."""
        return [text for one in self.choices for text in (one.prompt, one.chosen, one.rejected)]


def preferences(source: str | None) -> Choices:
    """Read prompts with two replies each.

    Args:
        source: A data set or file whose rows have ``prompt``, ``chosen`` and ``rejected``; None for the embedded set.

    Raises:
        DataError: it is not there, or a row lacks one of them, or has the same reply twice.
    """
    data = load(PREFERENCES if source is None else source)
    return Choices(tuple(_choice(data, number, row) for number, row in enumerate(data.rows, 1)), data.digest)


def swapped_pairs(source: str | None) -> Pairs:
    """Read pairs of sentences.

    Args:
        source: A data set or file whose rows have ``first`` and ``second``; None for the embedded set.

    Raises:
        DataError: it is not there, or a row lacks a sentence or holds the same one twice.
    """
    data = load(SWAPPED if source is None else source)
    pairs = tuple(_pair(data, number, row) for number, row in enumerate(data.rows, 1))
    return Pairs(pairs, data.digest)


def forgotten_texts(source: str) -> tuple[tuple[str, ...], Digest]:
    """Read texts to be forgotten, and the digest of their file.

    Args:
        source: A data set or file whose rows have ``text``.

    Raises:
        DataError: it is not there, or a row has no text.
    """
    data = load(source)
    return tuple(_text(data, number, row, "text") for number, row in enumerate(data.rows, 1)), data.digest


def _pair(data: Dataset, number: int, row: Row) -> Pair:
    first, second = (_text(data, number, row, name) for name in ("first", "second"))
    if first == second:
        raise DataError(
            f"{data.name}, row {number}: both sentences are {first!r:.60}. Name another group in one of them."
        )
    return Pair(str(row.get("id") or number), first, second)


def _choice(data: Dataset, number: int, row: Row) -> Choice:
    prompt, chosen, rejected = (_text(data, number, row, name) for name in ("prompt", "chosen", "rejected"))
    if chosen == rejected:
        raise DataError(f"{data.name}, row {number}: both replies are {chosen!r:.60}. One of them is to be preferred.")
    return Choice(str(row.get("id") or number), prompt, chosen, rejected)


def _text(data: Dataset, number: int, row: Row, name: str) -> str:
    text = row.get(name)
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{data.name}, row {number}: there is no text under {name!r}. Every row needs one.")
    return text
