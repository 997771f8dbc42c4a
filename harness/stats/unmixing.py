"""Agreement and shifts read by a classifier, corrected by the inverse of its confusion.

`harness.stats.confusion` keeps shares on the simplex, which pulls each of them inward; a mean over many classes, and a
difference that may be nothing, need a correction that errs to neither side. Shares q that a classifier sees and true
shares π obey q = Mᵀπ, so π = (M⁻¹)ᵀ q, and both statistics here are linear in q.
Source: Lipton et al. 2018, arXiv 1802.03916, section 4; for two classes it is the formula of Rogan and Gladen 1978.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.confusion import Corrected, Floats, Table, checked
from harness.stats.intervals import contained

__all__ = ["corrected_shift", "matched_share"]


def matched_share(seen: Table, confusion: Table, *, seed: int, draws: int = 4000, confidence: float = 0.95) -> Interval:
    """Share of images that are of the class that was asked for.

    No assumption is made about what the other images show. Percentile bootstrap over the images of each class asked
    for (multinomial) and over the classifier's rates (Dirichlet). What was not seen is not ruled out: one image in all,
    spread over the classes seen and shared by the classes asked for, is added to ``seen`` and to their known images.

    Args:
        seen: Images by class asked for (row) and class seen (column), ``[classes, classes]``, at least one in all.
        confusion: Known images by true class (row) and class seen (column), ``[classes, classes]``.
        seed: Of the resampling.
        draws: How many resamples.
        confidence: Nominal coverage.

    Raises:
        ValueError: no image, shapes differ, a class has no known image, or the classifier cannot tell some classes
            apart.
    """
    counts = np.asarray(seen, np.int64)
    known, rates = checked(confusion, len(counts))
    if counts.shape != known.shape or counts.sum() < 1:
        raise ValueError(f"agreement needs at least one image, by class asked for and class seen, not {counts.shape}")
    asked = np.flatnonzero(counts.sum(axis=1))
    doubt = 1 / len(asked) / len(counts)
    random = np.random.default_rng(seed)
    drawn = np.zeros((draws, *counts.shape))
    for row in asked:
        more = counts[row] + doubt
        drawn[:, row] = random.multinomial(int(counts[row].sum()), more / more.sum(), size=draws)
    spread = _matched(drawn, _possible_rates(random, known, doubt, draws))
    tail = (1 - confidence) / 2
    low, high = np.clip(np.quantile(spread, [tail, 1 - tail]), 0, 1)
    return contained(
        float(np.clip(_matched(counts[None], rates[None])[0], 0, 1)),
        (float(low), float(high)),
        within=(0.0, 1.0),
        confidence=confidence,
        n=int(counts.sum()),
        method="inverse confusion, bootstrap",
    )


def _matched(counts: NDArray[np.number], rates: Floats) -> Floats:
    """For each draw the mean, over images, of M⁻¹[seen, asked]."""
    inverse = np.broadcast_to(np.linalg.inv(rates), (len(counts), *rates.shape[1:]))
    shares: Floats = np.einsum("dvs,dsv->d", counts, inverse) / counts.sum(axis=(1, 2))
    return shares


def _possible_rates(random: np.random.Generator, known: NDArray[np.int64], doubt: float, draws: int) -> Floats:
    """Rates of the classifier given the known images, ``[draws, true, seen]``: continuous, so never quite singular."""
    weights = random.standard_gamma(known + doubt, size=(draws, *known.shape))
    rates: Floats = weights / weights.sum(axis=2, keepdims=True)
    return rates


def corrected_shift(
    first: Sequence[int],
    second: Sequence[int],
    units: Sequence[str],
    confusion: Table,
    *,
    seed: int,
    draws: int = 4000,
    confidence: float = 0.95,
) -> Corrected:
    """By how much the share of each class moves from the first to the second image of paired images.

    Units are resampled whole, by Student's t with their covariance (multiplier bootstrap), and the classifier's rates
    by their Dirichlet distribution. Where few pairs differ their covariance says little, so one more unit, all of whose
    pairs change class, is reckoned with.

    Args:
        first: Class seen in the first image of each pair, by number.
        second: Class seen in the second.
        units: Label of each pair's independent unit, such as the seed that its images share.
        confusion: Known images by true class (row) and class seen (column), ``[classes, classes]``.
        seed: Of the resampling.
        draws: How many resamples.
        confidence: Nominal coverage of each interval.

    Returns:
        Shifts in [-1, 1], one for each class; their intervals count units.

    Raises:
        ValueError: lists of different lengths, fewer than 2 units; or as `matched_share`.
    """
    classes = len(confusion)
    known, rates = checked(confusion, classes)
    if not len(first) == len(second) == len(units) or len(set(units)) < 2:
        raise ValueError("a shift needs two classes and a unit for each pair, and at least 2 units")
    moved = np.eye(classes)[np.asarray(second)] - np.eye(classes)[np.asarray(first)]  # [pairs, classes]
    pairs, n = len(moved), len(set(units))
    shift = moved.mean(axis=0)
    random = np.random.default_rng(seed)
    spread = shift + _noise(random, moved - shift, units, draws)
    errors = _possible_rates(random, known, 1 / classes, draws)
    unmixed = np.einsum("dsv,ds->dv", np.linalg.inv(errors), spread)
    value = np.clip(np.einsum("sv,s->v", np.linalg.inv(rates), shift), -1, 1)
    tail = (1 - confidence) / 2
    lows, highs = np.clip(np.quantile(unmixed, [tail, 1 - tail], axis=0), -1, 1)
    intervals = tuple(
        contained(
            float(its),
            (float(low), float(high)),
            within=(-1.0, 1.0),
            confidence=confidence,
            n=n,
            method=f"inverse confusion, paired, t over {pairs} pairs",
        )
        for its, low, high in zip(value, lows, highs, strict=True)
    )
    return Corrected(intervals, unmixed, tuple(shift.tolist()))


def _noise(random: np.random.Generator, residuals: Floats, units: Sequence[str], draws: int) -> Floats:
    """Errors of the mean of ``residuals`` ``[pairs, classes]`` with whole units drawn again, ``[draws, classes]``."""
    pairs, classes = residuals.shape
    names, of = np.unique(np.asarray(units), return_inverse=True)
    n = len(names)
    sums = np.zeros((n, classes))
    np.add.at(sums, of, residuals)
    own = np.einsum("dn,nv->dv", random.standard_normal((draws, n)), sums) * np.sqrt(n / (n - 1)) / pairs
    # A change between two classes by chance has covariance 2 / (classes - 1) (I - 1/classes): centred normals have it.
    loose = random.standard_normal((draws, classes))
    unseen = (loose - loose.mean(axis=1, keepdims=True)) * np.sqrt(2 / (classes - 1)) / n
    scale = np.sqrt((n - 1) / random.chisquare(n - 1, size=(draws, 1)))
    noise: Floats = (own + unseen) * scale
    return noise
