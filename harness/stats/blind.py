"""Can two sets of records be told apart without asking any model?

Where they can, a model that seems to know its training data may only know what kind of records they were: of
benchmarks that were put together after the fact, attacks without a model beat every attack on the model
(Das et al. 2024, arXiv 2406.16201). So a membership result needs this area under the ROC curve to be one half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import contained, critical

__all__ = ["blind_auc"]

FOLDS = 10
LEAST = 5
"""Records of either side that a fold has; of fewer, fewer folds are made."""

SHUFFLES = 200
"""Of the labels, to see how far the area strays where there is nothing to tell."""

PER_PARAMETER = 10
"""Records for each effective parameter of the classifier, at least."""


def blind_auc(features: NDArray[np.float64], labels: Sequence[int], *, seed: int, confidence: float = 0.99) -> Interval:
    """Cross-validated area under the ROC curve of a linear classifier that sees nothing but the records.

    The classifier is ridge regression of the label on standardised features, in closed form; it ranks like Fisher's
    discriminant with a shrunken covariance. Its penalty is set by counts alone: with n records and d features it
    is 10 d, which leaves fewer than n / 10 effective parameters. Areas are taken within each part that was left out,
    and averaged: scores of two classifiers are not comparable.

    Cross-validated scores depend on each other, so DeLong's error would be too small, by up to 30 %. The error is that
    of the same area under labels shuffled within each part, and not less than the exact one of independent scores.
    It is the error where nothing is to be told, which is the question; elsewhere it is too large.

    Args:
        features: Shape ``[n, d]``, finite, rows in an order that has nothing to do with the labels.
        labels: 1 or 0, at least ten of each.
        seed: Of the shuffles.
        confidence: Nominal coverage. A false alarm makes a whole result invalid: hence not 0.95.

    Returns:
        The interval; its ``n`` counts records.

    Raises:
        ValueError: fewer than ten of either label, or shapes that differ.
    """
    flags = np.asarray(labels) == 1
    few = int(min(flags.sum(), (~flags).sum()))
    if features.ndim != 2 or len(features) != flags.size or not np.isfinite(features).all():
        raise ValueError(f"each of {flags.size} labels needs a row of finite features, not shape {features.shape}")
    if few < 2 * LEAST:
        raise ValueError(f"need {2 * LEAST} records of either side, not {few}")
    parts = _parts(flags, min(FOLDS, few // LEAST))
    tossed = _shuffled(flags, parts, np.random.default_rng(seed))
    areas = np.mean([_areas(features, tossed, parts == part) for part in range(parts.max() + 1)], axis=0)
    ones, zeros = int(flags.sum()), int((~flags).sum())
    error = max(float(areas[1:].std(ddof=1)), float(np.sqrt((ones + zeros + 1) / (12 * ones * zeros))))
    value, reach = float(areas[0]), critical(confidence) * error
    return contained(
        value,
        (value - reach, value + reach),
        within=(0.0, 1.0),
        confidence=confidence,
        n=flags.size,
        method="ridge, cross-validated; error under shuffled labels",
    )


def _parts(flags: NDArray[np.bool_], folds: int) -> NDArray[np.int64]:
    """Which part each row is left out with: either label is dealt out in turn."""
    parts = np.empty(flags.size, np.int64)
    for side in (flags, ~flags):
        parts[side] = np.arange(side.sum()) % folds
    return parts


def _shuffled(flags: NDArray[np.bool_], parts: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.bool_]:
    """The labels, and shuffles of them that leave each part as many of either: ``[n, 1 + shuffles]``."""
    tossed = np.repeat(flags[:, None], 1 + SHUFFLES, axis=1)
    for part in range(parts.max() + 1):
        rows = np.flatnonzero(parts == part)
        tossed[rows, 1:] = random.permuted(tossed[rows, 1:], axis=0)
    return tossed


def _areas(features: NDArray[np.float64], tossed: NDArray[np.bool_], out: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Area within the part that is left ``out``, for each column of labels, by classifiers fitted to the rest."""
    seen = features[~out]
    spread = seen.std(axis=0)
    varies = spread > 1e-9 * np.maximum(np.abs(seen).max(axis=0), 1)
    if not varies.any():
        return np.full(tossed.shape[1], 0.5)
    centre, scale = seen[:, varies].mean(axis=0), spread[varies]
    known, asked = ((features[rows][:, varies] - centre) / scale for rows in (~out, out))
    signs = np.where(tossed[~out], 1.0, -1.0)
    penalty = PER_PARAMETER * known.shape[1]
    weights = np.linalg.solve(
        known.T @ known + penalty * np.eye(known.shape[1]), known.T @ (signs - signs.mean(axis=0))
    )
    # Equal records are to tie, whatever the last bits of their scores.
    ranks = stats.rankdata((asked @ weights).round(9), axis=0)
    ones = int(tossed[out, 0].sum())
    found: NDArray[np.float64] = ((ranks * tossed[out]).sum(axis=0) - ones * (ones + 1) / 2) / (
        ones * (int(out.sum()) - ones)
    )
    return found
