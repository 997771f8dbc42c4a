"""Risk beside usefulness, one dot for each arm: what a treatment buys, and what it pays with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.records import Better, Value
from harness.report.figures import amount, figure
from harness.report.interval_plot import Axis, axis_over
from harness.study.design import Design
from harness.study.goals import of_goal
from harness.study.records import Compared, Effect, Role

__all__ = ["Dot", "Frontier", "Traded", "frontier", "traded"]

HEIGHT = 300
"""Of the picture, in pixels."""
BETTER = {Better.HIGHER: "more is better", Better.LOWER: "less is better", Better.NULL: "best at its reference value"}


@dataclass(frozen=True, slots=True)
class Traded:
    """What one arm does to risk and to usefulness, against no treatment.

    Attributes:
        name: Title of the treatment, with its dose, or that it is a placebo.
        treatment: Its name.
        role: ``treatment`` or ``placebo``.
        dose: Value; None where there is none.
        risk: The first risk metric, on its first data set; ``before`` is the baseline, ``after`` the arm.
        use: The first utility metric, likewise.
    """

    name: str
    treatment: str
    role: Role
    dose: Value
    risk: Effect
    use: Effect


@dataclass(frozen=True, slots=True)
class Dot:
    """One arm.

    Attributes:
        x: Place from the left, in per cent.
        y: Place from the top, in pixels.
        number: In the picture and in the list beside it; 0 for the baseline.
        kind: ``baseline``, ``treatment`` or ``placebo``: each has a shape of its own.
        words: Name and both values.
    """

    x: float
    y: float
    number: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Frontier:
    """The picture.

    Attributes:
        dots: The baseline first.
        across: Ticks along the usefulness: place in per cent, and text.
        up: Ticks along the risk: place in pixels, and text.
        usefulness: What lies across, and which way is better.
        risk: What lies upward.
        height: In pixels, without the words below.
        alt: The picture in words.
    """

    dots: tuple[Dot, ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    usefulness: str
    risk: str
    height: int
    alt: str


def frontier(design: Design, compared: Sequence[Compared]) -> Frontier | None:
    """Draw the first risk metric beside the first utility metric; None where fewer than two arms have both."""
    found = traded(design, compared)
    if len(found) < 2:
        return None
    risk, use = found[0].risk, found[0].use
    up, across = _axis([one.risk for one in found], risk.unit), _axis([one.use for one in found], use.unit)
    base = ("no treatment", "baseline", risk.before, use.before)
    values = [base, *((one.name, one.role.value, one.risk.after, one.use.after) for one in found)]
    dots = tuple(
        Dot(
            across.x(at),
            _down(up, high),
            number,
            kind,
            f"{name}: {risk.title} {amount(high, risk.unit)}, {use.title} {amount(at, use.unit)}",
        )
        for number, (name, kind, high, at) in enumerate(values)
        if high is not None and at is not None
    )
    return Frontier(
        dots=dots,
        across=tuple((across.x(tick), _tick(tick, use.unit)) for tick in across.ticks),
        up=tuple((_down(up, tick), _tick(tick, risk.unit)) for tick in up.ticks),
        usefulness=f"{use.title} ({BETTER[use.better]})",
        risk=f"{risk.title} ({BETTER[risk.better]})",
        height=HEIGHT,
        alt="; ".join(dot.words for dot in dots),
    )


def traded(design: Design, compared: Sequence[Compared]) -> tuple[Traded, ...]:
    """Risk and usefulness of each arm that was compared with the baseline and has both."""
    return tuple(_traded(design, compared))


def _traded(design: Design, compared: Sequence[Compared]) -> Iterator[Traded]:
    for one in compared:
        if one.against is not Role.BASELINE:
            continue
        risks, uses = of_goal(one, design.risk[0]), of_goal(one, design.utility[0])
        if not risks or not uses or risks[0].after is None or uses[0].after is None:
            continue
        dose = "" if one.dose is None or one.role is Role.PLACEBO else f" at {one.dose}"
        placebo = ", placebo" if one.role is Role.PLACEBO else ""
        yield Traded(f"{one.title}{dose}{placebo}", one.treatment, one.role, one.dose, risks[0], uses[0])


def _axis(effects: Sequence[Effect], unit: str) -> Axis:
    """Show the part in which the arms lie: on the whole scale they would often lie on one another."""
    values = [value for its in effects for value in (its.before, its.after) if value is not None]
    return axis_over(values, unit, whole=False)


def _down(axis: Axis, value: float) -> float:
    return round(HEIGHT * (1 - axis.x(value) / 100), 1)


def _tick(value: float, unit: str) -> str:
    return figure(100 * value if unit == "share" else value, "tick")
