"""Headline numbers over time, as tables."""

from __future__ import annotations

import pandas as pd

from dashboards.safe_text import plain
from harness.query import Link, TrendSeries

__all__ = ["LINKS", "RUNS", "joins", "marks", "run_rows"]

RUNS = (
    "place",
    "when",
    "run",
    "value",
    "low",
    "high",
    "n",
    "n_unit",
    "unit",
    "null",
    "least",
    "most",
    "method",
    "since",
)
JOINS = ("place", "value", "piece", "link")
MARKS = ("place", "why", "link")
LINKS = {
    Link.SAME: "the same model, measured the same way",
    Link.OTHER_MODEL: "another version of the model, measured the same way",
    Link.OTHER_MEASURE: "measured otherwise",
}


def run_rows(series: TrendSeries) -> pd.DataFrame:
    """A row for each run, oldest first; ``since`` says what else differs from the run before it."""
    rows = []
    steps = ("", *(step.why for step in series.steps))
    for place, (point, why) in enumerate(zip(series.points, steps, strict=True)):
        its = point.found.interval
        rows.append(
            (
                *(place, point.finished[:16].replace("T", " "), plain(point.run), its.value, its.low, its.high, its.n),
                *(plain(point.found.n_unit), point.found.unit, point.found.null, *point.limit, its.method, plain(why)),
            )
        )
    return pd.DataFrame(rows, columns=list(RUNS))


def joins(series: TrendSeries) -> pd.DataFrame:
    """Two rows for each piece of a line between runs that can be compared; runs measured otherwise are not joined."""
    rows = []
    for place, step in enumerate(series.steps):
        if step.link is not Link.OTHER_MEASURE:
            ends = series.points[place : place + 2]
            rows += [(place + at, point.found.interval.value, place, step.link.value) for at, point in enumerate(ends)]
    return pd.DataFrame(rows, columns=list(JOINS))


def marks(series: TrendSeries) -> pd.DataFrame:
    """A row for each place between two runs where something else than time changed."""
    rows = [
        (place + 0.5, plain(step.why), step.link.value)
        for place, step in enumerate(series.steps)
        if step.link is not Link.SAME
    ]
    return pd.DataFrame(rows, columns=list(MARKS))
