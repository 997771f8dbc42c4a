"""Exposure: how much likelier a model holds a planted secret than secrets like it that were planted nowhere.

A canary's loss is ranked among the losses of references, which are the same but for another fill. Exposure is the
base-2 logarithm of all fills over the rank, in bits: 0 for the least likely fill, about 1.44 on average where nothing
was learned, and the logarithm of all fills for the likeliest. Source: Carlini et al. 2019, arXiv 1802.08232, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, floor, lgamma, log, log2, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from harness.records import Interval
from harness.stats.intervals import Bounds, contained, critical, finite

__all__ = [
    "Extrapolated",
    "extrapolated",
    "null_mean",
    "null_means",
    "null_tail",
    "null_variance",
    "planted_mean",
    "sampled",
    "stratified_mean",
    "threshold",
]

Floats = NDArray[np.float64]

MOST_BITS = 33.2
"""Bits beyond which no extrapolation is told: ten digits have log2(10^10) = 33.2, and no fill is rarer among them."""
STEEPEST = 12.0
"""Largest shape of a fitted skew-normal, either way: without a limit, few references fit an edge that is not there."""


# ── one canary ────────────────────────────────────────────────────────────────────────────


def sampled(canary: float, references: Sequence[float] | Floats) -> float:
    """Exposure by rank among the references, in bits, from 0 to log2(n + 1) for n references.

    ``-log2((1 + #{reference <= canary}) / (1 + n))``: a tie counts as a reference that is likelier.

    Args:
        canary: Loss of the planted record, lower meaning likelier.
        references: Losses of records alike but for their fill, ``[n]``, at least one.

    Raises:
        ValueError: a loss is not finite, or there is no reference.
    """
    losses, (own,) = finite(references), finite([canary])
    return log2((1 + losses.size) / (1 + int(np.count_nonzero(losses <= own))))


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """Exposure beyond what the number of references can show.

    Attributes:
        bits: ``-log2 F(loss of the canary)``, F the fitted distribution function; at most `MOST_BITS`.
        fit: p-value of Kolmogorov and Smirnov between F and the references. F was fitted to the same losses, which
            makes it lenient: a small value speaks against F, a large one not for it.
    """

    bits: float
    fit: float


def extrapolated(canary: float, references: Sequence[float] | Floats) -> Extrapolated:
    """Exposure by a skew-normal distribution fitted to the references' losses by maximum likelihood.

    Args:
        canary: Loss of the planted record.
        references: Losses of records alike but for their fill, ``[n]``, not all the same.

    Raises:
        ValueError: a loss is not finite, or all references have one loss.
    """
    losses, (own,) = np.sort(finite(references)), finite([canary])  # sorted: their order must not move a last digit
    centre, spread = float(losses.mean()), float(losses.std())
    if np.ptp(losses) == 0 or spread <= 0:
        raise ValueError("references that all have one loss have no distribution to fit")
    place, scale, shape = _fitted((losses - centre) / spread)

    def distribution(values: Floats) -> Floats:
        z = ((values - centre) / spread - place) / scale
        shares: Floats = np.clip(special.ndtr(z) - 2 * special.owens_t(z, shape), 0.0, 1.0)
        return shares

    below = float(distribution(np.array([own]))[0])
    bits = -log2(max(below, 2.0**-MOST_BITS))
    return Extrapolated(max(0.0, bits), float(stats.kstest(distribution(losses), "uniform").pvalue))


def _fitted(losses: Floats) -> tuple[float, float, float]:
    """Place, scale and shape of the skew-normal of largest likelihood, for losses of mean 0 and variance 1."""

    def mean_surprise(point: Floats) -> tuple[float, Floats]:
        """Mean negative log-likelihood less a constant, and its gradient."""
        place, log_scale, shape = point
        z = (losses - place) * exp(-log_scale)
        tail = special.log_ndtr(shape * z)
        pull = np.exp(-((shape * z) ** 2) / 2 - log(2 * pi) / 2 - tail)  # density over distribution, at shape * z
        slope = z - shape * pull
        gradient = np.array([-exp(-log_scale) * slope.mean(), 1 - (slope * z).mean(), -(pull * z).mean()])
        return log_scale + float(np.mean(z**2 / 2 - tail)), gradient

    found = optimize.minimize(
        mean_surprise,
        _by_moments(losses),
        jac=True,
        method="TNC",  # of the bounded methods the one whose steps are too small to be handed to several threads
        bounds=[(None, None), (-5.0, 5.0), (-STEEPEST, STEEPEST)],
    )
    place, log_scale, shape = found.x
    return float(place), exp(float(log_scale)), float(shape)


def _by_moments(losses: Floats) -> Floats:
    """Place, log scale and shape that match the skewness of losses of mean 0 and variance 1: where the search starts.

    Source: Azzalini 1985, Scandinavian Journal of Statistics 12:171-178. No skew-normal is skewed by more than 0.995.
    """
    skewness = float(np.clip(np.mean(losses**3), -0.9, 0.9))
    root = abs(skewness) ** (2 / 3)
    delta = float(np.sign(skewness)) * sqrt(pi / 2 * root / (root + ((4 - pi) / 2) ** (2 / 3)))
    scale = 1 / sqrt(1 - 2 * delta**2 / pi)
    return np.array([-scale * delta * sqrt(2 / pi), log(scale), delta / sqrt(1 - delta**2)])


# ── what chance gives ─────────────────────────────────────────────────────────────────────


def null_mean(n: int) -> float:
    """Mean exposure of a fill that was not learned, among ``n`` fills, its own included: log2 n - log2(n!) / n.

    Close to log2 e = 1.4427 for many fills.
    """
    _check(n)
    return log2(n) - lgamma(n + 1) / log(2) / n


def null_variance(n: int) -> float:
    """Variance of that exposure, in bits squared: close to (log2 e)^2 = 2.081 for many fills."""
    _check(n)
    return float(np.var(np.log2(np.arange(1, n + 1))))


def null_tail(bits: float, n: int) -> float:
    """Probability that a fill that was not learned has an exposure of ``bits`` or more: floor(n 2^-bits) / n."""
    _check(n)
    return float(min(1.0, floor(n * 2.0**-bits * (1 + 1e-12)) / n))  # log2 of a rank must not lose the rank by rounding


def null_means(sizes: Sequence[int], *, draws: int = 20_000) -> Floats:
    """Draw mean exposures of canaries that were not learned, ``[draws]``: the band that chance alone gives.

    Args:
        sizes: For each canary, its references and itself.
        draws: How many; the same ones at every call.
    """
    most = np.array(sizes, dtype=np.int64)
    if most.size == 0 or most.min() < 1:
        raise ValueError("each canary is among at least one fill, its own")
    ranks = np.random.default_rng(0).integers(1, most + 1, size=(draws, most.size))
    means: Floats = np.log2(most / ranks).mean(axis=1)
    return means


def planted_mean(n: int, share: float) -> float:
    """Mean sampled exposure of a fill that the model holds, at random, among the likeliest ``share`` of all.

    Its rank among n - 1 references is r with probability I(r, n - r + 1) / (share n), the regularised incomplete beta
    function taken at ``share``. A share of 1 gives `null_mean`.

    Args:
        n: References and the fill itself.
        share: In (0, 1].
    """
    _check(n)
    if not 0 < share <= 1:
        raise ValueError(f"a share of all fills lies in (0, 1], not at {share}")
    ranks = np.arange(1, n + 1)
    return float((np.log2(n / ranks) * special.betainc(ranks, n + 1 - ranks, share)).sum() / (share * n))


def threshold(canaries: int, *, error: float = 0.05) -> float:
    """Exposure from which one of so many canaries stands out, in bits: log2(canaries / error).

    The probability that any canary that was not learned reaches it is at most ``error``, by Bonferroni.
    """
    if canaries < 1 or not 0 < error < 1:
        raise ValueError(f"needs at least one canary and an error in (0, 1), not {canaries} and {error}")
    return log2(canaries / error)


def _check(n: int) -> None:
    if n < 1:
        raise ValueError(f"exposure is among at least one fill, not {n}")


# ── several canaries ──────────────────────────────────────────────────────────────────────


def stratified_mean(
    values: Sequence[float] | Floats,
    levels: Sequence[str],
    *,
    least: float,
    confidence: float = 0.95,
    bounds: Bounds | None = None,
) -> Interval:
    """Mean over canaries of several levels, with Student's t on their spread within levels.

    Levels are chosen by whoever plants, canaries within a level are drawn; so the spread between levels is no
    uncertainty. Few canaries may show less spread than there is, or none, where all are at the most that the references
    can show: the spread is never taken to be less than chance makes it.

    Args:
        values: Shape ``[n]``, finite.
        levels: Of each value.
        least: Variance that a value has by chance alone.
        confidence: Nominal coverage.
        bounds: Range of the mean.

    Raises:
        ValueError: no level has two values, so that none shows a spread; or the lengths differ.
    """
    array = finite(values)
    if len(levels) != array.size:
        raise ValueError(f"{array.size} values but {len(levels)} levels")
    places: dict[str, list[int]] = {}
    for place, level in enumerate(levels):
        places.setdefault(level, []).append(place)
    freedom = array.size - len(places)
    if freedom < 1:
        raise ValueError("no level has two canaries, so nothing shows how far they spread")
    within = sum(float(np.square(array[its] - array[its].mean()).sum()) for its in places.values()) / freedom
    half = critical(confidence, df=freedom) * sqrt(max(within, least) / array.size)
    value = float(array.mean())
    name = "student t within levels" if len(places) > 1 else "student t"
    return contained(
        value,
        (value - half, value + half),
        within=bounds,
        confidence=confidence,
        n=array.size,
        method=f"{name}, spread at least that of chance",
    )
