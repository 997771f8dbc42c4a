"""Bootstrap over independent units, and permutation p-values."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.clusters import cluster_sums
from harness.stats.intervals import Bounds, contained, finite, unseen

__all__ = ["bootstrap", "cluster_bootstrap_mean", "permutation_p"]

FEWEST_CLUSTERS = 20
"""Below this, resampled clusters repeat so often that the interval is too narrow."""


BATCH = 1 << 20
"""Numbers drawn at a time where many resamples are computed together: 8 MB."""

Statistic = Callable[[NDArray[np.float64]], float]
Statistics = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def bootstrap(
    statistic: Statistic,
    values: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 5000,
    bounds: Bounds | None = None,
    method_name: str | None = None,
    together: Statistics | None = None,
) -> Interval:
    """Bias-corrected and accelerated (BCa) bootstrap of ``statistic`` over independent units.

    With fewer than 20 units no bootstrap keeps its promise. Gaps and spreads (largest less smallest of
    several groups) come out too large, because noise widens them: BCa corrects part of it, the upper end is safe
    for a limit, but a lower end above 0 does not show that there is a gap; `permutation_p` does.

    Where no resample differs, `harness.stats.intervals.unseen` bounds the value and the method says so;
    where BCa's correction cannot be computed, the percentile interval stands in, named as such.

    Args:
        statistic: From an array of units, shape ``[n, ...]``, to a finite number.
        values: The units along axis 0, shape ``[n, ...]``, at least 2.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.
        bounds: Range of the statistic, where it has one.
        method_name: What the interval calls its method, instead of ``bca bootstrap``.
        together: The same statistic of many resamples at once, shape ``[..., n, ...]`` to ``[...]``, where it can be
            had: tens of times faster, and the same to the last digits.

    Raises:
        ValueError: fewer than 2 units, or the statistic is not finite on some resample.
    """
    units = len(values)
    if units < 2:
        raise ValueError(f"resampling needs at least 2 units, not {units}")
    value = float(statistic(values))
    # scipy resamples along an axis of numbers; resampling the row numbers lets a unit have any shape.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a degenerate distribution is answered below, by name
        result = stats.bootstrap(
            (np.arange(units),),
            (lambda rows: float(statistic(values[rows]))) if together is None else _along(together, values),
            vectorized=together is not None,
            batch=None if together is None else max(1, BATCH // values.size),
            n_resamples=resamples,
            confidence_level=confidence,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    drawn = np.append(result.bootstrap_distribution, value)
    if not np.isfinite(drawn).all():
        raise ValueError(f"the statistic is not finite on {np.sum(~np.isfinite(drawn))} of {resamples} resamples")
    if np.ptp(drawn) == 0:
        return unseen(value, units, within=bounds, confidence=confidence, unit="resamples")
    reach, method = tuple(result.confidence_interval), method_name or "bca bootstrap"
    if not np.isfinite(reach).all():
        reach = tuple(np.quantile(drawn[:-1], [(1 - confidence) / 2, (1 + confidence) / 2]))
        method = f"{method}, percentile"
    return contained(value, reach, within=bounds, confidence=confidence, n=units, method=method)


def _along(together: Statistics, values: NDArray[np.float64]) -> Callable[..., NDArray[np.float64]]:
    """Give ``together`` the form that scipy calls: row numbers with the units last."""

    def of_rows(rows: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        return together(values[np.moveaxis(rows, axis, -1)])

    return of_rows


def cluster_bootstrap_mean(
    values: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str],
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 5000,
    bounds: Bounds | None = None,
) -> Interval:
    """Mean of ``values`` with whole clusters resampled; the interval's ``n`` is the number of clusters.

    Raises:
        ValueError: fewer than 20 clusters; use `harness.stats.clusters.clustered_mean`.
    """
    sums, sizes = cluster_sums(values, clusters)
    if len(sums) < FEWEST_CLUSTERS:
        raise ValueError(f"a cluster bootstrap needs {FEWEST_CLUSTERS} clusters, not {len(sums)}; use clustered_mean")
    return bootstrap(
        lambda rows: float(rows[:, 0].sum() / rows[:, 1].sum()),
        np.column_stack([sums, sizes]),
        confidence=confidence,
        seed=seed,
        resamples=resamples,
        bounds=bounds,
        method_name="bca bootstrap, clustered",
        together=lambda rows: rows[..., 0].sum(axis=-1) / rows[..., 1].sum(axis=-1),
    )


def permutation_p(observed: float, null: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the one-sided p-value (1 + draws at least as large as ``observed``) / (1 + draws); never 0.

    Args:
        observed: Statistic of the data, larger for stronger effects.
        null: The same statistic of data in which no effect is possible.

    Raises:
        ValueError: no draws, or a number that is not finite, which would pass for significant.
    """
    draws, value = finite(null), finite([observed])[0]
    return float((1 + np.count_nonzero(draws >= value)) / (1 + draws.size))
