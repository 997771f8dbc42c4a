"""One number before and after, as readers see it: its picture, its texts, and whether it got better or worse."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.report.figures import amount, figure
from harness.report.interval_plot import Axis, axis_over
from harness.stats.multiplicity import holm
from harness.study.design import Design
from harness.study.goals import ALPHA, is_goal, side_effects
from harness.study.records import Compared, Effect, Results
from harness.text.sentences import DIFFERENCE, share_text

__all__ = ["PRICE", "Dumbbell", "EffectRow", "Kind", "axes_of", "direction", "row", "rows_of", "signed"]

PRICE = "panel/tokens"
"""The metric that is the price of a treatment."""


class Kind(StrEnum):
    """What a number is to the study."""

    DECIDES = "decides"
    """The first risk metric: it decides."""
    RISK = "risk"
    """Another risk metric."""
    USEFULNESS = "usefulness"
    """A utility metric, which has a margin."""
    PRICE = "price"
    """Tokens."""
    BESIDE = "beside"
    """What may not get worse: other metrics, groups, refusals, lengths; see `harness.study.goals.side_effects`."""
    OTHER = "other"
    """Told, and asked about by no check: what else a utility's probe reports, and what has no change."""


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One number before and after, ready to be drawn; places are per cent of the width."""

    before: float
    after: float
    null: float | None
    ticks: tuple[tuple[float, str], ...]
    alt: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One number of a treatment.

    Attributes:
        effect: The number.
        kind: What it is to the study.
        name: Of the metric, with its group.
        where: Cell.
        drawn: Its picture; None without two numbers.
        before: Value without the treatment, as text; a dash where there is none.
        after: Value with it.
        change: What changed, as text, or why there is no change.
        interval: Of the change; empty where there is none.
        method: Of the interval, with its n.
        key: Shape that says whether it got better or worse: ``pass`` and ``fail`` where by more than chance.
        word: The same as a word.
    """

    effect: Effect
    kind: Kind
    name: str
    where: str
    drawn: Dumbbell | None
    before: str
    after: str
    change: str
    interval: str
    method: str
    key: str
    word: str


def axes_of(results: Results) -> dict[tuple[str, str], Axis]:
    """One scale for each metric of a cell, so that all treatments can be compared by eye."""
    values: dict[tuple[str, str], list[float]] = {}
    units: dict[tuple[str, str], str] = {}
    for compared in results.compared:
        for effect in compared.effects:
            key = (effect.cell, effect.metric)
            units[key] = effect.unit
            told = (effect.before, effect.after, effect.null)
            values.setdefault(key, []).extend(value for value in told if value is not None)
    return {key: axis_over(its, units[key]) for key, its in values.items()}


def rows_of(design: Design, compared: Compared, axes: Mapping[tuple[str, str], Axis]) -> tuple[EffectRow, ...]:
    """A row for each number, in order.

    One of several is no discovery: what is beside the goals is better or worse where that holds after Holm's adjustment
    for all that is beside them, and a risk is better where it holds for all risks. A goal is called worse without.

    Args:
        design: What was settled beforehand.
        compared: One treatment at one dose.
        axes: Of `axes_of`.
    """
    looked = {id(effect): p for effect, p in side_effects(compared, design)}
    kinds = [_kind(effect, design, looked) for effect in compared.effects]
    better: dict[int, float | None] = {id(effect): effect.p_gain for effect in compared.effects}
    worse: dict[int, float | None] = {id(effect): effect.p_loss for effect in compared.effects}
    for its in ({Kind.DECIDES, Kind.RISK}, {Kind.BESIDE}, {Kind.OTHER}):
        family = [effect for effect, kind in zip(compared.effects, kinds, strict=True) if kind in its]
        better |= _adjusted([(effect, effect.p_gain) for effect in family])
        if Kind.OTHER in its:
            worse |= _adjusted([(effect, effect.p_loss) for effect in family])
    worse |= looked
    return tuple(
        row(effect, axes, kind, direction(effect, better[id(effect)], worse[id(effect)]))
        for effect, kind in zip(compared.effects, kinds, strict=True)
    )


