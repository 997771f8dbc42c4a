"""How long a text must be for its mark to be found: in units, which repeats do not add to."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

__all__ = ["exponential_length", "share_length", "surprise"]

Powers = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def share_length(
    null: float, marked: float, *, level: float = 1e-6, power: float = 0.95, each: int = 1, longest: int = 100_000
) -> int | None:
    """Fewest units at which a share of hits is found: green tokens, or SynthID's ones.

    The first length with that power. Counts are whole numbers, so a slightly longer text can have slightly less: with
    green lists of a quarter and 71 % green tokens 43 units have it, and all lengths have it from 47 on.

    Args:
        null: Share of hits without the mark, in (0, 1).
        marked: Share of hits with it.
        level: p-value to be reached.
        power: Probability to reach it.
        each: Hits or misses that a unit counts for: 1, or SynthID's number of layers.
        longest: Length up to which is looked.

    Returns:
        The number, or None where no length up to ``longest`` is enough.

    Raises:
        ValueError: a share, the level or the power is not a probability.
    """
    _check(null=null, level=level, power=power)
    if not 0 <= marked <= 1:
        raise ValueError(f"marked is a share, not {marked}")
    if marked <= null:
        return None

    def powers(n: NDArray[np.int64]) -> NDArray[np.float64]:
        trials = n * each
        least = stats.binom.isf(level, trials, null) + 1  # fewest hits that reach the level
        found: NDArray[np.float64] = stats.binom.sf(least - 1, trials, marked)
        return found

    return _first(powers, power, longest)


def exponential_length(
    mean: float, deviation: float, *, level: float = 1e-6, power: float = 0.95, longest: int = 100_000
) -> int | None:
    """Fewest units at which a Gumbel-max mark is found: exact in the sum that is needed, normal in the power.

    Args:
        mean: Of one unit's score with the mark, as `surprise` gives it; 1 is the mean without.
        deviation: Standard deviation of one unit's score with the mark.
        level: p-value to be reached.
        power: Probability to reach it.
        longest: Length up to which is looked.

    Returns:
        The number, or None where no length up to ``longest`` is enough.

    Raises:
        ValueError: the level or the power is not a probability, or the deviation is negative.
    """
    _check(level=level, power=power)
    if deviation < 0:
        raise ValueError(f"a standard deviation is not negative, as {deviation} is")
    if mean <= 1:
        return None

    def powers(n: NDArray[np.int64]) -> NDArray[np.float64]:
        least = special.gammainccinv(n, level)
        found: NDArray[np.float64] = special.ndtr((n * mean - least) / (np.sqrt(n) * max(deviation, 1e-12)))
        return found

    return _first(powers, power, longest)


def surprise(probabilities: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation of a Gumbel-max unit's score where the next token has these ``probabilities``.

    A token chosen with probability p has r with density r^(1/p - 1) / p, so -ln(1 - r) has the mean H(1/p), a harmonic
    number: 1 where the token was certain, which is what texts without the mark have.

    Raises:
        ValueError: they do not add up to 1, or one is negative.
    """
    p = np.asarray(probabilities, np.float64)
    if p.min() < 0 or abs(p.sum() - 1) > 1e-6:
        raise ValueError(f"probabilities are not negative and add up to 1, not {p.sum()}")
    p = p[p > 0]
    means = special.digamma(1 / p + 1) + np.euler_gamma
    variances = special.polygamma(1, 1) - special.polygamma(1, 1 / p + 1)
    mean = float((p * means).sum())
    return mean, sqrt(max(float((p * (variances + means**2)).sum()) - mean**2, 0.0))


def _first(powers: Powers, power: float, longest: int) -> int | None:
    """The first length with the power: looked for in stretches, each twice as long as the one before."""
    start, end = 1, min(256, longest)
    while start <= longest:
        lengths = np.arange(start, end + 1)
        enough = np.flatnonzero(powers(lengths) >= power)
        if enough.size:
            return int(lengths[enough[0]])
        start, end = end + 1, min(2 * end, longest)
    return None


def _check(**probabilities: float) -> None:
    for name, value in probabilities.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} is a probability between 0 and 1, not {value}")
