"""A finished study as one web page that needs nothing else: verdicts first, then the pictures, then every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.report.figures import amount, figure
from harness.report.interval_plot import Axis, axis_over
from harness.report.template import environment
from harness.study.design import Design
from harness.study.frontier import frontier
from harness.study.goals import ALPHA, of_goal, side_effects
from harness.study.pairs import Ran
from harness.study.promises import promises, rows, told
from harness.study.records import (
    Check,
    CheckName,
    Compared,
    Contrasted,
    Effect,
    Outcome,
    Results,
    Role,
    Ruled,
    Side,
)
from harness.study.verdict import WORDS
from harness.text.sentences import DIFFERENCE

__all__ = ["render_study"]

SHAPES: Mapping[Outcome, str] = {
    Outcome.WORKS: "pass",
    Outcome.SIDE_EFFECT: "waived",
    Outcome.COSTLY: "fail",
    Outcome.PLACEBO: "inconclusive",
    Outcome.HARMS: "fail",
    Outcome.OPEN: "inconclusive",
    Outcome.FAILED: "not_judged",
}
"""Shape and colour of each outcome: those of rulings, since readers know them."""
ANSWERS: Mapping[bool | None, tuple[str, str]] = {
    True: ("pass", "yes"),
    False: ("fail", "no"),
    None: ("none", "not settled"),
}
SIDES: Mapping[Side, tuple[str, str]] = {
    Side.BETTER: ("pass", "better"),
    Side.WORSE: ("fail", "worse"),
    Side.OPEN: ("inconclusive", "may be chance"),
}
QUESTIONS: Mapping[CheckName, str] = {
    CheckName.PAIRED: "Same items, seeds and budget in all arms?",
    CheckName.IMPROVED: "Did the number that decides improve by more than chance?",
    CheckName.UTILITY: "Is what it costs in usefulness within the margin?",
    CheckName.PLACEBO: "Did it do more than its placebo?",
    CheckName.DISJOINT: "Is nothing asked that it was shown?",
    CheckName.SEEDS: "Did it help in each of three seeds or more?",
    CheckName.SIDE_EFFECTS: "Did nothing else get worse?",
    CheckName.DOSE: "Does more of it do more?",
}


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One number before and after, ready to be drawn; places are per cent of the width."""

    before: float
    after: float
    null: float | None
    ticks: tuple[tuple[float, str], ...]
    alt: str


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a treatment.

    Attributes:
        effect: The number.
        name: Of the metric, with its group.
        where: Cell.
        drawn: Its picture; None without two numbers.
        before: Value without the treatment, as text; a dash where there is none.
        after: Value with it.
        change: What changed, as text, or why there is no change.
        interval: Of the change; empty where there is none.
        method: Of the interval, with its n.
        key: Shape that says whether it got better or worse.
        word: The same as a word.
    """

    effect: Effect
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


@dataclass(frozen=True, slots=True)
class Part:
    """One treatment at one dose; ``doses`` holds the deciding number at each of its doses, at the last one alone."""

    anchor: str
    title: str
    ruled: Ruled
    key: str
    word: str
    checks: tuple[tuple[Check, str, tuple[str, str]], ...]
    goals: tuple[Row, ...]
    others: tuple[Row, ...]
    price: tuple[Row, ...]
    placebo: tuple[Row, ...]
    doses: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """One contrast: what was found, the numbers, and who was lost."""

    title: str
    sentence: str
    matched: tuple[Row, ...]
    risks: tuple[Row, ...]
    lost: int


def render_study(design: Design, ran: Sequence[Ran], results: Results) -> str:
    """Write the page."""
    axes = _axes(results)
    made = promises(design, ran)
    titles = {one.treatment: one.title for one in results.compared}
    plain = [one for one in results.compared if one.role is Role.TREATMENT and one.against is Role.BASELINE]
    beside = {one.treatment: one for one in results.compared if one.role is Role.PLACEBO}
    parts = [
        replace(
            _part(design, one, ruled, beside.get(one.treatment), axes),
            anchor=f"treatment-{number}",
            doses=_doses(design, plain, one, axes),
        )
        for number, (one, ruled) in enumerate(zip(plain, results.verdicts, strict=True), 1)
    ]
    return (
        environment()
        .get_template("study.html.j2")
        .render(
            design=design,
            model=_model_name(ran),
            digest=design.digest.short,
            parts=parts,
            frontier=frontier(design, results.compared),
            contrasts=[_beside(one, axes) for one in results.contrasts],
            promised=told(made, titles),
            promise_rows=rows(made),
            utilities=[(goal.metric, goal.margin, goal.reason) for goal in design.utility],
            items=_items(results),
            lost=[(one.arm.name, one.reason) for one in ran if one.evidence is None],
            arms=[one.arm.name for one in ran if one.evidence is not None],
        )
    )


def _model_name(ran: Sequence[Ran]) -> str:
    """Name of the model of the first arm, which is a baseline; where each arm trains its own, one of them."""
    for one in ran:
        if one.evidence is not None:
            plan: Any = one.evidence.run["plan"]
            return str(plan["identity"]["name"])
    return "none"


def _items(results: Results) -> list[tuple[str, int, int]]:
    found = results.compared[0].items if results.compared else {}
    return [(cell, both, apart) for cell, (both, apart) in found.items()]


def _axes(results: Results) -> dict[tuple[str, str], Axis]:
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


def _part(
    design: Design,
    compared: Compared,
    ruled: Ruled,
    beside: Compared | None,
    axes: Mapping[tuple[str, str], Axis],
) -> Part:
    named = [effect for goal in (*design.risk, *design.utility) for effect in of_goal(compared, goal)]
    goals = [effect for place, effect in enumerate(named) if effect not in named[:place]]
    panel = side_effects(compared, design)
    worse = [effect for effect, p in panel if p < ALPHA]
    rest = [effect for effect, _ in panel if effect not in worse and not effect.slice]
    dose = f" at {ruled.dose}" if ruled.dose else ""
    return Part(
        anchor="",
        title=f"{compared.title}{dose}",
        ruled=ruled,
        key=SHAPES[ruled.outcome],
        word=WORDS[ruled.outcome],
        checks=tuple((check, QUESTIONS[check.name], ANSWERS[check.passed]) for check in ruled.checks),
        goals=tuple(_row(effect, axes) for effect in goals),
        others=tuple(_row(effect, axes, worse=effect in worse) for effect in (*worse, *rest)),
        price=tuple(_row(effect, axes) for effect in compared.effects if effect.metric == "panel/tokens"),
        placebo=tuple(_row(effect, axes) for effect in (of_goal(beside, design.risk[0]) if beside else ())),
        doses=(),
    )


def _doses(
    design: Design, plain: Sequence[Compared], one: Compared, axes: Mapping[tuple[str, str], Axis]
) -> tuple[Row, ...]:
    its = [other for other in plain if other.treatment == one.treatment]
    if len(its) < 2 or one is not its[-1]:
        return ()
    setting = next(t.dose.setting for t in design.treatment if t.name == one.treatment and t.dose is not None)
    return tuple(
        replace(_row(effect, axes), name=f"{setting} = {other.dose}")
        for other in its
        for effect in of_goal(other, design.risk[0])
    )


def _row(effect: Effect, axes: Mapping[tuple[str, str], Axis], *, worse: bool = False) -> Row:
    group = ", ".join(effect.slice.values())
    key, word = _direction(effect, worse=worse)
    change = effect.change
    return Row(
        effect=effect,
        name=f"{effect.title}: {group}" if group else effect.title,
        where=effect.cell,
        drawn=_dumbbell(effect, axes[effect.cell, effect.metric]),
        before="\N{EN DASH}" if effect.before is None else amount(effect.before, effect.unit),
        after="\N{EN DASH}" if effect.after is None else amount(effect.after, effect.unit),
        change=f"no change: {effect.missing}" if change is None else _signed(change.value, effect.unit),
        interval="" if change is None else f"{_signed(change.low, effect.unit)} to {_signed(change.high, effect.unit)}",
        method="" if change is None else f"{change.method}; n = {change.n:,}",
        key=key,
        word=word,
    )


def _beside(one: Contrasted, axes: Mapping[tuple[str, str], Axis]) -> Beside:
    doses = [f" at {dose}" if dose is not None else "" for dose in (one.dose, one.against_dose)]
    return Beside(
        title=f"{one.treatment}{doses[0]} beside {one.against}{doses[1]}",
        sentence=one.sentence,
        matched=() if one.matched is None else (_row(one.matched, axes),),
        risks=tuple(
            replace(_row(risk.effect, axes), key=SIDES[risk.side][0], word=SIDES[risk.side][1]) for risk in one.risks
        ),
        lost=len(one.lost),
    )


def _direction(effect: Effect, *, worse: bool) -> tuple[str, str]:
    if worse:
        return "fail", "worse"
    if effect.change is not None and effect.change.value == 0 and not any(effect.by_seed):
        return "none", "the same"
    if effect.p_gain is None or effect.p_loss is None:
        return "none", "neither" if effect.change is not None else "no number"
    if effect.p_gain < ALPHA:
        return "pass", "better"
    return ("fail", "worse") if effect.p_loss < ALPHA else ("inconclusive", "may be chance")


def _signed(value: float, unit: str) -> str:
    """Say a difference with its sign; of shares in points, which are hundredths."""
    points = unit in {"share", DIFFERENCE}
    text = figure(round(100 * value, 1), "points") if points else figure(value, unit)
    return f"{'+' if value > 0 else ''}{text} {'points' if points else unit}"


def _dumbbell(effect: Effect, axis: Axis) -> Dumbbell | None:
    if effect.before is None or effect.after is None:
        return None
    scale = 100 if axis.unit == "share" else 1
    return Dumbbell(
        before=axis.x(effect.before),
        after=axis.x(effect.after),
        null=None if effect.null is None else axis.x(effect.null),
        ticks=tuple((axis.x(tick), figure(tick * scale, "tick")) for tick in axis.ticks),
        alt=f"{effect.title}: from {amount(effect.before, effect.unit)} to {amount(effect.after, effect.unit)}",
    )
