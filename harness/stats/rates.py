"""Shares and means with intervals; `share` is what a probe wants."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.clusters import cluster_sums
from harness.stats.intervals import Bounds, contained, critical, finite, unseen, wilson
from harness.stats.resample import bootstrap

__all__ = ["exact", "mean", "proportion", "share"]

UNIT: Bounds = (0.0, 1.0)
METHODS = ("wilson", "clopper-pearson")
FEWEST_FOR_BOOTSTRAP = 20
"""Below this, BCa covers less than it claims; Student's t stands in."""


def proportion(hits: int, n: int, *, confidence: float = 0.95, method: str = "wilson") -> Interval:
    """``hits`` of ``n`` independent units.

    Args:
        hits: From 0 to ``n``.
        n: At least 1.
        confidence: Nominal coverage.
        method: ``wilson`` for display, close to nominal on average; ``clopper-pearson`` for guarantees,
            never below nominal.

    Raises:
        ValueError: counts or method make no sense.
    """
    if n < 1 or not 0 <= hits <= n:
        raise ValueError(f"hits lie in 0..n with n at least 1, not {hits} of {n}")
    if method not in METHODS:
        raise ValueError(f"the methods are {' and '.join(METHODS)}, not {method!r}")
    z = critical(confidence)
    if method == "wilson":
        bounds = wilson(hits / n, n, z)
    else:
        found = stats.binomtest(hits, n).proportion_ci(confidence)
        bounds = (found.low, found.high)
    return contained(hits / n, bounds, within=UNIT, confidence=confidence, n=n, method=method)


def exact(interval: Interval) -> Interval:
    """The interval that a guarantee rests on: Clopper-Pearson's, where ``interval`` is Wilson's of independent units.

    Wilson's is close to nominal on average and below it for rare hits; other methods come back unchanged.

    Source:
        Brown, Cai and DasGupta (2001), "Interval Estimation for a Binomial Proportion".
    """
    if interval.method != "wilson":
        return interval
    hits = round(interval.value * interval.n)
    return proportion(hits, interval.n, confidence=interval.confidence, method="clopper-pearson")


def share(
    values: Sequence[float] | NDArray[np.float64], clusters: Sequence[str] | None = None, *, confidence: float = 0.95
) -> Interval:
    """Mean of scores in [0, 1]: 0, 1, 0.5 for ties, or partial credit.

    Three cases, one idea: Wilson's interval at the number of yes-or-no units that would have the same error.

    - Independent 0/1 values: Wilson's interval itself.
    - Independent values with fractions: Wilson at n p(1-p) / variance, since fractions vary less than yes or no.
    - Clusters with several members: Wilson at n / design effect (CR1), Student's t with G - 1 degrees of
      freedom in place of the normal quantile. One cluster alone says nothing of others: 0 to 1.

    Args:
        values: Shape ``[n]``, each in [0, 1].
        clusters: Label of each value's cluster; None where values are independent.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts independent units: values, or clusters where those have members to share.

    Raises:
        ValueError: no values, values outside [0, 1], or another number of labels than of values.
    """
    array = finite(values)
    if array.min() < 0 or array.max() > 1:
        raise ValueError(f"a share is made of values in [0, 1], not {array.min()} to {array.max()}")
    sums, sizes = (array, np.ones_like(array)) if clusters is None else cluster_sums(array, clusters)
    if sizes.max() == 1 and np.isin(array, (0.0, 1.0)).all():
        return proportion(int(array.sum()), array.size, confidence=confidence)
    units, value = sizes.size, float(array.mean())
    method = "wilson, clustered" if sizes.max() > 1 else "wilson, fractions"
    if units == 1 and array.size > 1:
        return contained(value, UNIT, within=UNIT, confidence=confidence, n=1, method=method)
    z = critical(confidence, df=units - 1 if sizes.max() > 1 else np.inf)
    reach = wilson(value, _effective_size(sums, sizes), z)
    return contained(value, reach, within=UNIT, confidence=confidence, n=units, method=method)


def _effective_size(sums: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """Return how many independent yes-or-no units would give a mean with the same error.

    That is n over the design effect: the variance of the mean (CR1) over that of n independent yes-or-no
    values. Hits fewer than one cluster has members cannot show whether members agree, so the effect is never
    taken to be less than one more cluster at the far end of [0, 1] would make it (nor is that taken to be
    more than members that always agree would make it). Without this least effect 1 hit would have a lower
    upper bound than 0, and a nominal 95 % covered 82 to 92 % of simulated rates of 0.05 in clusters of ten that
    resemble each other (intraclass correlation 0.5); with it, 95 to 98 %.
    """
    total, units = sizes.sum(), sizes.size
    value = sums.sum() / total
    rarer = min(value, 1 - value)
    agreeing = np.square(sizes).sum() / total
    if units == 1 or rarer <= 0:
        return float(total / agreeing)
    least = agreeing * min(1.0, (1 - rarer) / rarer / (units + 1))
    variance = units / (units - 1) * np.square(sums - sizes * value).sum() / total**2
    return float(total / max(variance * total / (value * (1 - value)), least))


def mean(
    values: Sequence[float] | NDArray[np.float64],
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 5000,
    bounds: Bounds | None = None,
) -> Interval:
    """Mean of independent values: BCa bootstrap, or what stands in for it, named by the interval's method.

    - At least 20 values that differ: ``bca bootstrap``.
    - Fewer: ``student t``.
    - All equal: with ``bounds`` the Clopper-Pearson bound on units that were not seen to differ, without them an
      interval of zero width called ``degenerate``.

    Args:
        values: Shape ``[n]``, finite.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.
        bounds: Range of the values, where they have one; the interval stays in it.

    Raises:
        ValueError: no values, or one value without ``bounds``: it has no interval at all.
    """
    array = finite(values)
    units, value = array.size, float(array.mean())
    if units == 1 and bounds is None:
        raise ValueError("one value without bounds has no interval; give bounds, or more values")
    if np.ptp(array) == 0:
        return unseen(float(array[0]), units, within=bounds, confidence=confidence)
    if units >= FEWEST_FOR_BOOTSTRAP:
        return bootstrap(
            lambda drawn: float(drawn.mean()),
            array,
            confidence=confidence,
            seed=seed,
            resamples=resamples,
            bounds=bounds,
            together=lambda drawn: drawn.mean(axis=-1),
        )
    half = critical(confidence, df=units - 1) * float(array.std(ddof=1)) / sqrt(units)
    reach = (value - half, value + half)
    return contained(value, reach, within=bounds, confidence=confidence, n=units, method="student t")
