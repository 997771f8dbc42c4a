"""The geometry of interval plots: where dots, bars, ticks and limits stand; the template draws them.

Places are percentages of the picture's width, so that the picture stretches and its words do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from harness.records import Better, Estimate
from harness.report.figures import FRACTIONS, amount, figure, interval_words

__all__ = ["Axis", "Limit", "Mark", "Plot", "axis_for", "axis_over", "plot"]

MARGIN = 4.0
"""Per cent of the width left free at each end, so that dots and numbers at the ends are whole."""
MOST_TICKS = 6
REFERENCE: Mapping[Better, str] = {
    Better.HIGHER: "guessing",
    Better.LOWER: "harmless",
    Better.NULL: "no lean",
}
"""What the null value is the value of: the words of `harness.text.sentences`, made short."""
FURTHEST = 62.0
"""Per cent from the edge beyond which words beside a line would not fit a narrow screen."""
ROW = 17
"""Height of a line of words, in pixels."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a gate allows; None where that side is open."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale that several pictures share.

    Attributes:
        low: Value at the left end.
        high: Value at the right end, above ``low``.
        ticks: Values with a number, ascending.
        unit: What the numbers count.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str

    def x(self, value: float) -> float:
        """Place of ``value`` in per cent of the width; values outside the axis stand at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(MARGIN + (100 - 2 * MARGIN) * share, 2)


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the picture, with words beside it.

    Attributes:
        kind: ``null`` or ``limit``: each has a shape of its own.
        x: Place in per cent.
        label: Words.
        side: ``start`` where the words run to the right of the line, ``end`` where to the left.
        y: Base line of the words, in pixels from the top.
    """

    kind: str
    x: float
    label: str
    side: str
    y: int


@dataclass(frozen=True, slots=True)
class Plot:
    """One estimate, ready to be drawn.

    Attributes:
        x: Place of the value, in per cent.
        left: Place of the lower bound.
        right: Place of the upper bound.
        ticks: Places and words of the axis.
        marks: Null value and limits, top row first.
        allowed: Left end and width of the part that the gate allows; None without exactly one gate.
        y: Height of the bar's middle, in pixels from the top.
        unit: Words under the axis.
        alt: The picture in words.
    """

    x: float
    left: float
    right: float
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    allowed: tuple[float, float] | None
    y: int
    unit: str
    alt: str


def axis_for(found: Iterable[Estimate], limits: Sequence[Limit], unit: str) -> Axis:
    """Choose the scale for all of ``found``, with their null values and ``limits``.

    Shares are always drawn from 0 to 1, so that two pictures can be compared and small differences look small.
    """
    estimates = list(found)
    values = [bound for one in estimates for bound in (one.interval.low, one.interval.high)]
    values += [one.null for one in estimates if one.null is not None]
    values += [bound for limit in limits for bound in (limit.low, limit.high) if bound is not None]
    return axis_over(values, unit)


def axis_over(values: Sequence[float], unit: str, *, whole: bool = True) -> Axis:
    """Choose the scale for ``values``; shares are drawn from 0 to 1, or, not ``whole``, where they lie."""
    if whole and unit in FRACTIONS and all(0 <= value <= 1 for value in values):
        return Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0), unit)
    return _round_axis(min(values, default=0.0), max(values, default=1.0), unit)


def _round_axis(low: float, high: float, unit: str) -> Axis:
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        reach = abs(low) / 10 or 1.0
        low, high = low - reach, high + reach
    step = _step((high - low) / (MOST_TICKS - 1))
    first, last = floor(low / step), ceil(high / step)
    ticks = tuple(step * place for place in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks, unit)


def _step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is at least ``least``."""
    power = 10.0 ** floor(log10(least))
    return next((power * factor for factor in (1, 2, 5) if power * factor >= least), power * 10)


def plot(found: Estimate, axis: Axis, limits: Sequence[Limit] = ()) -> Plot:
    """Place ``found`` on ``axis``, with its null value and the limits it is judged by."""
    marks = _arranged([(kind, axis.x(value), label) for kind, value, label in _lines(found, limits)])
    interval = found.interval
    # Sentences tell shares as so many of 100: the axis speaks the same language.
    hundred = 100 if axis.unit == "share" else 1
    return Plot(
        x=axis.x(interval.value),
        left=axis.x(interval.low),
        right=axis.x(interval.high),
        ticks=tuple((axis.x(tick), figure(tick * hundred, "tick")) for tick in axis.ticks),
        marks=marks,
        allowed=_allowed(axis, limits),
        y=ROW * len(marks) + 15,
        unit="of 100" if hundred == 100 else axis.unit,
        alt="; ".join(
            [f"{interval_words(found)} {found.unit}", *(f"{mark.kind} value {mark.label}" for mark in marks)]
        ),
    )


def _lines(found: Estimate, limits: Sequence[Limit]) -> Iterable[tuple[str, float, str]]:
    for limit in limits:
        if limit.low is not None:
            yield "limit", limit.low, f"at least {amount(limit.low, found.unit)}"
        if limit.high is not None:
            yield "limit", limit.high, f"at most {amount(limit.high, found.unit)}"
    if found.null is not None:
        yield "null", found.null, f"{REFERENCE[found.better]}: {amount(found.null, found.unit)}"


def _arranged(lines: Sequence[tuple[str, float, str]]) -> tuple[Mark, ...]:
    """Give each line a row for its words.

    A line runs from its row down to the axis. Where all words run to the right, rows from left to right keep every
    line clear of the words of the others; where they run to the left, rows from right to left do.
    """
    places = [x for _, x, _ in lines]
    if max(places, default=0.0) <= FURTHEST:
        sides = ["start"] * len(lines)
    elif min(places) >= 100 - FURTHEST:
        sides = ["end"] * len(lines)
    else:
        sides = ["start" if x < 50 else "end" for x in places]
    rows = sorted(zip(lines, sides, strict=True), key=lambda row: row[0][1] if row[1] == "start" else 200 - row[0][1])
    return tuple(
        Mark(kind, x, label, side, ROW * number - 4) for number, ((kind, x, label), side) in enumerate(rows, start=1)
    )


def _allowed(axis: Axis, limits: Sequence[Limit]) -> tuple[float, float] | None:
    if len(limits) != 1:
        return None
    low, high = limits[0].low, limits[0].high
    left = axis.x(axis.low if low is None else low)
    return left, round(axis.x(axis.high if high is None else high) - left, 2)
