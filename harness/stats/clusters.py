"""Standard errors when cases share a context: the cluster, not the case, is the independent unit.

Miller 2024 (arXiv 2411.00640) shows that ignoring clusters can understate the error of a
reading benchmark more than threefold.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import ROUNDING, Bounds, contained, critical, finite, unseen

__all__ = ["cluster_sums", "clustered_mean", "standard_error"]


def cluster_sums(
    values: Sequence[float] | NDArray[np.float64], clusters: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each cluster's sum of ``values`` and its size, both of shape ``[clusters]``.

    Raises:
        ValueError: the two differ in length, or ``values`` is empty or not finite.
    """
    array = finite(values)
    if len(array) != len(clusters):
        raise ValueError(f"{len(array)} values but {len(clusters)} cluster labels")
    position: dict[str, int] = {}
    codes = np.array([position.setdefault(label, len(position)) for label in clusters], dtype=np.intp)
    return np.bincount(codes, weights=array).astype(np.float64), np.bincount(codes).astype(np.float64)


def standard_error(values: Sequence[float] | NDArray[np.float64], clusters: Sequence[str]) -> float:
    """Return the cluster-robust standard error of the mean, without small-sample correction (CR0).

    SE^2 = sum over clusters of (sum over members of (value - mean))^2, divided by n^2.
    """
    sums, sizes = cluster_sums(values, clusters)
    residuals = sums - sizes * (sums.sum() / sizes.sum())
    return float(sqrt(np.square(residuals).sum()) / sizes.sum())


def clustered_mean(
    values: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str],
    *,
    confidence: float = 0.95,
    bounds: Bounds | None = None,
) -> Interval:
    """Mean with a cluster-robust t interval: CR1 (variance times G / (G - 1)), G - 1 degrees of freedom.

    Args:
        values: Shape ``[n]``, finite.
        clusters: Label of each value's cluster.
        confidence: Nominal coverage.
        bounds: Range of the values, where they have one.

    Returns:
        The interval; its ``n`` is G, the number of clusters.

    Raises:
        ValueError: fewer than two clusters, which show no spread between clusters.
    """
    _, sizes = cluster_sums(values, clusters)
    groups = len(sizes)
    if groups < 2:
        raise ValueError("one cluster shows no spread between clusters; at least 2 are needed")
    value = float(np.mean(values))
    error = standard_error(values, clusters) * sqrt(groups / (groups - 1))
    # Clusters that cancel out inside show no spread between them, like equal values: no width can be measured.
    if error <= ROUNDING:
        return unseen(value, groups, within=bounds, confidence=confidence)
    half = critical(confidence, df=groups - 1) * error
    reach = (value - half, value + half)
    return contained(value, reach, within=bounds, confidence=confidence, n=groups, method="student t, clustered")
