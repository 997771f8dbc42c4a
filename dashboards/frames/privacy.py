"""What is promised, what leaks and what privacy cost, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harness.query import (
    Audited,
    CurvePoint,
    Estimate,
    MembershipAttack,
    MembershipCurve,
    Promised,
    StudyArm,
    direction,
    printable,
)

__all__ = ["AREAS", "BOUNDS", "ROC", "SPENT", "TRADED", "areas", "bounds", "roc", "spent", "traded"]

BOUNDS = ("what", "kind", "value", "low", "high", "words")
ROC = ("accused", "false", "found", "low", "high", "n", "others")
AREAS = ("group", "title", "probe", "unit", "value", "low", "high", "n", "n_unit", "null", "method")
SPENT = ("step", "epsilon")
TRADED = (
    *("arm", "role", "epsilon", "place", "order", "metric", "unit", "better", "value", "low", "high", "change", "n"),
    *("method", "without"),
)
ROLES: Mapping[str, str] = {
    "treatment": "another treatment",
    "placebo": "placebo: as many steps, no protection",
    "private": "noise for privacy",
}
NO_NOISE, UNTREATED = "no noise", "no treatment"


def bounds(promise: Promised, audit: Audited) -> pd.DataFrame:
    """Promised and audited epsilon, a row for each that there is: from ``low`` to ``high`` is what it leaves open.

    A promise leaves open everything up to it. An audit shows its bound, ``low``, and could have shown up to ``high``.
    """
    rows: list[tuple[object, ...]] = []
    if promise.epsilon is not None:
        words = f"promised: epsilon is at most {promise.epsilon:g}"
        rows.append((words, "promise", promise.epsilon, 0.0, promise.epsilon, "the true one lies in this range"))
    if audit.bound is not None and audit.ceiling is not None:
        words = f"audited: epsilon is at least {audit.bound:.3g}; up to {audit.ceiling:.3g} could have shown"
        told = "no more than this could have shown, whatever leaks"
        rows.append((words, "audit", audit.bound, audit.bound, audit.ceiling, told))
    return pd.DataFrame(rows, columns=list(BOUNDS))


def spent(curve: Sequence[CurvePoint]) -> pd.DataFrame:
    """Epsilon that was spent after each step that tells it."""
    rows = [(its.step, its.epsilon) for its in curve if its.epsilon is not None]
    return pd.DataFrame(rows, columns=list(SPENT))


def roc(curve: MembershipCurve) -> pd.DataFrame:
    """A curve: others accused, as number and share, and share of training records found with its interval."""
    rows = [
        (its.accused, its.false, its.true.value, its.true.low, its.true.high, its.true.n, curve.others)
        for its in curve.points
    ]
    return pd.DataFrame(rows, columns=list(ROC))


def areas(attacks: Sequence[MembershipAttack]) -> pd.DataFrame:
    """Areas under the curves of attacks, without those that have no number; ``group`` is the title."""
    rows = []
    for one in attacks:
        if isinstance(one.area, Estimate):
            its = one.area.interval
            numbers = (its.value, its.low, its.high, its.n, one.area.n_unit, one.area.null)
            name = printable(one.title)
            rows.append((name, one.title, one.cell.partition("@")[0], one.area.unit, *numbers, its.method))
    return pd.DataFrame(rows, columns=list(AREAS))


def traded(numbers: Sequence[StudyArm]) -> pd.DataFrame:
    """One number of every arm of a study by epsilon, none and the largest first; shares are of 100.

    ``low`` and ``high`` are the number without any treatment, ``without``, plus the interval of the paired change.
    """
    rows = [_traded(arm) for arm in numbers]
    first = next((arm.effect for arm in numbers if arm.effect.before is not None), None)
    if first is not None and first.before is not None:
        before = first.before * (100.0 if first.unit == "share" else 1.0)
        unit = "of 100" if first.unit == "share" else first.unit
        told = (UNTREATED, UNTREATED, None, NO_NOISE, float("-inf"), first.title, unit, direction(first))
        rows.insert(0, (*told, before, None, None, None, None, "", before))
    return pd.DataFrame(rows, columns=list(TRADED)).sort_values("order", kind="stable", ignore_index=True)


def _traded(arm: StudyArm) -> tuple[object, ...]:
    its = arm.effect
    scale = 100.0 if its.unit == "share" else 1.0
    before, after = (None if one is None else one * scale for one in (its.before, its.after))
    order = float("-inf") if arm.epsilon is None else -arm.epsilon
    place = NO_NOISE if arm.epsilon is None else f"{arm.epsilon:g}"
    role = ROLES["private" if arm.epsilon is not None else arm.role]
    told = (arm.name, role, arm.epsilon, place, order, its.title, "of 100" if scale > 1 else its.unit, direction(its))
    change = its.change
    if change is None or before is None:
        return (*told, after, None, None, None, None, its.missing, before)
    ends = (before + change.low * scale, before + change.high * scale, change.value * scale)
    return (*told, after, *ends, change.n, change.method, before)