def row(effect: Effect, axes: Mapping[tuple[str, str], Axis], kind: Kind, told: tuple[str, str]) -> EffectRow:
    """Write one number down, with the shape and the word that tell what became of it."""
    group = ", ".join(effect.slice.values())
    change = effect.change
    return EffectRow(
        effect=effect,
        kind=kind,
        name=f"{effect.title}: {group}" if group else effect.title,
        where=effect.cell,
        drawn=_dumbbell(effect, axes[effect.cell, effect.metric]),
        before="\N{EN DASH}" if effect.before is None else held(effect.before, effect.unit),
        after="\N{EN DASH}" if effect.after is None else held(effect.after, effect.unit),
        change=f"no change: {effect.missing}" if change is None else signed(change.value, effect.unit),
        interval="" if change is None else f"{signed(change.low, effect.unit)} to {signed(change.high, effect.unit)}",
        method="" if change is None else f"{change.method}; n = {change.n:,}",
        key=told[0],
        word=told[1],
    )


def held(value: float, unit: str) -> str:
    """Say what was measured in one arm; a share that another was taken from may lie below nothing."""
    if unit == "share" and -1 <= value < 0:
        return f"-{share_text(-value)}"
    return amount(value, unit)


def signed(value: float, unit: str) -> str:
    """Say a difference with its sign; of shares in points, which are hundredths."""
    points = unit in {"share", DIFFERENCE}
    text = figure(round(100 * value, 1), "points") if points else figure(value, unit)
    return f"{'+' if value > 0 else ''}{text} {'points' if points else unit}"


# ── better or worse ───────────────────────────────────────────────────────────────────────


def direction(effect: Effect, better: float | None, worse: float | None) -> tuple[str, str]:
    """Say whether a number got better or worse, as a shape and a word.

    Args:
        effect: The number.
        better: How often chance alone would make it look as much better; None where it has no direction.
        worse: The same for worse, or for having changed at all.
    """
    if effect.change is None:
        return "none", "no number"
    if effect.change.value == 0 and not any(effect.by_seed):
        return "none", "the same"
    if worse is not None and worse < ALPHA:
        return "fail", "worse" if effect.gain is not None else "changed"
    if better is not None and better < ALPHA:
        return "pass", "better"
    return ("none", "neither") if better is None and worse is None else ("inconclusive", "may be chance")


def _kind(effect: Effect, design: Design, looked: Container[int]) -> Kind:
    if is_goal(effect, design.risk[0]):
        return Kind.DECIDES
    if any(is_goal(effect, goal) for goal in design.risk):
        return Kind.RISK
    if any(is_goal(effect, goal) for goal in design.utility):
        return Kind.USEFULNESS
    if effect.metric == PRICE:
        return Kind.PRICE
    return Kind.BESIDE if id(effect) in looked else Kind.OTHER


def _adjusted(family: Sequence[tuple[Effect, float | None]]) -> dict[int, float | None]:
    """Holm's adjustment for all of a family that have a p-value, by the identity of each effect."""
    known = [(id(effect), p) for effect, p in family if p is not None]
    adjusted = holm([p for _, p in known]) if known else ()
    return {its: float(p) for (its, _), p in zip(known, adjusted, strict=True)}


def _dumbbell(effect: Effect, axis: Axis) -> Dumbbell | None:
    if effect.before is None or effect.after is None:
        return None
    scale = 100 if axis.unit == "share" else 1
    return Dumbbell(
        before=axis.x(effect.before),
        after=axis.x(effect.after),
        null=None if effect.null is None else axis.x(effect.null),
        ticks=tuple((axis.x(tick), figure(tick * scale, "tick")) for tick in axis.ticks),
        alt=f"{effect.title}: from {held(effect.before, effect.unit)} to {held(effect.after, effect.unit)}",
    )
