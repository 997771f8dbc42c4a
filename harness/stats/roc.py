"""How well a score tells positives from negatives.

Larger scores mean positive. An area below one half is reported as it is: on fresh data it is a finding or a
bug, never a reason to turn the score round.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import contained, critical, finite, wilson
from harness.stats.rates import proportion

__all__ = ["auc", "negatives_for", "tpr_at_fpr"]


def auc(scores: Sequence[float], labels: Sequence[int], *, confidence: float = 0.95) -> Interval:
    """Area under the ROC curve: the chance that a positive outscores a negative, ties counting one half.

    DeLong's variance, turned into the number of yes-or-no units with the same variance, at which Wilson's
    interval stays in [0, 1] and keeps a width at 0 and 1. Source: DeLong et al. 1988, Biometrics 44:837-845,
    by ranks.

    Args:
        scores: Shape ``[n]``, finite.
        labels: 1 for positives, 0 for negatives, at least two of each.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts positives and negatives together.

    Raises:
        ValueError: fewer than two of either class, or other labels.
    """
    positives, negatives = _split(scores, labels)
    ranks = stats.rankdata(np.concatenate([positives, negatives]))
    # A rank less the rank among one's own class counts the other class below (ties one half).
    above = (ranks[: positives.size] - stats.rankdata(positives)) / negatives.size
    below = 1 - (ranks[positives.size :] - stats.rankdata(negatives)) / positives.size
    value = float(np.clip(above.mean(), 0.0, 1.0))
    variance = above.var(ddof=1) / positives.size + below.var(ddof=1) / negatives.size
    z = critical(confidence)
    fewer = min(positives.size, negatives.size)
    least = max(value * (1 - value), 0.0) * z**2 / (fewer + z**2) / fewer
    size = value * (1 - value) / max(variance, least) if 0 < value < 1 else float(fewer)
    return contained(
        value,
        wilson(value, size, z),
        within=(0.0, 1.0),
        confidence=confidence,
        n=positives.size + negatives.size,
        method="delong, wilson",
    )


def tpr_at_fpr(
    positives: Sequence[float],
    negatives: Sequence[float],
    *,
    calibration: Sequence[float],
    fpr: float,
    confidence: float = 0.95,
) -> tuple[Interval, Interval]:
    """Shares of positives and of negatives above a threshold that was set for a false-positive rate of ``fpr``.

    The threshold is the lowest that at most a share ``fpr`` of the negatives set apart for it exceeds, ties included;
    both shares are then of others, with Clopper-Pearson intervals, so that the rate that was meant stands beside the
    rate that was had.

    Args:
        positives: Scores, finite, at least one.
        negatives: Scores, finite, at least one, none of them in ``calibration``.
        calibration: Scores of the negatives that set the threshold.
        fpr: In (0, 1).
        confidence: Nominal coverage.

    Returns:
        The true-positive rate, whose ``n`` counts positives, and the false-positive rate, whose ``n`` counts
        negatives.

    Raises:
        ValueError: ``fpr`` outside (0, 1), or fewer than `negatives_for` it in all: a rate that shows in fewer than
            ten negatives is not one to speak of.
    """
    if not 0 < fpr < 1:
        raise ValueError(f"a false-positive rate lies in (0, 1), not {fpr}")
    above, below, placed = finite(positives), finite(negatives), np.sort(finite(calibration))
    given = below.size + placed.size
    if given < negatives_for(fpr):
        raise ValueError(f"a false-positive rate of {fpr} needs {negatives_for(fpr)} negatives, not {given}")
    allowed = floor(fpr * placed.size + 1e-9)  # 0.29 * 100 is 28.999…
    if allowed < 1:
        raise ValueError(f"{placed.size} negatives cannot set a threshold for a rate of {fpr}: set more apart")
    threshold = placed[-allowed - 1]
    tpr, actual = (
        proportion(int(np.sum(its > threshold)), its.size, confidence=confidence, method="clopper-pearson")
        for its in (above, below)
    )
    return tpr, actual


def negatives_for(fpr: float) -> int:
    """How many negatives a false-positive rate of ``fpr`` needs: ten times as many as show it once."""
    return ceil(10 / fpr - 1e-9)


def _split(scores: Sequence[float], labels: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positives' and negatives' scores; raises ``ValueError`` where either has fewer than two."""
    array, flags = finite(scores), np.asarray(labels)
    if array.shape != flags.shape or not np.isin(flags, (0, 1)).all():
        raise ValueError("each score needs one label, 0 or 1")
    positives, negatives = array[flags == 1], array[flags == 0]
    if min(positives.size, negatives.size) < 2:
        raise ValueError(f"need two of each class, not {positives.size} positives and {negatives.size} negatives")
    return positives, negatives
