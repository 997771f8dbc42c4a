"""What every interval keeps: it holds its value, stays in its range, and has zero width only by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval

__all__ = ["ROUNDING", "Bounds", "contained", "critical", "finite", "unseen", "wilson"]

Bounds = tuple[float, float]
"""Lower and upper end of a parameter's range."""
ROUNDING = 1e-9
"""How far sums of floats may stray."""


def finite(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``values`` as a vector, shape ``[n]``; raises ``ValueError`` where it is empty or not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"expected a non-empty list of finite numbers, not one of shape {array.shape}")
    return array


@cache
def critical(confidence: float, *, df: float = inf) -> float:
    """Return the two-sided quantile: of Student's t with ``df`` degrees of freedom, or normal where they are infinite.

    Raises:
        ValueError: ``confidence`` is outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies in (0, 1), not {confidence}")
    return float(stats.t.ppf((1 + confidence) / 2, df))


def wilson(p: float, n: float, z: float) -> Bounds:
    """Wilson's score bounds for a share ``p`` of ``n`` units; ``n`` may be fractional, as effective sizes are."""
    shrink = 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / shrink
    half = z / shrink * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def contained(
    value: float, bounds: Bounds, *, within: Bounds | None = None, confidence: float, n: int, method: str
) -> Interval:
    """Make an `Interval` of ``bounds``, clipped to ``within`` and widened to hold ``value``.

    Widening matters in two cases only: rounding in the last digit, and resampling bounds of very skewed data.
    A value that rounding has put outside the range is moved back to its end.

    Raises:
        ValueError: ``value`` itself is outside ``within``.
    """
    least, most = within or (-inf, inf)
    inside, low, high = (min(max(float(number), least), most) for number in (value, *bounds))
    if abs(inside - value) > ROUNDING:
        raise ValueError(f"the value {value} is outside its range {least} to {most}")
    return Interval(inside, min(low, inside), max(high, inside), confidence, n, method)


def unseen(value: float, n: int, *, within: Bounds | None, confidence: float, unit: str = "data") -> Interval:
    """Bound a mean of ``n`` units that all showed the same ``value``, where no spread is there to measure.

    Units that differ from ``value`` have a share of at most q = 1 - (alpha/2)^(1/n), the Clopper-Pearson
    bound for none seen, and each moves the mean at most to the end of its range. For a mean this is exact;
    for other statistics it is a rule that keeps an interval from claiming certainty. Without a range nothing
    can be said: the interval has zero width and its method says "degenerate".
    """
    critical(confidence)
    if within is None:
        return contained(value, (value, value), confidence=confidence, n=n, method=f"degenerate, constant {unit}")
    share = 1 - ((1 - confidence) / 2) ** (1 / n)
    bounds = (value - share * (value - within[0]), value + share * (within[1] - value))
    method = f"clopper-pearson, constant {unit}"
    return contained(value, bounds, within=within, confidence=confidence, n=n, method=method)
