"""How often chance does as well: exact tails of the counts and sums that detectors look at.

Normal tails, which are what most tools give, call 15 green tokens of 25 eight times rarer than they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, optimize, special, stats

__all__ = ["binomial", "gamma", "hypergeometric", "weighted_binomials"]

REACH = 8
"""Standard deviations on either side within which a sum is looked at: outside lies less than doubles round off."""


def binomial(hits: ArrayLike, n: ArrayLike, share: float) -> NDArray[np.float64]:
    """P[at least ``hits`` of ``n``] where each is a hit with probability ``share``, independently."""
    k, units = np.broadcast_arrays(np.asarray(hits, np.float64), np.asarray(n, np.float64))
    some = k > 0
    # The incomplete beta function at once: the distribution objects of scipy take a hundred times as long.
    tail = special.betainc(np.where(some, k, 1.0), np.where(some, units - k + 1, 1.0), share)
    return np.where(some, tail, 1.0)


def hypergeometric(hits: ArrayLike, n: ArrayLike, *, marked: int, total: int) -> NDArray[np.float64]:
    """P[at least ``hits``] among ``n`` drawn without putting back, of ``total`` with ``marked`` among them."""
    return np.asarray(stats.hypergeom.sf(np.asarray(hits) - 1, total, marked, n), np.float64)


def gamma(total: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """P[at least ``total``] for a sum of ``n`` standard exponential variables."""
    return np.asarray(special.gammaincc(n, total), np.float64)


def weighted_binomials(total: int, n: int, share: float, weights: Sequence[int]) -> float:
    """P[at least ``total``] for a sum over weights of weight times Binomial(``n``, ``share``), all independent.

    The distribution is tilted until its mean is ``total`` (Esscher 1932), read off its characteristic function there,
    and tilted back. So a tail of 1e-100 is as accurate as one of 0.1, to ten digits and more, and the work grows with
    the standard deviation of the sum, not with its range.

    Args:
        total: Observed.
        n: Trials for each weight, at least 1.
        share: Probability of a hit, in (0, 1).
        weights: Positive whole numbers.
    """
    w = np.asarray(weights, np.float64)
    most = n * int(w.sum())
    if total <= 0:
        return 1.0
    if total >= most:
        return share ** (n * len(w)) if total == most else 0.0
    odds = log(share / (1 - share))

    def surplus(tilt: float) -> float:
        return float(n * (w * special.expit(odds + tilt * w)).sum() - total)

    # A tail that begins below the mean is no small one: it needs no tilting.
    tilt = _root(surplus, scale=1 / float(w.max())) if surplus(0.0) < 0 else 0.0
    tilted = special.expit(odds + tilt * w)
    growth = n * float(np.logaddexp(log(1 - share), log(share) + tilt * w).sum())
    deviation = sqrt(n * float((w**2 * tilted * (1 - tilted)).sum()))
    values, masses = _masses(n, tilted, w, REACH * deviation + w.max())
    tail = (values >= total) & (values <= most)
    found = float((masses[tail] * np.exp(-tilt * (values[tail] - total))).sum())
    return min(1.0, exp(growth - tilt * total) * max(found, 0.0))


def _root(rising: Callable[[float], float], *, scale: float) -> float:
    """Where a rising function crosses zero to the right of 0."""
    right = scale
    while rising(right) < 0:
        right *= 2
    return float(optimize.brentq(rising, 0.0, right, xtol=1e-14 * right, rtol=1e-14))


def _masses(
    n: int, shares: NDArray[np.float64], weights: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values within ``reach`` of the mean of the weighted sum, and the probability of each."""
    size = fft.next_fast_len(int(2 * reach) + 2, real=True)
    low = int(n * (shares * weights).sum() - size / 2)
    roots, steps = np.exp(np.arange(size) * (2j * pi / size)), np.arange(size // 2 + 1)
    characteristic = np.ones(len(steps), np.complex128)
    for share, weight in zip(shares, weights.astype(np.int64), strict=True):
        characteristic *= 1 - share + share * roots[weight * steps % size]
    # The sum is seen modulo the size, so what lies below is asked for by turning back.
    spectrum = characteristic**n * roots[-low * steps % size]
    return low + np.arange(size, dtype=np.float64), fft.irfft(np.conj(spectrum), n=size)
