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

__all__ = ["Corrected", "chance_distances", "checked", "corrected_shares", "distance_to", "least_skew", "uncorrected"]

Counts = Sequence[int] | NDArray[np.int64]
Table = Sequence[Sequence[int]] | NDArray[np.int64]
Floats = NDArray[np.float64]

ROUNDS, SETTLED = 400, 1e-6
"""Of expectation maximisation, at most, and by how much a round moves shares that are settled. They are then exact to
about four digits unless the classifier is near blind."""
LEAST_POWER = 0.2
"""Smallest singular value of the confusion matrix at which a correction still says something."""
UNIT = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Corrected:
    """Shares of classes, or shifts of shares, with what their intervals were made of.

    Attributes:
        shares: One interval per class; shares sum to 1, shifts to 0.
        draws: Resampled shares ``[draws, classes]``, for statistics of all classes at once.
        seen: The same as the classifier had them, uncorrected.
    """

    shares: tuple[Interval, ...]
    draws: Floats
    seen: tuple[float, ...]

    def interval(self, place: int, *, confidence: float) -> Interval:
        """The class at ``place`` with another coverage."""
        its, tail = self.shares[place], (1 - confidence) / 2
        low, high = np.quantile(self.draws[:, place], [tail, 1 - tail])
        # Draws of shares keep to [0, 1] by themselves; those of shifts may leave [-1, 1].
        return contained(its.value, (low, high), within=(-1.0, 1.0), confidence=confidence, n=its.n, method=its.method)


