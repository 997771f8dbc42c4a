"""Several tests at once: adjusted p-values. Holm for gates, Benjamini-Hochberg for exploration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["benjamini_hochberg", "holm"]


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: comparing them with alpha bounds P(any false alarm) by alpha.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    values = _checked(ps)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(raised, 1.0)
    return [float(p) for p in adjusted]


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: comparing them with q bounds the expected share of false alarms.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    values = _checked(ps)
    return [float(p) for p in stats.false_discovery_control(values, method="bh")] if values.size else []


def _checked(ps: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(ps, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values lie in [0, 1], not {list(ps)}")
    return values
