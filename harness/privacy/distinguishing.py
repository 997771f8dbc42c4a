"""Bounds on epsilon from telling apart models trained with and without a record, and the Gaussian mechanism exactly.

Many models of either world are trained; a test says for each which world it is from. Its two error rates, bounded
from above, bound epsilon from below. A mechanism is mu-GDP where telling its worlds apart is as hard as telling
N(0, 1) from N(mu, 1): one step of Gaussian noise of standard deviation sigma times the sensitivity has mu = 1 / sigma,
and T of them without sampling have mu = sqrt(T) / sigma.

Sources: Jagielski, Ullman and Oprea (2020), arXiv:2006.07709; Nasr et al. (2021), arXiv:2101.04535, and (2023),
arXiv:2302.07956; Dong, Roth and Su (2019), "Gaussian Differential Privacy", arXiv:1905.02383.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, log, sqrt

from scipy import optimize, special, stats

__all__ = [
    "Errors",
    "auc",
    "epsilon_bound",
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_epsilon_bound",
    "mu_bound",
    "tpr_at_fpr",
]


@dataclass(frozen=True, slots=True)
class Errors:
    """Mistakes of a test that says whether a model has seen the record.

    Attributes:
        false_positives: Models without the record that were said to have seen it.
        negatives: Models without the record, at least 1.
        false_negatives: Models with the record that were said not to have seen it.
        positives: Models with the record, at least 1.
    """

    false_positives: int
    negatives: int
    false_negatives: int
    positives: int

    def __post_init__(self) -> None:
        if min(self.negatives, self.positives) < 1:
            raise ValueError("a test needs models of both worlds")
        if not (0 <= self.false_positives <= self.negatives and 0 <= self.false_negatives <= self.positives):
            raise ValueError(f"mistakes lie in 0..models, not {self}")

    def upper(self, *, confidence: float) -> tuple[float, float]:
        """Upper bounds of the false-positive and the false-negative rate, together at ``confidence``.

        Clopper-Pearson, half of the error to each.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence lies in (0, 1), not {confidence}")
        level = (1 - confidence) / 2
        pairs = ((self.false_positives, self.negatives), (self.false_negatives, self.positives))
        bounds = [1.0 if k == n else float(stats.beta.ppf(1 - level, k + 1, n - k)) for k, n in pairs]
        return bounds[0], bounds[1]


def epsilon_bound(errors: Errors, *, delta: float, confidence: float = 0.95) -> float:
    """Lower bound of epsilon: the larger of ln((1 - delta - FNR) / FPR) and its mirror, at the rates' upper bounds.

    Holds whatever the mechanism is. 0.0 where nothing is refuted.
    """
    false_positive, false_negative = errors.upper(confidence=confidence)
    forms = ((false_positive, false_negative), (false_negative, false_positive))
    return max([0.0, *(log((1 - delta - b) / a) for a, b in forms if 1 - delta - b > 0)])


def mu_bound(errors: Errors, *, confidence: float = 0.95) -> float:
    """Lower bound of mu for a mechanism that is mu-GDP; 0.0 where nothing is refuted."""
    false_positive, false_negative = errors.upper(confidence=confidence)
    return max(0.0, -float(special.ndtri(false_positive)) - float(special.ndtri(false_negative)))


def gaussian_epsilon_bound(errors: Errors, *, delta: float, confidence: float = 0.95) -> float:
    """Lower bound of epsilon for Gaussian noise, through `mu_bound`; tighter than `epsilon_bound`.

    Valid only where the mechanism is mu-GDP: one step, or full batches, audited where the noise is the only
    randomness.
    """
    mu = mu_bound(errors, confidence=confidence)
    return gaussian_epsilon(mu=mu, delta=delta) if mu > 0 else 0.0


def gaussian_delta(*, mu: float, epsilon: float) -> float:
    """Smallest delta at which a mu-GDP mechanism is (epsilon, delta)-DP; exact.

    Phi(-epsilon / mu + mu / 2) - e^epsilon Phi(-epsilon / mu - mu / 2), in logarithms, so that tiny values keep
    their digits.

    Raises:
        ValueError: ``mu`` is not positive and finite, or ``epsilon`` is negative.
    """
    return exp(_log_delta(mu, epsilon))


def gaussian_epsilon(*, mu: float, delta: float) -> float:
    """Smallest epsilon at which a mu-GDP mechanism is (epsilon, delta)-DP; exact to 1e-10, 0.0 where delta covers all.

    Raises:
        ValueError: ``mu`` is not positive and finite, or ``delta`` is outside (0, 1).
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta lies in (0, 1), not {delta}")
    goal = log(delta)
    if _log_delta(mu, 0.0) <= goal:
        return 0.0
    high = 1.0
    while _log_delta(mu, high) > goal:
        high *= 2
    return float(optimize.brentq(lambda epsilon: _log_delta(mu, epsilon) - goal, 0.0, high, xtol=1e-12))


def auc(mu: float) -> float:
    """Largest area under the ROC curve of any membership test against a mu-GDP training: Phi(mu / sqrt 2)."""
    return float(special.ndtr(mu / sqrt(2)))


def tpr_at_fpr(mu: float, *, fpr: float) -> float:
    """Largest true-positive rate at ``fpr``, in (0, 1), of any membership test against a mu-GDP training."""
    if not 0 < fpr < 1:
        raise ValueError(f"a false-positive rate lies in (0, 1), not {fpr}")
    return float(special.ndtr(special.ndtri(fpr) + mu))


def _log_delta(mu: float, epsilon: float) -> float:
    """Natural logarithm of `gaussian_delta`; -inf below the range of floats."""
    if not 0 < mu < inf or not 0 <= epsilon < inf:
        raise ValueError(f"mu is positive, epsilon at least 0, both finite, not {mu} and {epsilon}")
    first = float(special.log_ndtr(-epsilon / mu + mu / 2))
    second = epsilon + float(special.log_ndtr(-epsilon / mu - mu / 2))
    # Rounding may leave the difference at or below zero where both are next to nothing.
    return first + log(-expm1(second - first)) if second < first else -inf
