"""A rate corrected for the errors of whatever judged it."""

from __future__ import annotations

from math import hypot

from harness.records import Interval
from harness.stats.intervals import contained

__all__ = ["rogan_gladen"]


def rogan_gladen(observed: Interval, sensitivity: Interval, specificity: Interval) -> Interval:
    """True share behind the ``observed`` one: (q + sp - 1) / (se + sp - 1), clipped to [0, 1].

    The interval is the delta method's, with each input's own distance to its lower or upper bound in
    place of a multiple of a standard error, so that skewed inputs give a skewed result (the MOVER
    construction). Source: Rogan and Gladen 1978, American Journal of Epidemiology 107:71-76.

    Args:
        observed: Share that the judge called positive.
        sensitivity: Share of true positives that it calls positive.
        specificity: Share of true negatives that it calls negative.

    Returns:
        The interval, at the inputs' common confidence; its ``n`` is that of ``observed``.

    Raises:
        ValueError: se + sp <= 1, a judge no better than chance; or confidences that differ.
    """
    if not observed.confidence == sensitivity.confidence == specificity.confidence:
        raise ValueError("the three intervals must have one confidence")
    youden = sensitivity.value + specificity.value - 1
    if youden <= 0:
        raise ValueError("sensitivity + specificity must exceed 1: this judge is no better than chance")
    value = min(max((observed.value + specificity.value - 1) / youden, 0.0), 1.0)
    # The share rises with the observed one and with specificity, and falls with sensitivity.
    below = hypot(
        observed.value - observed.low,
        (1 - value) * (specificity.value - specificity.low),
        value * (sensitivity.high - sensitivity.value),
    )
    above = hypot(
        observed.high - observed.value,
        (1 - value) * (specificity.high - specificity.value),
        value * (sensitivity.value - sensitivity.low),
    )
    return contained(
        value,
        (value - below / youden, value + above / youden),
        within=(0.0, 1.0),
        confidence=observed.confidence,
        n=observed.n,
        method="rogan-gladen",
    )
