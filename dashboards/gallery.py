"""Pictures of a run on a page: what the model draws, and what probes show; nothing but what was encoded here."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.opened import library
from dashboards.safe_text import escaped, plain
from harness.query import Gallery, Panel, Picture, Section, pictures, plural

__all__ = ["contact_sheet", "exhibits", "images", "pictures_of"]

THUMB, BESIDE = 72, 104
"""Width in pixels of a picture on the contact sheet, and of one of several side by side."""
DRAWING = frozenset({"draw", "text_to_image"})
"""Capabilities by which a model draws."""
AT_ONCE, ABREAST = 8, 4
"""Panels before the fold, and in a row."""


def pictures_of(run: str) -> Gallery:
    """The pictures of a run that the reader may see, read once."""
    its = library()
    return _pictures(str(its.store.root), run, its.fingerprint(run), its.role.value)


@st.cache_data(max_entries=20, show_spinner="Reading pictures …")
def _pictures(store: str, run: str, digest: str, role: str) -> Gallery:
    # What one role sees is never kept for another.
    del store, digest, role
    return pictures(library(), run)


def contact_sheet(run: str, sections: Sequence[Section]) -> None:
    """What the model draws, or why it is not shown; nothing at all where no probe of these sections had it draw."""
    if not any(need in DRAWING for section in sections for need in section.card.needs):
        return
    found = pictures_of(run)
    if not found.drawn and not found.hidden:
        return
    st.subheader("What the model draws")
    if found.hidden:
        st.markdown(escaped(found.hidden, limit=600))
        return
    st.caption(escaped(found.note, limit=600))
    images(found.drawn, THUMB)


def exhibits(run: str, cell: str, title: str, finding: str) -> None:
    """What the probe of one cell shows, most telling first; nothing where it shows nothing.

    Args:
        run: Name of the bundle.
        cell: Probe and data set, ``probe@dataset``.
        title: Above the pictures, safe.
        finding: How often that happens, in a sentence.
    """
    found = pictures_of(run)
    wall = found.walls.get(cell)
    if wall is None:
        return
    st.subheader(title)
    st.markdown(escaped(finding, limit=900))
    _panels(wall.panels[:AT_ONCE])
    rest = wall.panels[AT_ONCE:]
    if rest:
        with st.expander(f"{plural(len(rest), 'further example')}"):
            _panels(rest)
    if wall.left_out:
        st.caption(escaped(wall.left_out, limit=600))


def _panels(panels: Sequence[Panel]) -> None:
    for start in range(0, len(panels), ABREAST):
        for place, panel in zip(st.columns(ABREAST), panels[start : start + ABREAST], strict=False):
            with place:
                st.markdown(f"**{escaped(panel.title)}**")
                images(panel.pictures, BESIDE)
                st.caption(escaped(panel.note, limit=600))


def images(shown: Sequence[Picture], width: int) -> None:
    """Pictures in a row that breaks where it must; those that cannot be shown are named below."""
    there = [its for its in shown if its.png]
    if there:
        with st.container(horizontal=True, gap="small"):
            for its in there:
                st.image(its.png, caption=escaped(its.label), alt=plain(its.alt), width=width, output_format="PNG")
    for its in shown:
        if not its.png:
            st.caption(f"{escaped(its.label)} is not shown: {escaped(its.missing)}.")
