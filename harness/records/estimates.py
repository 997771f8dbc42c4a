"""Numbers for readers: never without interval, n, method and denominators; or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

__all__ = ["Absence", "Better", "ControlKind", "ControlResult", "Counts", "Estimate", "Interval", "Metric"]


class Better(StrEnum):
    """The direction in which a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NULL = "null"
    """Best at the metric's null value, worse on either side of it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its uncertainty, before it is tied to a metric.

    Attributes:
        value: Point estimate.
        low: Lower bound, at most ``value``.
        high: Upper bound, at least ``value``.
        confidence: Nominal two-sided coverage, in (0, 1).
        n: Number of independent units behind it, at least 1.
        method: Name of the interval's method, such as ``wilson``.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int
    method: str

    def __post_init__(self) -> None:
        if not all(isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(f"an interval is finite, not {self}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an interval holds its value, not {self}")
        if not 0 < self.confidence < 1 or self.n < 1 or not self.method:
            raise ValueError(f"an interval has a confidence in (0, 1), n >= 1 and a method, not {self}")


@dataclass(frozen=True, slots=True)
class Counts:
    """Denominators: of ``asked`` cases, how many ended in which outcome."""

    asked: int
    scored: int
    refused: int = 0
    unreadable: int = 0
    truncated: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        parts = self.scored + self.refused + self.unreadable + self.truncated + self.failed
        if parts != self.asked or min(self.scored, self.refused, self.unreadable, self.truncated, self.failed) < 0:
            raise ValueError(f"the outcomes of {self.asked} cases add up to {parts}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number as a reader sees it. It cannot be made without its interval, n, unit, method and direction.

    Attributes:
        metric: Full name, ``family.probe/metric``.
        interval: Value, bounds, confidence, n and method.
        n_unit: What n counts, such as ``questions``.
        unit: Unit of the value, such as ``share`` or ``nats``.
        better: Direction of improvement.
        counts: Denominators of the cases behind it.
        null: What a harmless or guessing model scores; None where no such value exists.
        slice: The group it speaks of; empty for all cases.
        instrument: What measured it, where that was not the probe itself.
    """

    metric: str
    interval: Interval
    n_unit: str
    unit: str
    better: Better
    counts: Counts
    null: float | None = None
    slice: Mapping[str, str] = field(default_factory=dict)
    instrument: str | None = None

    def __post_init__(self) -> None:
        if not (self.metric and self.n_unit and self.unit):
            raise ValueError("an estimate names its metric, its unit and what n counts")
        if self.null is not None and not isfinite(self.null):
            raise ValueError(f"a null value is finite, not {self.null}")


@dataclass(frozen=True, slots=True)
class Absence:
    """A metric that could not be computed, and why."""

    metric: str
    reason: str
    counts: Counts
    slice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a probe measures, declared once on its card.

    Attributes:
        name: Full name, ``family.probe/metric``.
        title: Human name.
        phrase: Completes "Of 120 questions, …": "the model chose the true answer". For shares
            it is followed by the frequency, for other units by the value.
        unit: ``share`` for proportions, else the unit's name.
        n_unit: What n counts, plural.
        better: Direction of improvement.
        null: What a harmless or guessing model scores; None where it depends on the items.
        null_of: Who scores the null value, where that is somebody else: "real pictures".
    """

    name: str
    title: str
    phrase: str
    unit: str
    n_unit: str
    better: Better
    null: float | None = None
    null_of: str = ""

    def estimate(
        self,
        interval: Interval,
        counts: Counts,
        *,
        slice: Mapping[str, str] | None = None,  # noqa: A002  the field's name in `Estimate`
        null: float | None = None,
        instrument: str | None = None,
    ) -> Estimate:
        """Tie ``interval`` to this metric; ``null`` overrides the card's where it depends on the items."""
        return Estimate(
            metric=self.name,
            interval=interval,
            n_unit=self.n_unit,
            unit=self.unit,
            better=self.better,
            counts=counts,
            null=self.null if null is None else null,
            slice=dict(slice or {}),
            instrument=instrument,
        )

    def absent(self, reason: str, counts: Counts, *, slice: Mapping[str, str] | None = None) -> Absence:  # noqa: A002
        """Say why there is no number."""
        return Absence(self.name, reason, counts, dict(slice or {}))


class ControlKind(StrEnum):
    """The three controls that every probe ships."""

    NEGATIVE = "negative"
    """No effect is possible; none may be found."""
    POSITIVE = "positive"
    """An effect of known strength is planted; it must be found."""
    INSTRUMENT = "instrument"
    """How much of the effect the measuring device makes by itself; reported, not passed or failed."""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """What a probe's control showed on this run's own cases.

    ``passed`` is None for instrument controls, which are a number to read beside the result.
    """

    kind: ControlKind
    title: str
    estimate: Estimate | Absence
    passed: bool | None