def checked(confusion: Table, classes: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the counts, and the rates at which each true class is seen as each other, ``[classes, classes]``.

    Raises:
        ValueError: shapes differ, a class has no known image, or the classifier cannot tell some classes apart.
    """
    known = np.asarray(confusion, np.int64)
    if known.shape != (classes, classes) or (known.sum(axis=1) < 1).any():
        raise ValueError(f"a confusion {known.shape} of {classes} classes needs known images of every class")
    rates = known / known.sum(axis=1, keepdims=True)
    power = float(np.linalg.svd(rates, compute_uv=False)[-1])
    if power < LEAST_POWER:
        raise ValueError(
            f"the classifier cannot tell some classes apart (smallest singular value {power:.2f}, need {LEAST_POWER})"
        )
    return known, rates


def corrected_shares(
    counts: Counts, confusion: Table, *, seed: int, draws: int = 2000, confidence: float = 0.95
) -> Corrected:
    """True shares of classes among classified images: most likely ones, with percentile bootstrap intervals.

    Both sources of error are resampled: the images (multinomial), and the images on which the confusion was counted
    (multinomial for each true class). To each of these counts one image is added, spread over the classes, so that
    what was not seen is not ruled out. (Half an image for each class, which is the same for two classes, makes a
    classifier of ten look so much worse that 82 % instead of 95 % of intervals held a large share.)

    Args:
        counts: Images seen as each class, ``[classes]``, at least one in all.
        confusion: Known images by true class (row) and class seen (column), ``[classes, classes]``.
        seed: Of the resampling.
        draws: How many resamples.
        confidence: Nominal coverage of each interval.

    Raises:
        ValueError: no image, shapes differ, a class has no known image, or the classifier cannot tell some classes
            apart.
    """
    seen = _at_least_one(counts)
    known, rates = checked(confusion, len(seen))
    random = np.random.default_rng(seed)
    resampled = random.multinomial(int(seen.sum()), _doubted(seen), size=draws)  # [draws, classes]
    errors = _resampled_rates(random, known, draws)
    value = _likeliest(seen[None], rates[None])[0]
    return _summary(seen, value, _likeliest(resampled, errors), confidence, "confusion-corrected, bootstrap")


def uncorrected(counts: Counts, *, seed: int, draws: int = 2000, confidence: float = 0.95) -> Corrected:
    """Shares as the classifier has them, taken at its word; arguments as for `corrected_shares`."""
    seen = _at_least_one(counts)
    resampled = np.random.default_rng(seed).multinomial(int(seen.sum()), _doubted(seen), size=draws)
    return _summary(seen, seen / seen.sum(), resampled / seen.sum(), confidence, "bootstrap")


def _at_least_one(counts: Counts) -> NDArray[np.int64]:
    seen = np.asarray(counts, np.int64)
    if seen.ndim != 1 or seen.sum() < 1:
        raise ValueError(f"shares need at least one image, not counts of {seen.tolist()}")
    return seen


def _doubted(counts: NDArray[np.int64]) -> Floats:
    """Shares along the last axis, after one more image that was spread over all classes."""
    more = counts + 1 / counts.shape[-1]
    doubted: Floats = more / more.sum(axis=-1, keepdims=True)
    return doubted


def _resampled_rates(random: np.random.Generator, known: NDArray[np.int64], draws: int) -> Floats:
    """Confusion rates as other known images would have given them, ``[draws, true, seen]``."""
    rows = [random.multinomial(int(row.sum()), p, size=draws) for row, p in zip(known, _doubted(known), strict=True)]
    errors = np.stack(rows, axis=1)
    rates: Floats = errors / errors.sum(axis=2, keepdims=True)
    return rates


def _summary(seen: NDArray[np.int64], value: Floats, spread: Floats, confidence: float, method: str) -> Corrected:
    tail, n = (1 - confidence) / 2, int(seen.sum())
    lows, highs = np.quantile(spread, [tail, 1 - tail], axis=0)
    intervals = tuple(
        contained(share, (low, high), within=UNIT, confidence=confidence, n=n, method=method)
        for share, low, high in zip(value.tolist(), lows.tolist(), highs.tolist(), strict=True)
    )
    return Corrected(intervals, spread, tuple((seen / n).tolist()))


def _likeliest(counts: NDArray[np.int64], rates: Floats) -> Floats:
    """Shares on the simplex under which ``counts`` are likeliest, row by row: ``[draws, classes]``."""
    seen = counts / counts.sum(axis=1, keepdims=True)
    shares = np.full(counts.shape, 1 / counts.shape[1])
    moving = np.arange(len(counts))
    for _ in range(ROUNDS):
        before, its = shares[moving], rates[moving]
        expected = np.einsum("nt,nts->ns", before, its)
        ratio = np.divide(seen[moving], expected, out=np.zeros_like(expected), where=expected > 0)
        shares[moving] = before * np.einsum("ns,nts->nt", ratio, its)
        moving = moving[np.abs(shares[moving] - before).max(axis=1) > SETTLED]
        if not len(moving):
            break
    settled: Floats = shares / shares.sum(axis=1, keepdims=True)
    return settled


def distance_to(target: Sequence[float], shares: Sequence[float]) -> float:
    """Total variation between two lists of shares, in [0, 1]: the part that would have to change class."""
    return float(np.abs(np.asarray(target) - np.asarray(shares)).sum() / 2)


def least_skew(corrected: Corrected, target: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Total variation of the corrected shares from ``target``, with bounds that hold for all classes at once.

    A plug-in distance is above 0 by chance alone (`chance_distances`). The lower bound is the least distance that any
    shares within simultaneous (Bonferroni) intervals have from ``target``, the upper bound the largest: both are
    conservative. Of shifts, ``target`` is 0 for each class.
    """
    goal = np.asarray(target, np.float64)
    tail = (1 - confidence) / 2 / len(goal)
    low, high = np.quantile(corrected.draws, [tail, 1 - tail], axis=0)
    least = np.abs(goal - np.clip(goal, low, high)).sum() / 2
    most = min(np.maximum(np.abs(goal - low), np.abs(goal - high)).sum() / 2, 1.0)
    values = [interval.value for interval in corrected.shares]
    return contained(
        min(distance_to(goal.tolist(), values), 1.0),
        (float(least), float(most)),
        within=UNIT,
        confidence=confidence,
        n=corrected.shares[0].n,
        method=f"simultaneous bounds, {corrected.shares[0].method}",
    )


def chance_distances(target: Sequence[float], n: int, confusion: Table, *, seed: int, draws: int = 400) -> Floats:
    """Distances from ``target`` that corrected shares of ``n`` images show where the true shares are on it.

    With a classifier that makes no mistake they are ``sqrt(2 / (π n)) Σ sqrt(p (1 - p)) / 2`` on average.

    Args:
        target: Share of each class.
        n: Images, at least 1.
        confusion: As for `corrected_shares`; the classifier's true rates are drawn anew for each distance.
        seed: Of the simulation.
        draws: How many distances.

    Raises:
        ValueError: as `corrected_shares`.
    """
    goal = np.asarray(target, np.float64)
    known, rates = checked(confusion, len(goal))
    random = np.random.default_rng(seed)
    through = np.einsum("t,nts->ns", goal, _resampled_rates(random, known, draws))
    seen = random.multinomial(n, through / through.sum(axis=1, keepdims=True))
    found = _likeliest(seen, np.broadcast_to(rates, (draws, *rates.shape)))
    distances: Floats = np.abs(found - goal).sum(axis=1) / 2
    return distances
