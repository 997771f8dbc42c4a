"""Several tests at once: adjusted p-values, and the worst of several values with bounds honest about the choice.

Holm for gates, Benjamini-Hochberg for exploration.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval

__all__ = ["benjamini_hochberg", "each", "holm", "largest", "smallest"]


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: comparing them with alpha bounds P(any false alarm) by alpha.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    values = _checked(ps)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(raised, 1.0)
    return [float(p) for p in adjusted]


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: comparing them with q bounds the expected share of false alarms.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    values = _checked(ps)
    return [float(p) for p in stats.false_discovery_control(values, method="bh")] if values.size else []


def each(confidence: float, of: int) -> float:
    """Coverage that each of ``of`` intervals needs for all of them to hold together at ``confidence`` (Bonferroni)."""
    return 1 - (1 - confidence) / of


def largest(intervals: Sequence[Interval], *, confidence: float = 0.95) -> Interval:
    """The largest of several values.

    The largest of several estimates is too large on average, and its own interval misses more often than it says. Where
    all intervals hold together, the largest true value lies between the largest lower and the largest upper bound.

    Args:
        intervals: At least one, each at the coverage `each` gives.
        confidence: Nominal coverage of the result.

    Raises:
        ValueError: there is none, or one has less coverage than is needed.
    """
    _hold_together(intervals, confidence)
    top = max(intervals, key=lambda interval: interval.value)
    bounds = (max(interval.low for interval in intervals), max(interval.high for interval in intervals))
    return _chosen(top, bounds, confidence, "largest", len(intervals))


def smallest(intervals: Sequence[Interval], *, confidence: float = 0.95) -> Interval:
    """The smallest of several values; as `largest`."""
    _hold_together(intervals, confidence)
    bottom = min(intervals, key=lambda interval: interval.value)
    bounds = (min(interval.low for interval in intervals), min(interval.high for interval in intervals))
    return _chosen(bottom, bounds, confidence, "smallest", len(intervals))


def _hold_together(intervals: Sequence[Interval], confidence: float) -> None:
    needed = each(confidence, max(1, len(intervals)))
    if not intervals or min(interval.confidence for interval in intervals) < needed - 1e-12:
        raise ValueError(f"needs at least one interval, each with a coverage of {needed} or more")


def _chosen(its: Interval, bounds: tuple[float, float], confidence: float, which: str, of: int) -> Interval:
    method = its.method if of == 1 else f"{which} of {of}, each {its.method}"
    return Interval(its.value, *bounds, confidence, its.n, method)


def _checked(ps: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(ps, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values lie in [0, 1], not {list(ps)}")
    return values
