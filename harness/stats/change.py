"""How much a number moved between two arms that share their items, and whether that is more than chance.

Whatever the number is, a share, a ratio or a gap between groups, it is computed again with a tenth or so of the items
left out of both arms at once. How far the difference moves by that is its standard error: a delete-a-group jackknife.
Where a treatment draws a model anew, as training does, the difference between seeds adds to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import Bounds, contained, critical, unseen

__all__ = ["Change", "change"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with its uncertainty.

    Attributes:
        interval: Two-sided.
        error: Standard error; 0 where nothing varied.
        freedom: Degrees of freedom of Student's t.
    """

    interval: Interval
    error: float
    freedom: float

    def p_above(self, null: float = 0.0) -> float:
        """One-sided p-value against "the difference is at most ``null``"; 1 where nothing varied and it is."""
        value = self.interval.value - null
        if self.error == 0:
            # Nothing varied: only an interval that lies clear of the null says anything.
            return (1 - self.interval.confidence) / 2 if self.interval.low > null else 1.0
        return float(stats.t.sf(value / self.error, self.freedom))

    def p_below(self, null: float = 0.0) -> float:
        """One-sided p-value against "the difference is at least ``null``"."""
        value = null - self.interval.value
        if self.error == 0:
            return (1 - self.interval.confidence) / 2 if self.interval.high < null else 1.0
        return float(stats.t.sf(value / self.error, self.freedom))

    def least(self, confidence: float = 0.95) -> float:
        """One-sided lower bound, at ``confidence``."""
        if self.error == 0:
            return self.interval.low
        return self.interval.value - critical(2 * confidence - 1, df=self.freedom) * self.error


def change(
    whole: Sequence[float] | Floats,
    left_out: Sequence[Sequence[float]] | Floats,
    *,
    units: int,
    drawn_anew: bool,
    bounds: Bounds | None = None,
    confidence: float = 0.95,
) -> Change:
    """Average ``whole`` over the seeds, with an interval.

    The variance is that of the jackknife over groups of items, left out in all seeds together; where each seed draws
    another model, the variance between seeds over their number comes on top, and the degrees of freedom are
    Satterthwaite's. Seeds of one model differ by items and sampling alone, which the items' part holds already.
    Sources: Kott 2001, Journal of Official Statistics 17:521-526; Satterthwaite 1946, Biometrics 2:110-114.

    Args:
        whole: Difference of all items, by seed, shape ``[seeds]``, finite.
        left_out: The same without each group of items, shape ``[seeds, groups]``, at least 2 groups.
        units: Independent items.
        drawn_anew: Whether each seed stands for another model.
        bounds: Range of the difference.
        confidence: Nominal coverage.

    Raises:
        ValueError: shapes that do not fit, or numbers that are not finite.
    """
    full, parts = np.asarray(whole, dtype=np.float64), np.asarray(left_out, dtype=np.float64)
    if full.ndim != 1 or not full.size or parts.ndim != 2 or parts.shape[0] != full.size or parts.shape[1] < 2:
        raise ValueError(f"a change needs [seeds] and [seeds, groups], not {full.shape} and {parts.shape}")
    if not (np.isfinite(full).all() and np.isfinite(parts).all()):
        raise ValueError("a change is of finite numbers")
    value, groups = float(full.mean()), parts.shape[1]
    means = parts.mean(axis=0)
    of_items = float((groups - 1) / groups * np.square(means - means.mean()).sum())
    of_seeds = float(full.var(ddof=1) / full.size) if drawn_anew and full.size > 1 else 0.0
    # Sums of many terms of equal size differ in their last digits even where nothing varies.
    error = sqrt(of_items + of_seeds)
    if error <= 1e-12 * max(1.0, abs(value)):
        return Change(unseen(value, units, within=bounds, confidence=confidence, unit="difference"), 0.0, inf)
    parted = of_items**2 / (groups - 1) + (of_seeds**2 / (full.size - 1) if of_seeds else 0.0)
    freedom = (of_items + of_seeds) ** 2 / parted
    reach = critical(confidence, df=freedom) * error
    method = f"jackknife of {groups} groups" + (f" and {full.size} seeds" if of_seeds else "") + ", student t"
    interval = contained(
        value, (value - reach, value + reach), within=bounds, confidence=confidence, n=units, method=method
    )
    return Change(interval, error, freedom)
