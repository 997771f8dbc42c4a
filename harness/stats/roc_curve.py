"""The whole curve of a score that tells positives from negatives: which share is found while which share is accused.

Larger scores mean positive. Every threshold is tried on the records themselves; `harness.stats.roc.tpr_at_fpr` gives
single rates at thresholds that other records have set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import finite
from harness.stats.rates import proportion

__all__ = ["MOST", "Point", "roc_curve"]

MOST = 200
"""Points of a curve: more than a screen tells apart."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold.

    Attributes:
        accused: Negatives whose score is not below it.
        false: Their share, in [0, 1].
        true: Share of positives whose score is not below it, with its Clopper-Pearson interval, which holds for this
            threshold alone and not for the curve as a whole; ``n`` counts positives.
    """

    accused: int
    false: float
    true: Interval


def roc_curve(
    positives: Sequence[float] | NDArray[np.float64],
    negatives: Sequence[float] | NDArray[np.float64],
    *,
    confidence: float = 0.95,
    most: int = MOST,
) -> tuple[Point, ...]:
    """The upper end of the curve at each number of negatives that some threshold accuses, from the strictest one on.

    Equal scores share a threshold: either all of them are above it, or none is.

    Args:
        positives: Scores, finite, at least one.
        negatives: Scores, finite, at least one.
        confidence: Nominal coverage at each point.
        most: Points, at least 2; where there are more, those are kept that lie evenly on a logarithmic axis.

    Returns:
        Points by rising false-positive rate. The first accuses as few as a threshold can, mostly none, and the last
        accuses all.

    Raises:
        ValueError: a score is not finite, either side is empty, or ``most`` is below 2.
    """
    if most < 2:
        raise ValueError(f"a curve has at least 2 points, not {most}")
    above, below = finite(positives), finite(negatives)
    accused, found = _counted(above, below)
    kept = _thinned(accused, most)
    return tuple(
        Point(
            int(accused[place]),
            float(accused[place]) / below.size,
            proportion(int(found[place]), above.size, confidence=confidence, method="clopper-pearson"),
        )
        for place in kept
    )


def _counted(above: NDArray[np.float64], below: NDArray[np.float64]) -> tuple[Counts, Counts]:
    """Negatives and positives that are not below each threshold, rising; one threshold for each number of negatives."""
    thresholds = np.unique(np.concatenate([above, below]))[::-1]
    accused, found = (
        np.concatenate([[0], its.size - np.searchsorted(np.sort(its), thresholds, side="left")])
        for its in (below, above)
    )
    # Of those that accuse alike, the lowest threshold finds most: the last one of each run.
    last = np.append(np.diff(accused) > 0, True)
    return accused[last], found[last]


def _thinned(accused: Counts, most: int) -> list[int]:
    """Places of at most so many points, both ends among them."""
    if accused.size <= most:
        return list(range(accused.size))
    wanted = np.geomspace(1.0, accused[-1] + 1.0, most) - 1.0
    return sorted({int(place) for place in np.searchsorted(accused, np.minimum(wanted, accused[-1]))})
