"""Several scores of a record made one, by weights that other records set: ridge-penalised logistic regression.

What is weighed on records and then tested on the same records finds an effect in noise; so everything that depends on
data, limits of outliers included, is set by `fit`, and records that it never saw are scored by the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Combiner", "Ruler", "fit"]

TAIL = 0.025
"""Share of the values of a feature, at either end, that count as outliers and are moved to its border."""

PER_PARAMETER = 10
"""Records for each effective parameter, at least: of n records, fewer than n / 10 are left."""

STEPS, SETTLED = 20_000, 1e-9
"""Of the descent, and the slope at which it ends."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """Within which limits, and in which units, each of d features is told.

    Attributes:
        low: Least that each feature counts as, ``[d]``.
        high: Most.
        centre: Mean of each within these limits.
        scale: Standard deviation; infinite where a feature does not vary.
    """

    low: Floats
    high: Floats
    centre: Floats
    scale: Floats

    def told(self, features: Floats) -> Floats:
        """Return features, ``[n, d]``, in standard deviations from average; a missing one, NaN, counts as average."""
        return np.nan_to_num((np.clip(features, self.low, self.high) - self.centre) / self.scale, nan=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Combiner:
    """What `fit` sets.

    Attributes:
        ruler: How features are told.
        weights: Of each feature, ``[d]``.
    """

    ruler: Ruler
    weights: Floats

    def scores(self, features: Floats) -> Floats:
        """Return one score a record, ``[n]``, larger for label 1; features are ``[n, d]``, NaN where one is missing."""
        scores: Floats = self.ruler.told(features) @ self.weights
        return scores


def fit(features: Floats, labels: Sequence[int]) -> Combiner:
    """Fit weights that tell label 1 from label 0.

    Features are clipped to their middle 95 %, centred and scaled, labels unseen. The penalty on squared weights is set
    by counts alone: 10 d / 4 for d features, beside which n records, each of a curvature of at most 1 / 4 a feature,
    leave fewer than n / 10 effective parameters.

    Args:
        features: Shape ``[n, d]``; NaN where one is missing, of each feature at least one that is not.
        labels: 1 or 0, at least one of each.

    Raises:
        ValueError: shapes that differ, a single label, a feature that is missing throughout, or none that varies.
    """
    flags = np.asarray(labels, dtype=np.float64)
    if features.ndim != 2 or len(features) != flags.size or not 0 < flags.sum() < flags.size:
        raise ValueError(f"{flags.size} labels of both kinds need a row of features each, not {features.shape}")
    if np.isnan(features).all(axis=0).any():
        raise ValueError("a feature is missing throughout")
    ruler = _ruler(features)
    penalty = PER_PARAMETER * int(np.isfinite(ruler.scale).sum()) / 4
    if not penalty:
        raise ValueError("no feature varies between records")
    return Combiner(ruler, _ridge_logistic(ruler.told(features), flags, penalty))


def _ruler(features: Floats) -> Ruler:
    low, high = np.nanquantile(features, [TAIL, 1 - TAIL], axis=0)
    clipped = np.clip(features, low, high)
    spread = np.nanstd(clipped, axis=0)
    varies = spread > 1e-9 * np.maximum(np.nanmax(np.abs(clipped), axis=0), 1)
    return Ruler(low, high, np.nanmean(clipped, axis=0), np.where(varies, spread, np.inf))


def _ridge_logistic(known: Floats, flags: Floats, penalty: float) -> Floats:
    """Weights that minimise the summed log-loss plus half the penalty times their squares; the intercept is free.

    Each step minimises a parabola that lies above the loss and touches it, since p (1 - p) is at most 1 / 4, so that
    none overshoots (Böhning and Lindsay 1988, AISM 40:641-663).
    """
    design = np.column_stack([np.ones(len(known)), known])
    ridge = np.diag([0.0, *[penalty] * known.shape[1]])
    bound = np.linalg.inv(design.T @ design / 4 + ridge)
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        expected = (1 + np.tanh(design @ weights / 2)) / 2
        slope = design.T @ (expected - flags) + ridge @ weights
        if np.abs(slope).max() <= SETTLED * len(flags):
            break
        weights = weights - bound @ slope
    return weights[1:]
