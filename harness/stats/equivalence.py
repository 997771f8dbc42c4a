"""Non-inferiority and equivalence: "not significant" never passes, and a wide interval is inconclusive.

Both rule from a two-sided 90 % interval of the difference new - baseline, whose ends are one-sided 95 % bounds:
at a true difference equal to the margin, a pass is at most 5 % likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from scipy import stats

from harness.records import Better, Interval, Ruling

__all__ = ["Comparison", "equivalent", "non_inferior"]

WIDEST_RISK = 0.90
"""Least confidence of the difference's interval: two-sided 90 % is 95 % on each side."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference held against a margin.

    Attributes:
        ruling: Pass, fail or inconclusive.
        difference: New minus baseline, with the interval that was ruled on.
        margin: Largest difference that does not matter, above 0.
        n_needed: Units that would give a pass four times in five, if the difference is as estimated;
            None where the ruling stands or no number would help.
    """

    ruling: Ruling
    difference: Interval
    margin: float
    n_needed: int | None


def non_inferior(difference: Interval, *, margin: float, better: Better) -> Comparison:
    """Rule whether the new is worse than the baseline by less than ``margin``.

    Pass when the whole interval is on the good side of the margin, fail when it is all on the bad side.

    Args:
        difference: New minus baseline, at 90 % confidence or more.
        margin: Largest loss that does not matter, above 0, in the metric's unit.
        better: HIGHER or LOWER.

    Raises:
        ValueError: a margin of 0 or less, too little confidence, or a metric without direction.
    """
    _check(difference, margin)
    if better is Better.NULL:
        raise ValueError("a metric that is best at its null value has no worse side; use equivalent")
    sign = 1 if better is Better.HIGHER else -1
    worst, best = sorted((sign * difference.low, sign * difference.high))
    if worst > -margin:
        return Comparison(Ruling.PASS, difference, margin, None)
    if best < -margin:
        return Comparison(Ruling.FAIL, difference, margin, None)
    gain = sign * difference.value
    return Comparison(
        Ruling.INCONCLUSIVE, difference, margin, _needed(difference, reach=gain - worst, room=gain + margin, miss=0.2)
    )


def equivalent(difference: Interval, *, margin: float) -> Comparison:
    """Rule whether new and baseline differ by less than ``margin`` either way (two one-sided tests).

    Args:
        difference: New minus baseline, at 90 % confidence or more.
        margin: Largest difference that does not matter, above 0.

    Raises:
        ValueError: a margin of 0 or less, or too little confidence.
    """
    _check(difference, margin)
    if -margin < difference.low and difference.high < margin:
        return Comparison(Ruling.PASS, difference, margin, None)
    if difference.low > margin or difference.high < -margin:
        return Comparison(Ruling.FAIL, difference, margin, None)
    reach = max(difference.value - difference.low, difference.high - difference.value)
    room = margin - abs(difference.value)
    # Either side can miss the pass, so each is given half of the chance to.
    needed = _needed(difference, reach=reach, room=room, miss=0.1)
    return Comparison(Ruling.INCONCLUSIVE, difference, margin, needed)


def _check(difference: Interval, margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"a margin is above 0, not {margin}: fix it before the run, with its reason")
    if difference.confidence < WIDEST_RISK:
        raise ValueError(f"rule on an interval of at least {WIDEST_RISK:.0%}, not {difference.confidence:.0%}")


def _needed(difference: Interval, *, reach: float, room: float, miss: float) -> int | None:
    """Return the units with which ``reach`` fits into ``room`` but for a chance ``miss``; None where none suffice."""
    if room <= 0:
        return None
    bound = float(stats.norm.ppf((1 + difference.confidence) / 2))
    power = 1 + float(stats.norm.isf(miss)) / bound
    return ceil(difference.n * (reach * power / room) ** 2)
