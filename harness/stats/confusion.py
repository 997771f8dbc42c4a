"""Shares of classes as a classifier sees them, corrected for the mistakes it is known to make.

Without the correction a classifier's mistakes read as the generator's bias. Source: Rogan and Gladen 1978, American
Journal of Epidemiology 107:71-76, for two classes; Lipton et al. 2018, arXiv 1802.03916, for several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import contained

__all__ = ["Corrected", "corrected_shares", "distance_to", "least_skew"]

ROUNDS = 400
"""Of expectation maximisation; shares are then settled to about four digits unless the classifier is near blind."""
LEAST_POWER = 0.2
"""Smallest singular value of the confusion matrix at which a correction still says something."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """Corrected shares, with what the intervals were made of.

    Attributes:
        shares: One interval per class; the values sum to 1.
        draws: Resampled shares ``[draws, classes]``, for statistics of all classes at once.
        seen: Shares as the classifier had them, uncorrected.
    """

    shares: tuple[Interval, ...]
    draws: NDArray[np.float64]
    seen: tuple[float, ...]


def corrected_shares(
    counts: Sequence[int],
    confusion: Sequence[Sequence[int]] | NDArray[np.int64],
    *,
    seed: int,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Corrected:
    """True shares of classes among classified images: most likely ones, with percentile bootstrap intervals.

    Both sources of error are resampled: the images (multinomial), and the images on which the confusion was counted
    (multinomial for each true class, one half added to each count so that a mistake not seen is not ruled out).

    Args:
        counts: Images seen as each class, ``[classes]``, at least one in all.
        confusion: Known images by true class (row) and class seen (column), ``[classes, classes]``.
        seed: Of the resampling.
        draws: How many resamples.
        confidence: Nominal coverage of each interval.

    Raises:
        ValueError: shapes differ, a class has no known image, or the classifier cannot tell some classes apart.
    """
    seen, known = np.asarray(counts, np.int64), np.asarray(confusion, np.int64)
    if known.shape != (len(seen), len(seen)) or seen.sum() < 1 or (known.sum(axis=1) < 1).any():
        raise ValueError(f"counts {seen.shape} and confusion {known.shape} need known images of every class")
    rates = known / known.sum(axis=1, keepdims=True)
    power = float(np.linalg.svd(rates, compute_uv=False)[-1])
    if power < LEAST_POWER:
        raise ValueError(
            f"the classifier cannot tell some classes apart (smallest singular value {power:.2f}, need {LEAST_POWER})"
        )
    random = np.random.default_rng(seed)
    resampled = random.multinomial(int(seen.sum()), seen / seen.sum(), size=draws)  # [draws, classes]
    smoothed = (known + 0.5 * (known.sum(axis=1, keepdims=True) > 0)) / (known + 0.5).sum(axis=1, keepdims=True)
    errors = np.stack(
        [random.multinomial(int(row.sum()), p, size=draws) for row, p in zip(known, smoothed, strict=True)], axis=1
    )  # [draws, true, seen]
    value = _likeliest(seen[None], rates[None])[0]
    spread = _likeliest(resampled, errors / errors.sum(axis=2, keepdims=True))
    tail = (1 - confidence) / 2
    lows, highs = np.quantile(spread, [tail, 1 - tail], axis=0)
    intervals = tuple(
        contained(
            float(share),
            (float(low), float(high)),
            within=(0.0, 1.0),
            confidence=confidence,
            n=int(seen.sum()),
            method="confusion-corrected, bootstrap",
        )
        for share, low, high in zip(value, lows, highs, strict=True)
    )
    return Corrected(intervals, spread, tuple((seen / seen.sum()).tolist()))


def _likeliest(counts: NDArray[np.int64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares on the simplex under which ``counts`` are likeliest, row by row: ``[draws, classes]``."""
    seen = counts / counts.sum(axis=1, keepdims=True)
    shares = np.full(counts.shape, 1 / counts.shape[1])
    for _ in range(ROUNDS):
        expected = np.einsum("nt,nts->ns", shares, rates)
        ratio = np.divide(seen, expected, out=np.zeros_like(seen), where=expected > 0)
        shares = shares * np.einsum("ns,nts->nt", ratio, rates)
    settled: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return settled


def distance_to(target: Sequence[float], shares: Sequence[float]) -> float:
    """Total variation between two lists of shares, in [0, 1]: the part that would have to change class."""
    return float(np.abs(np.asarray(target) - np.asarray(shares)).sum() / 2)


def least_skew(corrected: Corrected, target: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Total variation of the corrected shares from ``target``, with bounds that hold for all classes at once.

    A plug-in distance is above 0 by chance alone. The lower bound is the least distance that any shares within
    simultaneous (Bonferroni) intervals have from ``target``, the upper bound the largest: both are conservative.
    """
    goal = np.asarray(target, np.float64)
    tail = (1 - confidence) / 2 / len(goal)
    low, high = np.quantile(corrected.draws, [tail, 1 - tail], axis=0)
    least = np.abs(goal - np.clip(goal, low, high)).sum() / 2
    most = min(np.maximum(np.abs(goal - low), np.abs(goal - high)).sum() / 2, 1.0)
    values = [interval.value for interval in corrected.shares]
    return contained(
        distance_to(goal.tolist(), values),
        (float(least), float(most)),
        within=(0.0, 1.0),
        confidence=confidence,
        n=corrected.shares[0].n,
        method="simultaneous confusion-corrected bootstrap bounds",
    )
