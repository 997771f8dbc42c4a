"""Whether one quantity rises with another, whatever the shape of the rise."""

from __future__ import annotations

from collections.abc import Sequence
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import contained, critical, finite

__all__ = ["FEWEST", "spearman"]

FEWEST = 5
"""Pairs below which no interval is given."""


def spearman(
    first: Sequence[float] | NDArray[np.float64],
    second: Sequence[float] | NDArray[np.float64],
    *,
    confidence: float = 0.95,
) -> Interval:
    """Spearman's rank correlation of pairs, ties at their middle rank.

    Fisher's z with the standard error sqrt((1 + r^2 / 2) / (n - 3)).
    Source: Bonett and Wright 2000, Psychometrika 65:23-28.

    Args:
        first: Shape ``[n]``, at least 5, not all the same.
        second: Shape ``[n]``, not all the same.
        confidence: Nominal coverage.

    Raises:
        ValueError: too few pairs, lengths that differ, or values that are all the same.
    """
    one, other = finite(first), finite(second)
    if one.size != other.size or one.size < FEWEST:
        raise ValueError(f"a rank correlation needs {FEWEST} pairs or more, not {one.size} and {other.size} values")
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        raise ValueError("values that are all the same have no ranks to correlate")
    value = round(min(max(float(stats.spearmanr(one, other).statistic), -1.0), 1.0), 12)  # 0.9999999999999999 is 1
    # At a perfect correlation z is infinite; one pair of ranks exchanged is as near to it as n pairs can tell.
    nearest = 1 - 12 / (one.size * (one.size**2 - 1))
    middle = atanh(min(max(value, -nearest), nearest))
    half = critical(confidence) * sqrt((1 + value**2 / 2) / (one.size - 3))
    return contained(
        value,
        (tanh(middle - half), tanh(middle + half)),
        within=(-1.0, 1.0),
        confidence=confidence,
        n=one.size,
        method="bonett-wright",
    )
