"""Eight checks → one word and one sentence for people who have never seen a p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report.figures import plural
from harness.study.checks import inferior
from harness.study.design import Design
from harness.study.goals import ALPHA, of_goal, side_effects
from harness.study.phrases import moved, named, size
from harness.study.records import Check, CheckName, Compared, Effect, Outcome, Ruled

__all__ = ["WORDS", "failed", "rule"]


WORDS: Mapping[Outcome, str] = {
    Outcome.WORKS: "works",
    Outcome.SIDE_EFFECT: "works, with a side effect",
    Outcome.COSTLY: "works, and costs too much",
    Outcome.PLACEBO: "no better than its placebo",
    Outcome.HARMS: "makes it worse",
    Outcome.OPEN: "not enough evidence",
    Outcome.FAILED: "FAILED",
}
"""How sentences end."""


def failed(treatment: str, dose: str, title: str, reasons: Sequence[str]) -> Ruled:
    """Rule on a treatment of which no pair is left."""
    told = "; ".join(dict.fromkeys(reasons))
    return Ruled(treatment, dose, Outcome.FAILED, (), f"{title} could not be compared: {told.rstrip('.')}: FAILED.")


def rule(design: Design, compared: Compared, checks: tuple[Check, ...]) -> Ruled:
    """Make the verdict of the eight ``checks``, and say what was found."""
    by_name = {check.name: check.passed for check in checks}
    risks = [effect for goal in design.risk for effect in of_goal(compared, goal)]
    outcome = _outcome(by_name, risks[0] if risks else None)
    clauses = [_risk_clause(risks[0]) if risks else "was not measured by its first risk metric"]
    clauses += _placebo_clause(by_name)
    clauses += [_utility_clause(design, compared, by_name)]
    clauses += _side_clauses([effect for effect, p in side_effects(compared, design) if p < ALPHA])
    if len(compared.seeds) < 3:
        clauses.append(f"was tried with {len(compared.seeds)} of the three seeds that evidence needs")
    dose = "" if compared.dose is None else str(compared.dose)
    title = f"{compared.title} at {dose}" if dose else compared.title
    lost = f" Pairs that are left out, since a run failed: {len(compared.lost)}." if compared.lost else ""
    told = ", and ".join(filter(None, (", ".join(clauses[:-1]), clauses[-1])))
    text = f"{title} {told}: {WORDS[outcome]}.{lost}"
    return Ruled(compared.treatment, dose, outcome, checks, text)


def _outcome(passed: Mapping[CheckName, bool | None], first: Effect | None) -> Outcome:
    if not passed[CheckName.IMPROVED]:
        worse = first is not None and first.p_loss is not None and first.p_loss < ALPHA
        return Outcome.HARMS if worse else Outcome.OPEN
    if passed[CheckName.PLACEBO] is False:
        return Outcome.PLACEBO
    if passed[CheckName.UTILITY] is False:
        return Outcome.COSTLY
    if passed[CheckName.UTILITY] is None or not passed[CheckName.SEEDS]:
        return Outcome.OPEN
    return Outcome.WORKS if passed[CheckName.SIDE_EFFECTS] is not False else Outcome.SIDE_EFFECT


def _risk_clause(effect: Effect) -> str:
    if effect.gain is None or effect.change is None or effect.p_gain is None or effect.p_loss is None:
        return f"has no number for {named(effect)}: {effect.missing or 'it has no direction'}"
    if min(effect.p_gain, effect.p_loss) < ALPHA:
        return moved(effect)
    return f"changed {named(effect)} by {size(effect.change, effect.unit, signed=True)}, which may be chance"


def _placebo_clause(passed: Mapping[CheckName, bool | None]) -> list[str]:
    if not passed[CheckName.IMPROVED] or passed[CheckName.PLACEBO] is None:
        return []
    return ["did more than its placebo"] if passed[CheckName.PLACEBO] else ["did not do more than its placebo"]


def _side_clauses(worse: Sequence[Effect]) -> list[str]:
    """Tell the first of what got worse, overall numbers before those of groups, and count the others."""
    if not worse:
        return []
    first = min(worse, key=lambda effect: bool(effect.slice))
    others = len(worse) - 1
    further = f" and made {plural(others, 'other number')} worse" if others else ""
    return [f"{moved(first)}{further}"]


def _utility_clause(design: Design, compared: Compared, passed: Mapping[CheckName, bool | None]) -> str:
    settled = passed[CheckName.UTILITY]
    found = [(effect, inferior(effect, goal)) for goal in design.utility for effect in of_goal(compared, goal)]
    if settled:
        return f"cost no more {_names([effect for effect, _ in found])} than is allowed"
    if settled is None:
        return f"left open what it costs in {_names([effect for effect, lost in found if lost is None])}"
    lost = [effect for effect, inferior_ in found if inferior_ and effect.gain is not None]
    return moved(min(lost, key=lambda one: one.gain.value if one.gain else 0))


def _names(effects: Sequence[Effect]) -> str:
    return ", ".join(dict.fromkeys(named(effect) for effect in effects)) or "what utility it was to be held to"
