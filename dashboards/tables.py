"""What pages show of the scores of a run: summed up in `harness.query`, once for each bundle.

A bundle is named by the digest of its manifest, so that what is kept is never that of another one. Prompts are never
kept: they are read anew for whoever may see them.
"""

from __future__ import annotations

import streamlit as st

from dashboards.opened import library
from harness.query import (
    Advice,
    Composition,
    Found,
    Selection,
    Slope,
    advice_on,
    composition,
    found_at_levels,
    selections,
    slopes,
)

__all__ = ["cost_of", "fates_of", "levels_of", "selected", "slopes_of"]

KEPT = 50
"""Answers of each kind that are kept at once."""
WAITING = "Reading the scores …"


def _key(run: str) -> tuple[str, str]:
    """The store and the digest of the run's manifest."""
    its = library()
    return str(its.store.root), its.fingerprint(run)


def selected(run: str) -> tuple[Selection, ...]:
    """What confidence is good for, in each cell that kept any."""
    return _selected(run, *_key(run))


@st.cache_data(max_entries=KEPT, show_spinner=WAITING)
def _selected(run: str, store: str, digest: str) -> tuple[Selection, ...]:
    del store, digest
    return selections(library(), run)


def cost_of(run: str, cell: str, ratio: float) -> Advice | None:
    """The cheapest threshold of one cell where a wrong answer costs ``ratio`` hand-overs."""
    return _cost_of(run, cell, ratio, *_key(run))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _cost_of(run: str, cell: str, ratio: float, store: str, digest: str) -> Advice | None:
    del store, digest
    return advice_on(library(), run, cell, ratio)


def fates_of(run: str, cell: str) -> Composition | None:
    """What became of the answers of one cell."""
    return _fates_of(run, cell, *_key(run))


@st.cache_data(max_entries=KEPT, show_spinner=WAITING)
def _fates_of(run: str, cell: str, store: str, digest: str) -> Composition | None:
    del store, digest
    return composition(library(), run, cell)


def slopes_of(run: str, cell: str) -> tuple[Slope, ...]:
    """What each kind of change costs, in one cell."""
    return _slopes_of(run, cell, *_key(run))


@st.cache_data(max_entries=KEPT, show_spinner=WAITING)
def _slopes_of(run: str, cell: str, store: str, digest: str) -> tuple[Slope, ...]:
    del store, digest
    return slopes(library(), run, cell)


def levels_of(run: str, cell: str) -> tuple[Found, ...]:
    """How often a mark was found in one cell, at each level of false alarms."""
    return _levels_of(run, cell, *_key(run))


@st.cache_data(max_entries=KEPT, show_spinner=WAITING)
def _levels_of(run: str, cell: str, store: str, digest: str) -> tuple[Found, ...]:
    del store, digest
    return found_at_levels(library(), run, cell)
