"""A lower bound on epsilon from one trained model and many canaries, each in the training by a fair coin.

The auditor guesses the coins of the canaries whose scores speak loudest and abstains on the rest. Differential
privacy limits how many guesses can be right; too many right guesses refute a claimed epsilon.

Source: Steinke, Nasr and Jagielski (2023), "Privacy Auditing with One (1) Training Run", arXiv:2305.08846.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.records import Interval

__all__ = [
    "LOWER_BOUND",
    "SHARE",
    "Guesses",
    "all_correct",
    "epsilon_bound",
    "guess",
    "guesses_needed",
    "log_tail",
    "lower_bound",
]

SHARE = 0.15
"""Of the canaries, guessed at either end. In simulations with 200 to 1000 canaries it comes close to the best share
for strong and for weak signals alike."""

LOWER_BOUND = "lower bound"
"""Begins the name of the method of an interval that bounds from below alone: no upper limit is ever met by it."""

PRECISION = 1e-8
"""How far below the exact root a bound may lie."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """What an auditor guessed, counted.

    Attributes:
        canaries: Canaries with a coin each, guessed or not: m.
        guesses: Canaries whose coin was guessed: r.
        correct: Guesses that were right: v.
    """

    canaries: int
    guesses: int
    correct: int

    def __post_init__(self) -> None:
        if not 0 <= self.correct <= self.guesses <= self.canaries:
            raise ValueError(f"correct <= guesses <= canaries, all at least 0, not {self}")


def guess(
    scores: Sequence[float] | NDArray[np.float64],
    included: Sequence[bool] | NDArray[np.bool_],
    k_plus: int,
    k_minus: int,
) -> Guesses:
    """Guess that the ``k_plus`` highest scores were trained on and the ``k_minus`` lowest were not.

    Both numbers must be fixed before the scores are seen: choosing them by the outcome voids the bound. Among equal
    scores at a cut the wrong guesses are taken first, which can only lower the bound.

    Args:
        scores: Shape ``[m]``, finite, larger meaning more likely trained on.
        included: Shape ``[m]``, the fair coins.
        k_plus: Guesses "in", at least 0.
        k_minus: Guesses "out", at least 0; with ``k_plus`` at most m.

    Raises:
        ValueError: shapes or numbers do not fit, or a score is not finite.
    """
    values, coins = np.asarray(scores, dtype=np.float64), np.asarray(included, dtype=np.bool_)
    if values.ndim != 1 or values.shape != coins.shape or not np.isfinite(values).all():
        raise ValueError("each canary needs one finite score and one coin")
    if min(k_plus, k_minus) < 0 or k_plus + k_minus > values.size:
        raise ValueError(f"{k_plus} + {k_minus} guesses do not fit {values.size} canaries")
    # Highest first; within a tie those left out come first, so that a cut through it is against the auditor at
    # either end.
    order = np.lexsort((coins, -values))
    called_in, called_out = order[:k_plus], order[values.size - k_minus :]
    right = int(coins[called_in].sum()) + int((~coins[called_out]).sum())
    return Guesses(values.size, k_plus + k_minus, right)


def log_tail(found: Guesses, *, epsilon: float, delta: float) -> float:
    """Natural logarithm of the most that P[at least ``correct`` right guesses] can be under (epsilon, delta)-DP.

    P <= beta + 2 m delta alpha, with B ~ Binomial(r, e^eps / (1 + e^eps)), beta = P[B >= v] and
    alpha = max over 1 <= i <= v of P[v > B >= v - i] / i. May exceed 0, where it says nothing.

    Everything is counted in wrong guesses, whose chance 1 / (1 + e^eps) keeps its digits at large epsilon.

    Raises:
        ValueError: ``epsilon`` is negative or ``delta`` outside [0, 1).
    """
    if not epsilon >= 0 or not 0 <= delta < 1:
        raise ValueError(f"epsilon is at least 0 and delta in [0, 1), not {epsilon} and {delta}")
    wrong, n = found.guesses - found.correct, found.guesses
    beta = float(np.logaddexp.reduce(_log_chances(np.arange(wrong + 1), n, epsilon)))
    if delta == 0 or found.correct == 0:
        return min(beta, 0.0)  # rounding of the sum
    steps = np.arange(1, found.correct + 1)
    # P[v > B >= v - i] is the chance of wrong + 1 ... wrong + i wrong guesses.
    below = np.logaddexp.accumulate(_log_chances(wrong + steps, n, epsilon))
    alpha = float(np.max(below - np.log(steps)))
    return float(np.logaddexp(beta, alpha + log(2 * found.canaries) + log(delta)))


def epsilon_bound(found: Guesses, *, delta: float, significance: float = 0.05) -> float:
    """The largest epsilon that ``found`` refutes at ``significance``; 0.0 where it refutes none.

    For any (epsilon, delta)-DP training the result exceeds epsilon with a chance of at most ``significance``. The
    reverse does not hold: a low bound is no evidence of privacy.

    Raises:
        ValueError: ``delta`` or ``significance`` is out of range.
    """
    _check_level(significance)
    level = log(significance)
    if found.guesses == 0 or log_tail(found, epsilon=0.0, delta=delta) >= level:
        return 0.0
    # Bisection on "refuted" keeps the refuted end, so that rounding never lifts the bound. No number of right
    # guesses refutes more than all of them being right without delta.
    low, high = 0.0, all_correct(found.guesses, significance=significance) + PRECISION
    while high - low > PRECISION:
        middle = (low + high) / 2
        refuted = log_tail(found, epsilon=middle, delta=delta) < level
        low, high = (middle, high) if refuted else (low, middle)
    return low


def lower_bound(found: Guesses, *, delta: float, confidence: float = 0.95) -> Interval:
    """The bound as an interval: its value and lower end are the bound.

    Its upper end is what the bound would have been with every guess right: what this audit could have shown at most.
    It bounds nothing, since a model may leak what no guess of this kind finds.

    Args:
        found: At least one guess.
        delta: At which the bound holds.
        confidence: One-sided: no training of a smaller epsilon comes to such a bound with a chance above one less this.

    Raises:
        ValueError: a number is out of its range, or nothing was guessed.
    """
    perfect = Guesses(found.canaries, found.guesses, found.guesses)
    significance = 1 - confidence
    bound, most = (epsilon_bound(each, delta=delta, significance=significance) for each in (found, perfect))
    return Interval(bound, bound, max(bound, most), confidence, found.guesses, f"{LOWER_BOUND}, one-run audit")


def all_correct(guesses: int, *, significance: float = 0.05) -> float:
    """The bound where all guesses are right and delta is 0: ln(q / (1 - q)) with q = significance^(1 / guesses).

    It is the most that so many guesses can ever show; 0.0 where even that refutes nothing.
    """
    _check_level(significance)
    if guesses < 1:
        return 0.0
    rate = log(significance) / guesses
    return max(0.0, rate - log(-special.expm1(rate)))


def guesses_needed(epsilon: float, *, significance: float = 0.05) -> int:
    """The fewest guesses that could refute ``epsilon``: all of them right, delta 0.

    Raises:
        ValueError: ``epsilon`` is negative or above 700, where the number has no end.
    """
    _check_level(significance)
    if not 0 <= epsilon <= 700:
        raise ValueError(f"epsilon lies in [0, 700], not {epsilon}")
    # q^r < significance with q = 1 / (1 + e^-epsilon).
    return int(-log(significance) / log1p(exp(-epsilon))) + 1


def _log_chances(wrong: NDArray[np.int64], n: int, epsilon: float) -> NDArray[np.float64]:
    """Logarithms of the chances of so many ``wrong`` among ``n`` guesses, each wrong with 1 / (1 + e^epsilon)."""
    ways = special.gammaln(n + 1) - special.gammaln(wrong + 1) - special.gammaln(n - wrong + 1)
    chances: NDArray[np.float64] = ways + wrong * special.log_expit(-epsilon) + (n - wrong) * special.log_expit(epsilon)
    return chances


def _check_level(significance: float) -> None:
    if not 0 < significance < 1:
        raise ValueError(f"a significance lies in (0, 1), not {significance}")
