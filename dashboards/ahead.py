"""What is read and drawn before the first reader comes, who would else wait for it."""

from __future__ import annotations

import gc
import inspect
from contextlib import suppress

from dashboards.charts.forest import gate_forest
from dashboards.charts.palette import LIGHT
from dashboards.frames.run import gates
from dashboards.opened import newest, opened_for, shown
from harness.query import HarnessError, Library, Role

__all__ = ["look_ahead"]


def look_ahead(role: Role) -> None:
    """Read the newest run and draw what the first page shows of it. What is wrong with one is told on the page."""
    with suppress(HarnessError, ValueError, KeyError, TypeError):
        _look(opened_for(role))
    # Streamlit asks once whether it runs in a notebook, by the stack; Python finds out then where every module lies.
    inspect.stack()
    # Streamlit collects garbage after every visit of a page. What was imported by now is none, and looking through it
    # took 0.2 s each time.
    gc.collect()
    gc.freeze()


def _look(its: Library) -> None:
    one = newest(its.runs())
    if one is None:
        return
    rows = gates(shown(its, one.name, ""))
    # Altair reads and compiles its schemas for the first chart that it checks.
    for _, of_unit in rows[rows["value"].notna()].groupby("unit"):
        gate_forest(of_unit, LIGHT).to_dict()
