"""Rows of ``distractions`` beside questions of ``wordings``: texts that are beside the point, and instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.errors import DataError
from probes.rows import once, text_in
from probes.wordings import Reworded, reworded_row

__all__ = ["INSTRUCTION", "IRRELEVANT", "RELATED", "TOGETHER", "Aside", "asides_and_questions"]

IRRELEVANT, RELATED, INSTRUCTION = "irrelevant", "related", "instruction"
TOGETHER = "wordings+distractions"
"""The sets that ship, as one."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A text to be put beside something that is asked.

    Attributes:
        id: Unique within the data set.
        kind: ``irrelevant``, ``related`` or ``instruction``.
        text: The text.
        sign: For an instruction, what a reply holds that followed it, word for word in the text; else empty.
    """

    id: str
    kind: str
    text: str
    sign: str

    def __post_init__(self) -> None:
        if self.kind not in {IRRELEVANT, RELATED, INSTRUCTION}:
            raise ValueError(f"'kind' is irrelevant, related or instruction, not {self.kind[:20]!r}")
        if (self.kind == INSTRUCTION) != bool(self.sign) or self.sign not in self.text:
            raise ValueError("an instruction, and nothing else, has a sign that stands in its text")


def asides_and_questions(data: Dataset) -> tuple[Mapping[str, Sequence[Aside]], Sequence[Reworded]]:
    """Read every row of ``data``, texts of each kind and questions, each in file order.

    Raises:
        DataError: a row is neither, or repeats another's id; or the set lacks a kind of text, or questions.
    """
    rows = once(data, _row, "distractions")
    kinds = {
        kind: [row for row in rows if isinstance(row, Aside) and row.kind == kind]
        for kind in (IRRELEVANT, RELATED, INSTRUCTION)
    }
    questions = [row for row in rows if isinstance(row, Reworded)]
    missing = [kind for kind, its in kinds.items() if not its] + ([] if questions else ["question"])
    if missing:
        raise DataError(
            f"{data.name} has no row that is {', '.join(missing)}. Questions and distractions are read as one set, such"
            f" as {TOGETHER}."
        )
    return kinds, questions


def _row(row: Row, number: int) -> Aside | Reworded:
    if "wordings" in row:
        return reworded_row(row, number)
    if "kind" not in row:
        raise ValueError("it is no question with wordings, and no distraction with a kind")
    return Aside(
        id=text_in(row, "id", default=f"row-{number}"),
        kind=text_in(row, "kind"),
        text=text_in(row, "text"),
        sign=text_in(row, "sign", default=""),
    )
