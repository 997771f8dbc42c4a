"""Cases that came out otherwise in two runs: how many, for everybody, and which, for who may see cases."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.compared import flips
from dashboards.frames.compare import flip_rows
from dashboards.opened import library
from dashboards.parts import table
from dashboards.safe_text import escaped
from dashboards.sample import show_answer, show_asked
from harness.query import CellPair, Flip, Role, flips_of, plural

__all__ = ["flipped_section"]

SIZE = 10


def flipped_section(before: str, after: str, pairs: Sequence[CellPair]) -> None:
    """Lay out how many cases of ``pairs`` came out otherwise, and a page of them."""
    st.subheader("Cases that came out otherwise")
    cells = [pair.cell for pair in pairs]
    counts = [one for one in flips(before, after) if one.cell in cells]
    both, flipped = sum(one.both for one in counts), sum(one.flipped for one in counts)
    st.markdown(
        f"**{flipped:,} of {plural(both, 'case')}** that both runs have came out otherwise: another outcome, or another"
        " answer to a yes-or-no question of the probe. Where a probe asks none, since it measures likelihoods or"
        " pictures, a change of outcome is all that counts here."
    )
    for one in counts:
        title = next(pair.title for pair in pairs if pair.cell == one.cell)
        for name, early, late, number in one.ways:
            told = f"{name}: {early} before, {late} now, in {number:,} of {plural(one.both, 'case')}"
            st.markdown(f"- {escaped(title)}. {escaped(told)}")
    table("Show as table", flip_rows(counts, pairs, cells), key="flips")
    if not flipped:
        return
    if library().role is Role.POLICY:
        st.markdown("Which cases they are is for auditors: your role sees how many. Ask for the role of an auditor.")
        return
    last = -(-flipped // SIZE)
    # The widget is made only where it has something to choose.
    number = st.pagination(last, key="flips", bind="query-params") if last > 1 else 1
    page = flips_of(library(), before, after, cells, start=SIZE * (number - 1), size=SIZE)
    for flip in page.flips:
        _flip(before, after, flip)


def _flip(before: str, after: str, flip: Flip) -> None:
    told = ", ".join(f"{name}: {early} → {late}" for name, early, late in flip.what)
    with st.expander(escaped(f"{flip.after.case} · {flip.after.cell} · {told}")):
        show_asked(flip.after)
        for place, title, run, sample in zip(
            st.columns(2), ("Before", "Now"), (before, after), (flip.before, flip.after), strict=True
        ):
            with place:
                st.markdown(f"**{title}**: {escaped(sample.outcome)}")
                show_answer(library(), run, sample)
                if sample.hidden:
                    st.caption(f"{plural(sample.hidden, 'passage')} that looked like personal data were blacked out.")
                st.page_link(
                    "screens/samples.py",
                    label="Link to this case",
                    query_params={"run": run, "cell": sample.cell, "case": sample.case},
                )
