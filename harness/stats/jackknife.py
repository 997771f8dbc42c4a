"""Standard errors of statistics that resampling with repeats would distort, such as distances between sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import Bounds, contained, critical

__all__ = ["jackknife"]

GROUPS = 20
"""Parts that are left out in turn."""


def jackknife(
    statistic: Callable[[Sequence[NDArray[np.int64]]], float],
    sizes: Sequence[int],
    *,
    seed: int,
    confidence: float = 0.95,
    bounds: Bounds | None = None,
    groups: int = GROUPS,
) -> Interval:
    """Delete-a-group jackknife of a statistic of several samples at once, with Student's t.

    A bootstrap repeats units, and a unit beside its own copy looks like copying; leaving units out does not. Each
    sample is parted at random into as many groups; group g of every sample is left out together.
    Source: Kott 2001, Journal of Official Statistics 17:521-526.

    Args:
        statistic: From the rows kept of each sample to a finite number.
        sizes: Units of each sample, each at least twice ``groups``.
        seed: Of the parting.
        confidence: Nominal coverage.
        bounds: Range of the statistic, where it has one.
        groups: At least 2.

    Raises:
        ValueError: a sample is too small.
    """
    if min(sizes) < 2 * groups:
        raise ValueError(f"{groups} groups need {2 * groups} units of each sample, not {min(sizes)}")
    random = np.random.default_rng(seed)
    places = [random.permutation(size) % groups for size in sizes]
    value = statistic([np.arange(size) for size in sizes])
    left = [statistic([np.flatnonzero(place != group) for place in places]) for group in range(groups)]
    error = float(np.sqrt((groups - 1) / groups * np.square(np.array(left) - np.mean(left)).sum()))
    reach = critical(confidence, df=groups - 1) * error
    name = f"jackknife of {groups} groups, student t"
    return contained(
        value, (value - reach, value + reach), within=bounds, confidence=confidence, n=sum(sizes), method=name
    )
