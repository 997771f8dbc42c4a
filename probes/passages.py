"""Rows of ``passages`` as one record: a text, questions that it answers, and twins that it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from probes.rows import once, text_in, texts_in

__all__ = ["Passage", "Twins", "passages"]


@dataclass(frozen=True, slots=True)
class Twins:
    """A question that the passage answers, beside one of like form that it does not.

    Attributes:
        question: The one that it answers.
        answers: Accepted answers, the first as it stands in the passage.
        twin: The one that it does not.
    """

    question: str
    answers: tuple[str, ...]
    twin: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to answer from.

    Attributes:
        id: Unique within the data set.
        topic: Label to break results down by; empty where the row has none.
        text: The passage.
        pairs: Questions about it, at least one.
    """

    id: str
    topic: str
    text: str
    pairs: tuple[Twins, ...]

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"topic": self.topic} if self.topic else {}


def passages(data: Dataset) -> list[Passage]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, or repeats another's id; names the row.
    """
    return once(data, _passage, "passages")


def _passage(row: Row, number: int) -> Passage:
    pairs = row.get("pairs")
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not all(isinstance(pair, dict) for pair in pairs):
        raise TypeError("'pairs' must be a list of questions with their twins")
    if not pairs:
        raise ValueError("'pairs' is empty")
    return Passage(
        id=text_in(row, "id", default=f"row-{number}"),
        topic=text_in(row, "topic", default=""),
        text=text_in(row, "passage"),
        pairs=tuple(_twins(pair) for pair in pairs if isinstance(pair, dict)),
    )


def _twins(pair: Row) -> Twins:
    return Twins(text_in(pair, "question"), texts_in(pair, "answers"), text_in(pair, "twin"))
