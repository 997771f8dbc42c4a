"""What runs cost, as tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harness.query import Figure, Spending, figures

__all__ = ["FIGURES", "RUNS", "beside", "told"]

FIGURES = ("figure", "value", "unit", "how", "basis", "reason")
RUNS = ("run", "model", "finished", "machine", "key", "title", "value", "unit", "how", "basis", "reason", "here")


def told(found: Sequence[Figure]) -> pd.DataFrame:
    """One row for each figure; value is None where there is no number, and reason says why."""
    rows = [(its.title, its.value, its.unit, its.how.value, its.basis, its.reason) for its in found]
    return pd.DataFrame(rows, columns=list(FIGURES))


def beside(runs: Sequence[Spending], key: str, here: str) -> pd.DataFrame:
    """One figure of every run, in the order of the list; ``here`` marks the run that the page is about.

    Args:
        runs: Newest first.
        key: Of the figure.
        here: Name of that run.
    """
    rows = [
        (
            *(one.run, one.model, one.finished, one.machine, its.key, its.title, its.value, its.unit),
            *(its.how.value, its.basis, its.reason, one.run == here),
        )
        for one in runs
        for its in figures(one)
        if its.key == key
    ]
    return pd.DataFrame(rows, columns=list(RUNS))
