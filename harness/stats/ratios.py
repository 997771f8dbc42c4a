"""Ratio of two sums over independent units, such as nats over tokens: the units are resampled, not what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.clusters import cluster_sums
from harness.stats.intervals import ROUNDING, Bounds, contained, critical, finite, unseen
from harness.stats.resample import bootstrap

__all__ = ["mapped", "ratio"]

FEWEST_FOR_BOOTSTRAP = 20
"""Below this, BCa covers less than it claims; Student's t stands in."""


def ratio(
    above: Sequence[float] | NDArray[np.float64],
    below: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 5000,
    bounds: Bounds | None = None,
) -> Interval:
    """Sum of ``above`` over sum of ``below``, with units drawn whole.

    At least 20 units: BCa bootstrap. Fewer: Student's t with the linearised variance of a ratio, G / (G - 1) times the
    squares of y - R x over those of the sum of x (Cochran 1977, Sampling Techniques, 2.11). Units that all have the
    same ratio show no spread: an interval of zero width called ``degenerate``, or bounded where ``bounds`` are given.

    Args:
        above: Shape ``[n]``, finite.
        below: Shape ``[n]``, each above 0.
        clusters: Label of each value's cluster; None where values are independent.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.
        bounds: Range of the ratio, where it has one.

    Returns:
        The interval; its ``n`` counts independent units.

    Raises:
        ValueError: fewer than 2 units, lists of different lengths, or a number below that is not above 0.
    """
    labels = [str(place) for place in range(len(above))] if clusters is None else clusters
    (top, _), (bottom, _) = cluster_sums(finite(above), labels), cluster_sums(finite(below), labels)
    if min(below) <= 0:
        raise ValueError(f"a ratio's sums below the line are above 0, not {min(below)}")
    units, value = len(top), float(top.sum() / bottom.sum())
    if units < 2:
        raise ValueError("one unit shows no spread between units; at least 2 are needed")
    if np.ptp(top / bottom) <= ROUNDING * max(1.0, abs(value)):
        return unseen(value, units, within=bounds, confidence=confidence, unit="ratio")
    if units >= FEWEST_FOR_BOOTSTRAP:
        return bootstrap(
            lambda drawn: float(drawn[:, 0].sum() / drawn[:, 1].sum()),
            np.column_stack([top, bottom]),
            confidence=confidence,
            seed=seed,
            resamples=resamples,
            bounds=bounds,
            method_name="bca bootstrap of a ratio",
            together=lambda drawn: drawn[..., 0].sum(axis=-1) / drawn[..., 1].sum(axis=-1),
        )
    error = sqrt(units / (units - 1) * float(np.square(top - value * bottom).sum())) / float(bottom.sum())
    half = critical(confidence, df=units - 1) * error
    reach = (value - half, value + half)
    return contained(value, reach, within=bounds, confidence=confidence, n=units, method="student t of a ratio")


def mapped(interval: Interval, function: Callable[[float], float]) -> Interval:
    """Return the interval of ``function`` of what ``interval`` is of, for a function that only rises, or only falls.

    Raises:
        ValueError: it neither rises nor falls throughout.
    """
    low, high = sorted((function(interval.low), function(interval.high)))
    return replace(interval, value=function(interval.value), low=low, high=high)
