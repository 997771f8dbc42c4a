"""Eight checks → one word and one sentence for people who have never seen a p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.records import Better, Interval
from harness.report.figures import plural
from harness.study.design import Design
from harness.study.goals import ALPHA, of_goal, side_effects
from harness.study.records import Check, CheckName, Compared, Effect, Outcome, Ruled
from harness.text.sentences import DIFFERENCE, number, share_text

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
        return f"has no number for {_name(effect)}: {effect.missing or 'it has no direction'}"
    if min(effect.p_gain, effect.p_loss) < ALPHA:
        return _moved(effect)
    return f"changed {_name(effect)} by {_size(effect.change, effect.unit, signed=True)}, which may be chance"


def _moved(effect: Effect) -> str:
    """Say what moved, in which direction, and by how much."""
    if effect.gain is not None and effect.better is Better.NULL and effect.null is not None:
        verb = "brought" if effect.gain.value > 0 else "moved"
        way = "closer to" if effect.gain.value > 0 else "away from"
        return f"{verb} {_name(effect)} {_size(effect.gain, effect.unit)} {way} {_value(effect.null, effect.unit)}"
    if effect.change is None:
        return f"has no change of {_name(effect)}"
    verb = "raised" if effect.change.value > 0 else "lowered"
    return f"{verb} {_name(effect)} by {_size(effect.change, effect.unit)}{_from_to(effect)}"


def _name(effect: Effect) -> str:
    group = ", ".join(effect.slice.values())
    title = f"“{effect.title}”"
    return f"{title} for {group}" if group else title


def _from_to(effect: Effect) -> str:
    if effect.before is None or effect.after is None:
        return ""
    return f", from {_value(effect.before, effect.unit)} to {_value(effect.after, effect.unit)}"


def _value(value: float, unit: str) -> str:
    return share_text(value) if unit == "share" and 0 <= value <= 1 else number(value)


def _size(interval: Interval, unit: str, *, signed: bool = False) -> str:
    """Say a difference with its interval; of shares in points, which are hundredths."""
    points = unit in {"share", DIFFERENCE}
    scale = 100.0 if points else 1.0
    value, low, high = (scale * one for one in (interval.value, interval.low, interval.high))
    if not signed and value < 0:
        value, low, high = -value, -high, -low
    name = ("point" if abs(value) == 1 else "points") if points else unit
    bounds = f"{interval.confidence * 100:g} % interval {_short(low)} to {_short(high)}"
    return f"{_short(value)} {name} ({bounds})"


def _short(value: float) -> str:
    text = f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
    return text.replace("-0", "0") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


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
    return [f"{_moved(first)}{further}"]


def _utility_clause(design: Design, compared: Compared, passed: Mapping[CheckName, bool | None]) -> str:
    settled = passed[CheckName.UTILITY]
    found = [effect for goal in design.utility for effect in of_goal(compared, goal)]
    names = ", ".join(dict.fromkeys(_name(effect) for effect in found)) or "what utility it was to be held to"
    if settled:
        return f"cost no more {names} than is allowed"
    if settled is None:
        return f"left open what it costs in {names}"
    worst = min(
        (effect for effect in found if effect.gain is not None), key=lambda one: one.gain.value if one.gain else 0
    )
    return _moved(worst)
