"""A mean with what explains part of it taken out: the intercept of a least-squares line, with clustered errors."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.clusters import cluster_sums
from harness.stats.intervals import ROUNDING, contained, critical, finite, unseen

__all__ = ["clustered_intercept"]


def clustered_intercept(
    values: Sequence[float] | NDArray[np.float64],
    covariates: Sequence[Sequence[float]] | NDArray[np.float64],
    clusters: Sequence[str],
    *,
    confidence: float = 0.95,
) -> Interval:
    """Return what ``values`` are on average where every covariate is 0, by ordinary least squares.

    The sandwich estimate of the variance sums the scores of each cluster before it squares them, times
    G / (G - 1) * (n - 1) / (n - k) (CR1); Student's t with G - 1 degrees of freedom.
    Source: Cameron and Miller 2015, Journal of Human Resources 50:317-372, sections II and VI.

    Args:
        values: Shape ``[n]``, finite.
        covariates: Shape ``[n, covariates]``. One that is 0 throughout explains nothing and is left out.
        clusters: Label of each value's cluster.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` is G, the number of clusters.

    Raises:
        ValueError: shapes that do not fit, no more clusters than coefficients, or covariates of which one follows from
            the others or is the same throughout, so that they cannot be told from the mean.
    """
    response, matrix = finite(values), np.asarray(covariates, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) != response.size or not np.isfinite(matrix).all():
        raise ValueError(f"covariates have shape [{response.size}, covariates] and are finite, not {matrix.shape}")
    kept = matrix[:, np.abs(matrix).max(axis=0) > 0]
    design = np.column_stack([np.ones_like(response), kept])
    n, coefficients = design.shape
    groups = len(set(clusters))
    if groups <= coefficients:
        raise ValueError(f"{coefficients} coefficients need more than {coefficients} clusters, not {groups}")
    if np.linalg.matrix_rank(design) < coefficients:
        raise ValueError("the covariates cannot be told from each other or from the mean")
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ response
    # Row 0 of the inverse turns each value's residual into what it adds to the intercept's error.
    added, _ = cluster_sums((response - design @ fitted) * (design @ inverse[0]), clusters)
    error = sqrt(groups / (groups - 1) * (n - 1) / (n - coefficients) * float(np.square(added).sum()))
    value = float(fitted[0])
    if error <= ROUNDING:
        return unseen(value, groups, within=None, confidence=confidence)
    half = critical(confidence, df=groups - 1) * error
    name = "student t, clustered, intercept"
    return contained(value, (value - half, value + half), confidence=confidence, n=groups, method=name)
