"""Quantiles, with intervals that assume nothing of the distribution: order statistics bound them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import critical, finite

__all__ = ["fewest", "quantile"]


def quantile(values: Sequence[float] | NDArray[np.float64], p: float, *, confidence: float = 0.95) -> Interval:
    """The ``p`` quantile of independent values: the smallest that at least a share ``p`` of them does not exceed.

    How many of n values lie below the true quantile is binomial with chance p, whatever the distribution. So the bounds
    are two of the sorted values: each side errs with at most half of what the confidence leaves.
    Source: David and Nagaraja 2003, Order Statistics, 7.1.

    Args:
        values: Shape ``[n]``, finite.
        p: In (0, 1).
        confidence: Nominal coverage; the true one is at least this.

    Raises:
        ValueError: ``p`` is outside (0, 1), or there are fewer than `fewest` values.
    """
    array, needed = np.sort(finite(values)), fewest(p, confidence=confidence)
    n = len(array)
    if n < needed:
        raise ValueError(f"bounds of the {p:g} quantile need {needed} values, not {n}")
    error = (1 - confidence) / 2
    # The low bound errs where fewer than its rank lie below the quantile, the high one where its rank or more do.
    low = int(stats.binom.ppf(error, n, p))
    low -= int(stats.binom.cdf(low - 1, n, p) > error)
    high = int(stats.binom.isf(error, n, p)) + 1
    place = min(max(ceil(p * n - 1e-9), low), high)
    numbers = (float(array[rank - 1]) for rank in (place, low, high))
    value, lower, upper = numbers
    return Interval(value, lower, upper, confidence, n, "order statistics")


def fewest(p: float, *, confidence: float = 0.95) -> int:
    """How many values bound the ``p`` quantile on both sides.

    Raises:
        ValueError: ``p`` or ``confidence`` is outside (0, 1).
    """
    critical(confidence)
    if not 0 < p < 1:
        raise ValueError(f"a quantile lies in (0, 1), not at {p}")
    return ceil(log((1 - confidence) / 2) / log(max(p, 1 - p)) - 1e-9)
