"""Temperature scaling: one number, fitted on answers set apart, that makes a model as sure as it should be.

Source: Guo et al. 2017, arXiv 1706.04599.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

__all__ = ["Temperature", "fit_temperature"]

Floats = NDArray[np.float64]
Table = Sequence[Sequence[float]] | Floats

HOTTEST = 100.0
"""Temperatures are looked for from one over this to this."""


@dataclass(frozen=True, slots=True)
class Temperature:
    """What scores are divided by before they become chances.

    Attributes:
        value: Above 1 where the model was too sure, below 1 where it was not sure enough.
        n: Answers it was fitted on.
        before: Their mean log loss at temperature 1, in nats.
        after: The same at ``value``; how much better it is on other answers is for those to tell.
    """

    value: float
    n: int
    before: float
    after: float

    def chances(self, scores: Table) -> Floats:
        """Return the options' chances at this temperature, ``[n, options]``; the likeliest stays the likeliest.

        Args:
            scores: Log-probabilities or logits, ``[n, options]``, finite.

        Raises:
            ValueError: the shape is another, or a score is not finite.
        """
        chances: Floats = special.softmax(_checked(scores) / self.value, axis=1)
        return chances


def fit_temperature(scores: Table, right: Sequence[int] | NDArray[np.int64]) -> Temperature:
    """Find the temperature with the least log loss: its slope in 1 / temperature never falls, and is 0 there.

    Use it on other answers than these. One confidence c for a yes or no is two options with scores log c, log(1 - c).

    Args:
        scores: Log-probabilities or logits, ``[n, options]``, finite.
        right: Place of each right option.

    Raises:
        ValueError: shapes do not fit, scores that do not differ, or no temperature from 1/100 to 100 is best: all
            right options have the best scores, or scores tell no more of them than chance.
    """
    table, places = _checked(scores), np.asarray(right)
    options = table.shape[1]
    if places.shape != (len(table),) or not np.isin(places, np.arange(options)).all():
        raise ValueError(f"each of {len(table)} answers needs the place of its right option, 0 to {options - 1}")
    rows = np.arange(len(table))
    centred = table - table.max(axis=1, keepdims=True)

    def slope(coldness: float) -> float:
        expected = (special.softmax(coldness * centred, axis=1) * centred).sum(axis=1)
        return float((expected - centred[rows, places]).mean())

    def loss(coldness: float) -> float:
        return float(-special.log_softmax(coldness * centred, axis=1)[rows, places].mean())

    if slope(1 / HOTTEST) >= 0:
        raise ValueError("no temperature is best: the scores tell no more of the right options than chance")
    if slope(HOTTEST) <= 0:
        raise ValueError("no temperature is best: the right options all but always have the best scores")
    best = float(optimize.brentq(slope, 1 / HOTTEST, HOTTEST, xtol=1e-12))
    return Temperature(value=1 / best, n=len(table), before=loss(1.0), after=loss(best))


def _checked(scores: Table) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise ValueError(f"expected finite scores of at least two options by answer, not of shape {table.shape}")
    return table
