"""Two runs beside each other: compared in `harness.query`, once for each pair of bundles and each probe.

Bundles are named by the digests of their manifests, so that what is kept is never that of others. Prompts and replies
are never kept.
"""

from __future__ import annotations

from time import monotonic

import streamlit as st

from dashboards.opened import library
from harness.query import AT_ONCE, PATIENCE, CellChange, CellPair, FlipCount, Pairing, change_of, count_flips, pairing

__all__ = ["change", "changes", "flips", "paired"]

ON_ENTRY = 1.0
"""Seconds after which the page is shown with what has been compared; the other probes wait for a button."""
LARGEST = 20_000
"""Cases of a cell in either run: more take seconds to read, however few of them both have."""
KEPT = 400
"""Changes of single probes that are kept at once."""
Key = tuple[str, str, str]


def _key(before: str, after: str) -> Key:
    """The store and the digests of both manifests."""
    its = library()
    return str(its.store.root), its.fingerprint(before), its.fingerprint(after)


def paired(before: str, after: str) -> Pairing:
    """What the runs have in common."""
    return _paired(before, after, _key(before, after))


@st.cache_data(max_entries=50, show_spinner="Looking for what both runs asked …")
def _paired(before: str, after: str, key: Key) -> Pairing:
    del key
    return pairing(library(), before, after)


def changes(both: Pairing, asked_for: frozenset[str]) -> list[CellChange]:
    """What changed in every probe that is quickly compared, and in those that the reader asked for.

    Args:
        both: The runs.
        asked_for: Cells that are compared however long it takes.
    """
    due = [cell for cell in both.open if _quick(cell) or cell.cell in asked_for]
    if not due:
        return []
    told = st.progress(0.0, text="Comparing …")
    found: list[CellChange] = []
    started = monotonic()
    for place, cell in enumerate(due):
        if cell.cell not in asked_for and monotonic() - started > ON_ENTRY:
            found.append(CellChange(cell, (), seconds=0.0))
            continue
        told.progress(place / len(due), text=f"Comparing probe {place + 1} of {len(due)} …")
        found.append(change(both.before, both.after, cell.cell, whole=cell.cell in asked_for))
    told.empty()
    return found


def _quick(cell: CellPair) -> bool:
    return cell.both <= AT_ONCE and cell.both + cell.apart <= LARGEST


def change(before: str, after: str, cell: str, *, whole: bool) -> CellChange:
    """What changed in one probe; where it takes longer than `PATIENCE` and not the ``whole`` is wanted, how long."""
    return _change(before, after, cell, _key(before, after), None if whole else PATIENCE)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _change(before: str, after: str, cell: str, key: Key, allowed: float | None) -> CellChange:
    its = next(one for one in _paired(before, after, key).cells if one.cell == cell)
    return change_of(library(), before, after, its, allowed=allowed)


def flips(before: str, after: str) -> tuple[FlipCount, ...]:
    """How many cases came out otherwise."""
    return _flips(before, after, _key(before, after))


@st.cache_data(max_entries=50, show_spinner="Counting the cases that came out otherwise …")
def _flips(before: str, after: str, key: Key) -> tuple[FlipCount, ...]:
    del key
    return count_flips(library(), before, after)
