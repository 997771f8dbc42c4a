"""The eight questions that a mitigation must answer before it is believed, each with yes, no, or not asked."""

from __future__ import annotations

from harness.config.schema import Margin
from harness.report.figures import plural
from harness.stats.multiplicity import holm
from harness.study.design import Design
from harness.study.goals import ALPHA, of_goal, side_effects
from harness.study.records import Check, CheckName, Compared, Effect, Trend

__all__ = ["check_all", "inferior"]

FEWEST_SEEDS = 3


def check_all(
    design: Design, compared: Compared, *, against_placebo: Compared | str, trend: Trend | str
) -> tuple[Check, ...]:
    """Answer the eight questions.

    Args:
        design: What was settled beforehand.
        compared: The treatment against the baseline; has at least one pair.
        against_placebo: The same against the placebo; or why there is no such thing.
        trend: Over the doses; or why there is none.
    """
    return (
        _paired(compared),
        _improved(design, compared),
        _utility(design, compared),
        _placebo(design, against_placebo),
        # Planning refuses what is not: an arm that ran is disjoint.
        Check(CheckName.DISJOINT, passed=True, why="No text that it shows or learns from is asked: compared by hash."),
        _seeds(design, compared),
        _side_effects(design, compared),
        _dose(trend),
    )


def _paired(compared: Compared) -> Check:
    """What a treatment of the data takes out is no item any more: that is told, and is no fault below one half."""
    apart = {cell: (both, left) for cell, (both, left) in compared.items.items() if left}
    shared = sum(both for both, _ in compared.items.values())
    why = f"All arms share {shared:,} cases over {plural(len(compared.seeds), 'seed')}."
    if apart:
        told = ", ".join(f"{left:,} of {both + left:,} of {cell}" for cell, (both, left) in sorted(apart.items()))
        why = f"{why} Left out, since not all arms have them: {told}."
    return Check(CheckName.PAIRED, passed=all(left <= both for both, left in apart.values()), why=why)


def _improved(design: Design, compared: Compared) -> Check:
    found = [effect for goal in design.risk for effect in of_goal(compared, goal)]
    told = [effect for effect in found if effect.p_gain is not None]
    if not found or found[0].p_gain is None:
        why = found[0].missing if found else "no arm measured it"
        return Check(CheckName.IMPROVED, passed=None, why=f"The first risk metric has no change: {why}.")
    adjusted = holm([effect.p_gain for effect in told if effect.p_gain is not None])
    return Check(
        CheckName.IMPROVED,
        passed=adjusted[0] < ALPHA,
        why=f"One-sided {_p(adjusted[0])}, adjusted by Holm for {plural(len(told), 'risk metric')}.",
    )


def _utility(design: Design, compared: Compared) -> Check:
    problems, open_ = [], []
    for goal in design.utility:
        found = of_goal(compared, goal)
        if not found:
            open_.append(f"{goal.metric} was not measured")
        for effect in found:
            state = inferior(effect, goal)
            if state is None:
                open_.append(f"{effect.title}: {effect.missing or 'a loss within the margin is not shown'}")
            elif state:
                problems.append(f"{effect.title} lost more than {goal.margin:g}")
    if problems:
        return Check(CheckName.UTILITY, passed=False, why=f"{'; '.join(problems)}.")
    if open_:
        return Check(CheckName.UTILITY, passed=None, why=f"Not settled: {'; '.join(open_)}.")
    return Check(CheckName.UTILITY, passed=True, why="Every loss of utility is within its margin, one-sided 95 %.")


def inferior(effect: Effect, goal: Margin) -> bool | None:
    """Whether it lost more than the margin; None where that is open."""
    if effect.least_gain is None or effect.gain is None:
        return None
    if effect.least_gain > -goal.margin:
        return False
    return True if effect.gain.high < -goal.margin else None


def _placebo(design: Design, against: Compared | str) -> Check:
    if isinstance(against, str):
        return Check(CheckName.PLACEBO, passed=None, why=against)
    found = of_goal(against, design.risk[0])
    if not found or found[0].p_gain is None:
        return Check(CheckName.PLACEBO, passed=None, why="The placebo gave no number to compare with.")
    p = found[0].p_gain
    return Check(CheckName.PLACEBO, passed=p < ALPHA, why=f"Against its placebo: one-sided {_p(p)}.")


def _seeds(design: Design, compared: Compared) -> Check:
    found = of_goal(compared, design.risk[0])
    better = sum(gain > 0 for gain in found[0].by_seed) if found else 0
    number = len(compared.seeds)
    passed = number >= FEWEST_SEEDS and better == number
    return Check(CheckName.SEEDS, passed=passed, why=f"It improved in {better} of {number} seeds.")


def _side_effects(design: Design, compared: Compared) -> Check:
    looked = side_effects(compared, design)
    worse = [effect for effect, p in looked if p < ALPHA]
    if not looked:
        return Check(CheckName.SIDE_EFFECTS, passed=None, why="Nothing beside the goals was measured.")
    of = f"Of {len(looked)} other numbers, those of single groups included,"
    if worse:
        names = ", ".join(dict.fromkeys(_named(effect) for effect in worse))
        return Check(CheckName.SIDE_EFFECTS, passed=False, why=f"{of} these got worse: {names}.")
    return Check(CheckName.SIDE_EFFECTS, passed=True, why=f"{of} none got worse, adjusted by Holm.")


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _named(effect: Effect) -> str:
    group = ", ".join(effect.slice.values())
    return f"{effect.title} ({group})" if group else effect.title


def _dose(trend: Trend | str) -> Check:
    if isinstance(trend, str):
        return Check(CheckName.DOSE, passed=None, why=trend)
    steps = ", ".join(f"{gain:+.3g} at {dose}" for dose, gain in zip(trend.doses, trend.gains, strict=True))
    return Check(CheckName.DOSE, passed=trend.rises, why=f"Improvement by dose: {steps}.")
