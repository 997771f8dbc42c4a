"""Two treatments beside each other, where both leave the model about as useful: which of them does more for that?

Any treatment that spoils a model lowers its risks too. What one is worth shows beside another one that costs the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.config.schema import Goal
from harness.records import Value
from harness.report.figures import plural
from harness.stats.multiplicity import holm
from harness.study.design import Contrast, Design
from harness.study.goals import ALPHA, is_goal
from harness.study.numbers import Key, Measured
from harness.study.pairs import Ran, pair
from harness.study.phrases import named, said, size
from harness.study.records import Contrasted, Effect, Role, Side, Sided

__all__ = ["contrast"]

Numbers = Mapping[str, Mapping[Key, Measured]]


def contrast(
    asked: Contrast, design: Design, ran: Sequence[Ran], measured: Numbers, titles: Mapping[str, str]
) -> Iterator[Contrasted]:
    """Look at each dose of a treatment beside the nearest dose of another one.

    The nearest dose is chosen by usefulness alone, before any risk is looked at; of two equally near ones, the weaker.

    Args:
        asked: Which treatments, and by which metric they are matched.
        design: The study, whose risks are looked at.
        ran: All arms.
        measured: Numbers of every arm that has evidence, by name.
        titles: By treatment, how sentences call it.
    """
    goal = Goal(metric=asked.matched, dataset=asked.dataset)
    called = (titles[asked.treatment], titles[asked.against])
    levels = [(_useful(its, goal, measured), its) for its in _doses(ran, asked.against)]
    others = [(level, its) for level, its in levels if level is not None]
    for its in _doses(ran, asked.treatment):
        level = _useful(its, goal, measured)
        if level is None or not others:
            why = f"no number of {asked.matched} for {called[level is not None]}"
            yield _alone(asked, its[0].arm.dose, f"{_at(called[0], its[0].arm.dose)} is beside nothing: {why}.")
            continue
        _, nearest = min(others, key=lambda other: abs(other[0] - level))
        doses = (its[0].arm.dose, nearest[0].arm.dose)
        names = (_at(called[0], doses[0]), _at(called[1], doses[1]))
        found = pair(nearest, its, measured)
        matched = next((effect for effect in found.effects if is_goal(effect, goal)), None)
        risks = _sided([effect for risk in design.risk for effect in found.effects if is_goal(effect, risk)])
        yield replace(
            _alone(asked, doses[0], _sentence(names, matched, risks)),
            against_dose=doses[1],
            seeds=found.seeds,
            lost=found.lost,
            matched=matched,
            risks=risks,
        )


def _alone(asked: Contrast, dose: Value, sentence: str) -> Contrasted:
    return Contrasted(asked.treatment, dose, asked.against, None, (), (), None, (), sentence)


def _doses(ran: Sequence[Ran], treatment: str) -> list[list[Ran]]:
    """Arms of a treatment, dose by dose, from the weakest."""
    its = [one for one in ran if one.arm.treatment == treatment and one.arm.role is Role.TREATMENT]
    return [[one for one in its if one.arm.place == place] for place in sorted({one.arm.place for one in its})]


def _useful(arms: Sequence[Ran], goal: Goal, measured: Numbers) -> float | None:
    """How useful the arms are, mean over their seeds."""
    told = [
        number.value
        for one in arms
        for (cell, metric, group), number in measured.get(one.arm.name, {}).items()
        if metric == goal.metric and not group and goal.dataset in (None, cell.partition("@")[2])
    ]
    return float(np.mean(told)) if told else None


def _sided(risks: Sequence[Effect]) -> tuple[Sided, ...]:
    """Say of each risk who does better; both directions count, so that each has half of the error."""
    known = [effect for effect in risks if effect.p_gain is not None and effect.p_loss is not None]
    better = holm([effect.p_gain or 0.0 for effect in known])
    worse = holm([effect.p_loss or 0.0 for effect in known])
    return tuple(
        Sided(effect, Side.BETTER if gain < ALPHA / 2 else Side.WORSE if loss < ALPHA / 2 else Side.OPEN)
        for effect, gain, loss in zip(known, better, worse, strict=True)
    )


# ── in words ──────────────────────────────────────────────────────────────────────────────


def _sentence(names: tuple[str, str], matched: Effect | None, risks: Sequence[Sided]) -> str:
    if matched is None or matched.before is None or matched.after is None:
        return f"{names[0]} could not be compared with {names[1]}: no pair of runs is left."
    gap = "no difference is shown"
    if matched.change is not None and matched.p_change is not None and matched.p_change < ALPHA:
        gap = f"a difference of {size(matched.change, matched.unit)}"
    levels = f"{said(matched.after, matched.unit)} and {said(matched.before, matched.unit)}"
    start = f"{names[0]} is beside {names[1]}, the nearest in {named(matched)} ({levels}, {gap})"
    if not risks:
        return f"{start}; no risk has a number in both."
    return f"{start}: {'; '.join(_clause(one) for one in risks)}. {_end(names, risks)}"


def _clause(one: Sided) -> str:
    effect = one.effect
    if effect.before is None or effect.after is None or effect.gain is None:
        return f"{named(effect)} has no number"
    levels = f"{named(effect)} {said(effect.after, effect.unit)} against {said(effect.before, effect.unit)}"
    if one.side is Side.OPEN:
        return f"{levels}, which may be chance"
    return f"{levels}, {one.side.value} by {size(effect.gain, effect.unit)}"


def _end(names: tuple[str, str], risks: Sequence[Sided]) -> str:
    counts = {side: sum(one.side is side for one in risks) for side in (Side.BETTER, Side.WORSE)}
    told = [f"{side.value} on {count} of {plural(len(risks), 'risk')}" for side, count in counts.items() if count]
    if not told:
        return f"{names[0]} is not shown to do better than {names[1]}."
    return f"{names[0]} does {' and '.join(told)}."


def _at(title: str, dose: Value) -> str:
    return title if dose is None else f"{title} at {dose}"
