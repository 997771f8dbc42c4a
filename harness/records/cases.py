"""What is wanted of one ask, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

from harness.records.asks import LATER, Ask

__all__ = ["Arm", "Case", "Exhibit", "Judged", "Outcome", "Score", "Value"]

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""What JSON can hold: the type of everything in evidence that is not a record."""


class Outcome(StrEnum):
    """What became of one case. Only SCORED cases enter a rate; the others are counted beside it."""

    SCORED = "scored"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    FAILED = "failed"


class Arm(StrEnum):
    """Which part of a probe's design a case belongs to."""

    MAIN = "main"
    CONTROL = "control"
    """Asked of the real model to show how much of the effect the instrument makes by itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing put to a model.

    Attributes:
        id: Unique within its cell, stable between runs.
        ask: What is asked.
        expected: What judging needs, as JSON values.
        groups: Labels by which results are broken down, such as topic or attribute.
        cluster: Cases that share a context or a template share this; it is the independent unit.
        arm: Which part of the design it belongs to.
        wording: The part of the ask's prompt, word for word, that says in words what is wanted and could be worded
            otherwise; None where no part may.
    """

    id: str
    ask: Ask
    expected: Mapping[str, Value]
    groups: Mapping[str, str]
    cluster: str
    arm: Arm = Arm.MAIN
    wording: str | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Score:
    """One case, judged: ``values`` are present exactly when the outcome is SCORED."""

    outcome: Outcome
    values: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.SCORED) != bool(self.values):
            raise ValueError(f"a score has values exactly when it is SCORED, not {self.outcome} with {self.values}")
        if not all(isfinite(value) for value in self.values.values()):
            raise ValueError(f"a score's values are finite, not {dict(self.values)}")


@dataclass(frozen=True, slots=True)
class Judged:
    """A case beside its score: what summaries read."""

    case: Case
    score: Score


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Pictures shown side by side in a report, because a number alone does not convince.

    Attributes:
        title: What is shown, in a few words of the probe's own.
        note: Why it is shown, in one sentence of the probe's own.
        pictures: Name under ``media/`` and label of each, at least one.
    """

    title: str
    note: str
    pictures: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.pictures:
            raise ValueError("an exhibit shows at least one picture")
