"""How often a text must be asked for until sampling gives it word for word.

Source: Hayes et al. 2024, Measuring memorization through probabilistic extraction, arXiv 2410.19482, section 3.
"""

from __future__ import annotations

from math import ceil, exp, inf, log, log1p

__all__ = ["is_discoverable", "queries"]


def queries(log_probability: float, confidence: float) -> float:
    """Samples after which a text has come at least once with probability ``confidence``; infinite where it never does.

    The least whole n with ``1 - (1 - p)^n >= confidence``, that is ``n >= log(1 - confidence) / log(1 - p)``.

    Args:
        log_probability: log p: natural logarithm of the probability that one sample is the text, at most 0.
        confidence: In (0, 1).
    """
    exact = _log_queries(log_probability, confidence)
    try:
        return max(1.0, float(ceil(exp(exact) * (1 - 1e-12))))  # a whole number must not be lost to rounding
    except OverflowError:
        return inf


def is_discoverable(log_probability: float, *, samples: int, confidence: float) -> bool:
    """Whether ``samples`` samples give the text at least once with probability ``confidence``.

    Args:
        log_probability: As for `queries`.
        samples: At least 1.
        confidence: In (0, 1).
    """
    if samples < 1:
        raise ValueError(f"samples is at least 1, not {samples}")
    return _log_queries(log_probability, confidence) <= log(samples) + 1e-12


def _log_queries(log_probability: float, confidence: float) -> float:
    """Natural logarithm of the least real n, so that no probability is too small for it."""
    if not 0 < confidence < 1 or not log_probability <= 0:
        raise ValueError(f"needs log p <= 0 and a confidence in (0, 1), not {log_probability} and {confidence}")
    if log_probability == 0:
        return -inf
    probability = exp(log_probability)
    # Below 1e-12, log(1 - p) is -p to the last digit; p itself may be too small to be written down.
    missed = log(-log1p(-probability)) if probability > 1e-12 else log_probability
    return log(-log1p(-confidence)) - missed
