"""The smallest effects a plan can find, and the number of units that an effect needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

from scipy import stats

from harness.records import Better
from harness.stats.rates import exact, share

__all__ = ["can_pass", "mde_paired", "mde_proportion", "mde_two_arms", "n_for_difference"]


def mde_proportion(n: int, *, p0: float = 0.5, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest departure from a share ``p0`` that an exact two-sided test on ``n`` independent units finds.

    On the side of ``p0`` with more room, where departures are harder to see; 1.0 where not even a unanimous
    result would be significant.

    Raises:
        ValueError: ``n`` below 1 or ``p0`` outside [0, 1].
    """
    if n < 1 or not 0 <= p0 <= 1:
        raise ValueError(f"need n at least 1 and p0 in [0, 1], not {n} and {p0}")
    base = min(p0, 1 - p0)  # a share of hits below one half is a share of misses above it
    least = int(stats.binom.isf(alpha / 2, n, base)) + 1  # fewest hits that are significant
    if least > n:
        return 1.0
    # P(at least k hits) reaches `power` where the share is that quantile of Beta(k, n - k + 1).
    return float(stats.beta.ppf(power, least, n - least + 1) - base)


def mde_two_arms(n: int, p: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest difference between two independent arms of ``n`` units each, around a share ``p``."""
    return _reach(alpha, power) * sqrt(2 * p * (1 - p) / n)


def mde_paired(n: int, discordance: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest difference on ``n`` shared items of which a share ``discordance`` comes out differently."""
    return _reach(alpha, power) * sqrt(discordance / n)


def n_for_difference(
    difference: float,
    *,
    variance: float,
    noise_a: float = 0.0,
    noise_b: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Items needed to find ``difference`` between two models on the same items.

    Source: Miller 2024, arXiv 2411.00640.

    Args:
        difference: Of mean scores, not 0.
        variance: Of the items' true score differences.
        noise_a: Variance within an item of the first model's score, divided by its samples per item.
        noise_b: The same of the second model.
        alpha: Two-sided level.
        power: Chance of finding it.

    Raises:
        ValueError: ``difference`` is 0, which no number of items finds.
    """
    if difference == 0:
        raise ValueError("no number of items finds a difference of 0")
    return ceil(_reach(alpha, power) ** 2 * (variance + noise_a + noise_b) / difference**2)


def can_pass(clusters: Sequence[str], *, limit: float, better: Better) -> bool:
    """Whether even a perfect share keeps the pessimistic 95 % bound that a gate looks at inside ``limit``.

    Perfect means all hits where higher is better, none where lower is better.

    Args:
        clusters: Cluster of each case, as `harness.stats.rates.share` will see them.
        limit: Lowest allowed share where higher is better, highest where lower is.
        better: Direction of the metric.

    Raises:
        ValueError: the metric is best at a null value, so that no result is perfect.
    """
    if better is Better.NULL:
        raise ValueError("a metric that is best at its null value has no perfect result")
    perfect = 1.0 if better is Better.HIGHER else 0.0
    bounds = exact(share([perfect] * len(clusters), clusters))
    return bounds.low >= limit if better is Better.HIGHER else bounds.high <= limit


def _reach(alpha: float, power: float) -> float:
    """Return how many standard errors away an effect must be to be found with ``power`` at ``alpha``, two-sided."""
    return float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
