"""Two models, or one model twice, on the same items."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy import optimize, stats

from harness.records import Interval
from harness.stats.clusters import clustered_mean
from harness.stats.intervals import Bounds, contained, critical, finite
from harness.stats.rates import mean
from harness.stats.resample import FEWEST_CLUSTERS, cluster_bootstrap_mean

__all__ = ["independent_difference", "mcnemar", "paired_difference", "tango"]


def mcnemar(b: int, c: int) -> float:
    """Exact two-sided McNemar p-value for ``b`` pairs that went one way and ``c`` that went the other."""
    return float(stats.binomtest(b, b + c).pvalue) if b + c else 1.0


def tango(b: int, c: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Difference of paired proportions, (b - c) / n, with Tango's score interval.

    Unlike Wald's, it keeps its coverage with few discordant pairs, and has a width where there are none.
    Source: Tango 1998, Statistics in Medicine 17:891-908.

    Args:
        b: Pairs where the first was a hit and the second was not.
        c: Pairs the other way round.
        n: All pairs, at least 1.
        confidence: Nominal coverage.

    Raises:
        ValueError: counts that do not fit together.
    """
    if n < 1 or min(b, c) < 0 or b + c > n:
        raise ValueError(f"discordant pairs are part of all pairs, not {b} and {c} of {n}")
    z, value = critical(confidence), (b - c) / n

    def beyond(difference: float) -> float:
        """Squared score statistic less its critical value, times the variance; negative inside the interval."""
        linear = (2 * n - b + c) * difference - b - c
        root = sqrt(max(linear**2 + 8 * n * c * difference * (1 - difference), 0.0))
        lesser = (root - linear) / (4 * n)  # most likely share of c-pairs, given the difference
        return float((b - c - n * difference) ** 2 - z**2 * n * (2 * lesser + difference * (1 - difference)))

    # The variance, and with it `beyond`, is 0 at the value itself when b = c = 0: step off it.
    step = 1e-12
    low = optimize.brentq(beyond, -1.0, value - step) if value - step > -1 else -1.0
    high = optimize.brentq(beyond, value + step, 1.0) if value + step < 1 else 1.0
    return contained(value, (low, high), within=(-1.0, 1.0), confidence=confidence, n=n, method="tango")


def independent_difference(
    first: Interval, second: Interval, *, bounds: Bounds = (-1.0, 1.0), method: str = "newcombe"
) -> Interval:
    """Difference of two independent numbers, first less second, from the interval of each.

    Of two shares with Wilson's intervals it is Newcombe's hybrid score interval (Newcombe 1998, Statistics in Medicine
    17:873-890, method 10); of any others, the same recovered from their bounds (Zou and Donner 2008, 27:1693-1702).

    Args:
        first: Interval of the one.
        second: Interval of the other, at the same confidence.
        bounds: Range of the difference.
        method: What the intervals make it.

    Raises:
        ValueError: the confidences differ.
    """
    if first.confidence != second.confidence:
        raise ValueError(f"confidences {first.confidence} and {second.confidence} differ")
    value = first.value - second.value
    below = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    above = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return contained(
        value,
        (value - below, value + above),
        within=bounds,
        confidence=first.confidence,
        n=first.n + second.n,
        method=method,
    )


def paired_difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    bounds: Bounds | None = None,
) -> Interval:
    """Mean of ``a - b`` over the same items, in the same order.

    Independent 0/1 scores get Tango's interval, other independent scores the BCa bootstrap of the
    differences (`harness.stats.rates.mean` with its fallbacks); clusters with several members are resampled
    whole, or, when fewer than 20, get the clustered t interval.

    Args:
        a: Scores of the first, shape ``[n]``.
        b: Scores of the second, shape ``[n]``.
        clusters: Label of each item's cluster; None where items are independent.
        confidence: Nominal coverage.
        seed: Of the resampling.
        bounds: Range of the difference; known without being told where all scores are 0 or 1.

    Raises:
        ValueError: lengths differ, or a single cluster.
    """
    first, second = finite(a), finite(b)
    if first.size != second.size:
        raise ValueError(f"a paired difference needs pairs, not {first.size} and {second.size} scores")
    binary = bool(np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all())
    within = (-1.0, 1.0) if binary else bounds
    difference = first - second
    if clusters is not None and len(set(clusters)) < difference.size:
        if len(set(clusters)) < FEWEST_CLUSTERS:
            return clustered_mean(difference, clusters, confidence=confidence, bounds=within)
        return cluster_bootstrap_mean(difference, clusters, confidence=confidence, seed=seed, bounds=within)
    if binary:
        gains, losses = int(np.sum(difference > 0)), int(np.sum(difference < 0))
        return tango(gains, losses, difference.size, confidence=confidence)
    return mean(difference, confidence=confidence, seed=seed, bounds=within)
