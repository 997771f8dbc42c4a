"""How far apart two groups lie, in standard deviations, and how often chance parts them as far."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import ROUNDING, contained, critical, finite
from harness.stats.rates import proportion

__all__ = ["shuffled_p", "standardised_difference"]

SHUFFLES, AT_ONCE = 9_999, 1_111
"""Deals of units, and how many are held in memory together."""


def standardised_difference(
    first: Sequence[float] | NDArray[np.float64],
    second: Sequence[float] | NDArray[np.float64],
    *,
    confidence: float = 0.95,
) -> Interval:
    """Mean of ``first`` less mean of ``second``, in pooled standard deviations: Cohen's d.

    The error sums the squared influence of every unit on the difference and on the spread that it is divided by, so
    neither normal values nor equal variances are assumed; Student's t with n - 2 degrees of freedom.
    Source: Hampel 1974, JASA 69:383-393, for influence; Cohen 1988, Statistical Power Analysis, section 2.2, for d.

    Args:
        first: Finite, at least two independent units.
        second: Likewise.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts units of both groups.

    Raises:
        ValueError: fewer than two units of a group, or no spread within either.
    """
    groups = [finite(first), finite(second)]
    sizes = [group.size for group in groups]
    if min(sizes) < 2:
        raise ValueError(f"a spread needs two units of either group, not {sizes[0]} and {sizes[1]}")
    rest = [group - group.mean() for group in groups]
    freedom = sum(sizes) - 2
    spread = sqrt(sum(float(np.square(part).sum()) for part in rest) / freedom)
    if spread <= ROUNDING * max(1.0, *(float(np.abs(group).max()) for group in groups)):
        raise ValueError("the values of either group are all alike, so that nothing measures their distance")
    value = float(groups[0].mean() - groups[1].mean()) / spread
    error = sqrt(
        sum(_squared_influence(part / spread, sign * value, freedom) for part, sign in zip(rest, (1, -1), strict=True))
    )
    reach = critical(confidence, df=freedom) * error
    return contained(
        value,
        (value - reach, value + reach),
        confidence=confidence,
        n=sum(sizes),
        method="cohen's d, influence, student t",
    )


def _squared_influence(rest: NDArray[np.float64], value: float, freedom: int) -> float:
    """Sum of squares of what each unit of a group moves the difference, which is ``value`` seen from that group."""
    squares = np.square(rest)
    moved = rest / rest.size - value / 2 * (squares - squares.mean()) / freedom
    return float(np.square(moved).sum()) * rest.size / (rest.size - 1)


def shuffled_p(
    first: Sequence[float] | NDArray[np.float64], second: Sequence[float] | NDArray[np.float64], *, seed: int
) -> Interval:
    """One-sided permutation p-value of the mean of ``first`` lying above that of ``second``.

    Units are dealt to the groups anew 9,999 times; p is (1 + deals that part the means at least as far) / 10,000
    (Phipson and Smyth 2010, SAGMB 9:39). Exact where units are exchangeable. The interval is Clopper and Pearson's of
    what p would be with all deals, not an interval of an effect.

    Args:
        first: Finite, at least one unit, in an order that does not depend on how they were told: the same deals of
            another order give another p.
        second: Likewise.
        seed: Of the deals.

    Returns:
        The p-value; its ``n`` counts units of both groups.

    Raises:
        ValueError: a group is empty or not finite.
    """
    one, other = finite(first), finite(second)
    both, random = np.concatenate([one, other]), np.random.default_rng(seed)
    # Sums of the same numbers in another order differ in their last bits: as far apart counts as far.
    least = float(one.sum()) - ROUNDING * float(np.abs(both).sum())
    deals = np.tile(both, (AT_ONCE, 1))
    hits = sum(
        int(np.count_nonzero(random.permuted(deals, axis=1)[:, : one.size].sum(axis=1) >= least))
        for _ in range(SHUFFLES // AT_ONCE)
    )
    possible = proportion(hits, SHUFFLES, method="clopper-pearson")
    return contained(
        (1 + hits) / (1 + SHUFFLES),
        (possible.low, possible.high),
        within=(0.0, 1.0),
        confidence=possible.confidence,
        n=both.size,
        method=f"permutation, {SHUFFLES:,} shuffles",
    )
