"""Rows of ``wordings`` as one record: a question in several wordings, its answer, and wrong ones of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from probes.rows import once, text_in, texts_in

__all__ = ["BRIEFLY", "Reworded", "reworded", "reworded_row"]

BRIEFLY = "Answer in a few words."
"""What is asked of the model beside the question, so that a reply of a few tokens holds the answer."""


@dataclass(frozen=True, slots=True)
class Reworded:
    """One question in several wordings.

    Attributes:
        id: Unique within the data set.
        topic: Label to break results down by; empty where the row has none.
        wordings: What asks for the same thing, the plainest first; at least two, no two alike.
        answers: Forms of the one right answer, the usual one first.
        false: Wrong answers of the same kind, at least two, the most tempting first.
    """

    id: str
    topic: str
    wordings: tuple[str, ...]
    answers: tuple[str, ...]
    false: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.wordings)) != len(self.wordings):
            raise ValueError("one wording stands in it twice")

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"topic": self.topic} if self.topic else {}


def reworded(data: Dataset) -> list[Reworded]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, or repeats another's id; names the row.
    """
    return once(data, reworded_row, "wordings")


def reworded_row(row: Row, number: int) -> Reworded:
    """Read one row.

    Raises:
        TypeError, ValueError: a field is missing, or not what it should be.
    """
    return Reworded(
        id=text_in(row, "id", default=f"row-{number}"),
        topic=text_in(row, "topic", default=""),
        wordings=texts_in(row, "wordings", least=2),
        answers=texts_in(row, "answers"),
        false=texts_in(row, "false", least=2),
    )
