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

__all__ = ["auc", "tpr_at_fpr"]


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


def tpr_at_fpr(scores: Sequence[float], labels: Sequence[int], *, fpr: float, confidence: float = 0.95) -> Interval:
    """Share of positives above the threshold that a share ``fpr`` of negatives exceeds, Clopper-Pearson.

    The threshold is the lowest that keeps false positives at or below ``fpr``, ties included; its own
    uncertainty is not part of the interval.

    Args:
        scores: Shape ``[n]``, finite.
        labels: 1 for positives, 0 for negatives.
        fpr: In (0, 1).
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts positives.

    Raises:
        ValueError: ``fpr`` outside (0, 1), or fewer than 1 / fpr negatives, which cannot place the threshold.
    """
    positives, negatives = _split(scores, labels)
    if not 0 < fpr < 1:
        raise ValueError(f"a false-positive rate lies in (0, 1), not {fpr}")
    allowed = floor(fpr * negatives.size + 1e-9)  # 0.29 * 100 is 28.999…
    if allowed < 1:
        raise ValueError(f"a false-positive rate of {fpr} needs {ceil(1 / fpr)} negatives, not {negatives.size}")
    threshold = np.sort(negatives)[-allowed - 1]
    return proportion(
        int(np.sum(positives > threshold)), positives.size, confidence=confidence, method="clopper-pearson"
    )


def _split(scores: Sequence[float], labels: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positives' and negatives' scores; raises ``ValueError`` where either has fewer than two."""
    array, flags = finite(scores), np.asarray(labels)
    if array.shape != flags.shape or not np.isin(flags, (0, 1)).all():
        raise ValueError("each score needs one label, 0 or 1")
    positives, negatives = array[flags == 1], array[flags == 0]
    if min(positives.size, negatives.size) < 2:
        raise ValueError(f"need two of each class, not {positives.size} positives and {negatives.size} negatives")
    return positives, negatives
