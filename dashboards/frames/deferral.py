"""What a threshold on confidence does, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.query import Advice, Estimate, Handover, MetricPart, Section, Selection, amount

__all__ = ["certified", "costs", "diagram", "lines", "marks", "sureness", "thresholds"]

THRESHOLDS = ("threshold", "answered", "of", "coverage", "wrong", "risk", "low", "high", "method")
DIAGRAM = ("least", "most", "confidence", "right", "low", "high", "n", "method")
COSTS = ("threshold", "handed_over", "cost", "low", "high", "cheapest", "method")
MARKS = ("coverage", "label")


def thresholds(its: Selection) -> pd.DataFrame:
    """One row for each threshold, the most careful first; ``coverage`` and ``risk`` with its bounds in [0, 1]."""
    rows = [
        (
            *(point.at, point.answered, its.n, point.coverage, point.wrong),
            *(point.risk.value, point.risk.low, point.risk.high, point.risk.method),
        )
        for point in its.points
    ]
    return pd.DataFrame(rows, columns=list(THRESHOLDS))


def lines(its: Selection) -> pd.DataFrame:
    """What an order that knows every error would give, and a random one: line, coverage and risk, both in [0, 1]."""
    random = [("random order", at, its.overall.value) for at in (0.0, 1.0)]
    best = [("every error known", coverage, risk) for coverage, risk in its.best]
    return pd.DataFrame([*random, *best], columns=["line", "coverage", "risk"])


def marks(its: Selection, held: Sequence[Handover], promised: float | None) -> pd.DataFrame:
    """Thresholds that are in use or certified, at the share of the answers that they let through.

    Args:
        its: The cell.
        held: By which the model hands over; those on another kind of confidence have no place here.
        promised: The certified threshold; None where there is none.
    """
    found = [(one.threshold, "in use") for one in held if one.kind == its.kind and one.threshold is not None]
    if promised is not None:
        found.append((promised, "certified"))
    rows = [(_coverage(its, at), label) for at, label in found]
    return pd.DataFrame(rows, columns=list(MARKS))


def _coverage(its: Selection, at: float) -> float:
    return max((point.coverage for point in its.points if point.at >= at), default=0.0)


def diagram(its: Selection) -> pd.DataFrame:
    """One row for each bin of about equally many answers: how sure the model was, and how often it was right."""
    rows = [
        (
            *(point.low, point.high, point.confidence, point.accuracy.value, point.accuracy.low),
            *(point.accuracy.high, point.n, point.accuracy.method),
        )
        for point in its.bins
    ]
    return pd.DataFrame(rows, columns=list(DIAGRAM))


def costs(advice: Advice) -> pd.DataFrame:
    """One row for each threshold, from handing all over to answering all; ``cost`` of 100 questions, in hand-overs."""
    rows = [
        (
            *(one.at, one.handed, 100 * one.cost.value, 100 * one.cost.low, 100 * one.cost.high),
            *(one is advice.cheapest, one.cost.method),
        )
        for one in advice.costs
    ]
    return pd.DataFrame(rows, columns=list(COSTS))


def certified(section: Section) -> tuple[float | None, tuple[MetricPart, ...]]:
    """The threshold that the probe certified, None where it could not or does not; and the findings that tell of it."""
    names = [f"{section.card.id}/{name}" for name in ("deferral_threshold", "answered_share")]
    parts = tuple(part for part in section.metrics if part.name in names)
    found = [part.found for part in parts if part.name == names[0]]
    return next((one.interval.value for one in found if isinstance(one, Estimate)), None), parts


def sureness(its: Selection) -> str:
    """Say in one sentence how far confidence and truth lie apart."""
    right = 1 - its.overall.value
    told = (
        f"On average the model is sure to {amount(its.sure, 'share')}, and right in {amount(right, 'share')} of these"
        f" {its.n:,} answers"
    )
    if its.beyond is None:
        return f"{told}; one item alone says nothing of others."
    low, high = its.beyond.low, its.beyond.high
    if low <= 0 <= high:
        return f"{told}: so few answers cannot tell that from a model which is as often right as it is sure."
    return f"{told}: it is {'surer than it is right' if low > 0 else 'right more often than it is sure'}."
