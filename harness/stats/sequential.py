"""Evidence that may be looked at after every item without inflating false alarms.

Peeking at a z-test after each of items 20 to 500 raises 37 % false alarms at a nominal 5 %. An e-value
does not: under the null it ever exceeds 1/alpha with probability at most alpha (Johari 2015, arXiv
1512.04922; Howard 2018, arXiv 1810.08240). Items must arrive in random order.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["always_valid_p", "beta_binomial_e"]


def beta_binomial_e(successes: int, n: int, p0: float) -> float:
    """E-value against a success rate of ``p0``: the likelihood ratio of a uniform mixture of rates.

    E = 1 / ((n + 1) Binom(successes; n, p0)); reject at alpha when it reaches 1 / alpha. Capped at the
    largest float.

    Raises:
        ValueError: ``successes`` outside 0..n, or ``p0`` outside (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes lie in 0..n, not {successes} of {n}")
    return float(_e_values(np.array([successes]), np.array([n]), p0)[0])


def always_valid_p(flags: Sequence[int], p0: float) -> list[float]:
    """After each flag (1 a success, 0 not), a p-value against the rate ``p0`` that is valid whenever one stops.

    It is the least 1 / E so far, so it never rises.

    Raises:
        ValueError: a flag other than 0 or 1, or ``p0`` outside (0, 1).
    """
    array = np.asarray(flags, dtype=np.intp)
    if not np.isin(array, (0, 1)).all():
        raise ValueError("flags are 0 or 1")
    e_values = _e_values(np.cumsum(array), np.arange(1, array.size + 1), p0)
    return [float(p) for p in np.minimum.accumulate(np.minimum(1 / e_values, 1.0))]


def _e_values(successes: NDArray[np.intp], n: NDArray[np.intp], p0: float) -> NDArray[np.float64]:
    """Return the e-value of each pair of counts, shape ``[k]``."""
    if not 0 < p0 < 1:
        raise ValueError(f"the rate to test lies in (0, 1), not {p0}")
    logarithm = -np.log(n + 1) - stats.binom.logpmf(successes, n, p0)
    return np.asarray(np.exp(np.minimum(logarithm, np.log(sys.float_info.max))), dtype=np.float64)
