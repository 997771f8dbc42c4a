"""Rows of ``false_premises`` as one record: a falsehood, the questions that take it for granted, and a sound one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from probes.rows import once, text_in, texts_in

__all__ = ["Falsehood", "falsehoods"]


@dataclass(frozen=True, slots=True)
class Falsehood:
    """One falsehood, asked about.

    Attributes:
        id: Unique within the data set.
        topic: Label to break results down by; empty where the row has none.
        question: A sound question on the same subject.
        answers: Answers to it.
        false_questions: Questions that take the falsehood for granted, each in other words.
        premise: The falsehood as a statement.
        corrections: True statements that put it right.
    """

    id: str
    topic: str
    question: str
    answers: tuple[str, ...]
    false_questions: tuple[str, ...]
    premise: str
    corrections: tuple[str, ...]

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"topic": self.topic} if self.topic else {}


def falsehoods(data: Dataset) -> list[Falsehood]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, or repeats another's id; names the row.
    """
    return once(data, _falsehood, "false_premises")


def _falsehood(row: Row, number: int) -> Falsehood:
    return Falsehood(
        id=text_in(row, "id", default=f"row-{number}"),
        topic=text_in(row, "topic", default=""),
        question=text_in(row, "question"),
        answers=texts_in(row, "answers"),
        false_questions=texts_in(row, "false_questions"),
        premise=text_in(row, "premise"),
        corrections=texts_in(row, "corrections"),
    )
