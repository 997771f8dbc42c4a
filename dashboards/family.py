"""The page of one family of risk: how it fails, its headline numbers beside one another, then each probe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.forest import headline_forest
from dashboards.frames.families import cell_of, kinds_of_group
from dashboards.frames.run import headlines
from dashboards.gallery import contact_sheet
from dashboards.links import samples_link
from dashboards.opened import view
from dashboards.parts import forests, limits, probe_section
from dashboards.safe_text import escaped, plain
from harness.query import Section

__all__ = ["Apart", "Main", "family_page"]

QUESTIONS = {
    "hallucination": "Does it make things up?",
    "robustness": "Does another wording change the answer?",
    "bias": "Does it treat people alike?",
    "memorisation": "Does it give its training data away?",
    "watermark": "Can its output be recognised?",
}
Apart = Collection[tuple[str, str]]
"""Metrics by full name with the kind of group by which the main view has shown them: they are not shown twice."""
Main = Callable[[str, Sequence[Section]], Apart]
"""Lays out the main view of some sections of the run with that name."""


def family_page(family: str, main: Main | None = None) -> None:
    """Lay out the page of ``family``, one of `QUESTIONS`.

    Args:
        family: Of the probes.
        main: What comes first on the page; None for nothing before the headline numbers.
    """
    run = needs_run().name
    shown = view(run)
    st.title(QUESTIONS[family])
    every = [section for section in shown.sections if section.card.family == family]
    unfit = [(probe, data, why) for probe, data, why in shown.untested.cells if probe.startswith(f"{family}.")]
    if not every:
        st.markdown(f"Nothing about {family} was tested in this run.")
        st.caption("`harness probes list` names the probes of this family; `harness run` asks those of harness.toml.")
    sections, by = _filters(every)
    apart = main(run, sections) if main is not None and sections else ()
    rows = headlines(shown, family)
    rows = rows[rows["section"].isin([section.anchor for section in sections])]
    forests("Headline numbers", rows, headline_forest, key="headlines")
    if rows["value"].notna().any():
        st.caption(
            "The dot is what was measured, the bar its interval, the short line what a harmless model, or mere"
            " guessing, would give."
        )
    contact_sheet(run, sections)
    hidden = () if by is not None or len(sections) == 1 else _further(sections)
    for section in sections:
        probe_section(section, by=by, apart=[*apart, *hidden])
        if any(name.partition("/")[0] == section.card.id for name, _ in hidden):
            st.caption("Groups of its other numbers: choose the probe, or a kind of group, at the top.")
        samples_link(run, cell_of(section))
    if unfit:
        st.subheader("Not applicable to this model")
        for probe, data, why in unfit:
            st.markdown(f"- {escaped(probe)} on {escaped(data)}: {escaped(why, limit=600)}")
    limits(shown, sections)


def _further(sections: Sequence[Section]) -> list[tuple[str, str]]:
    """Groups of all numbers but the headlines, which would make a page of several probes too long to read."""
    return [(part.name, plain(table.by)) for its in sections for part in its.metrics[1:] for table in part.groups]


def _filters(every: Sequence[Section]) -> tuple[Sequence[Section], str | None]:
    """Which probes, and which kind of group, as the address says; all where it says nothing."""
    kinds = kinds_of_group(every)
    if len(every) < 2 and len(kinds) < 2:
        return every, None
    left, right = st.columns(2)
    # Names, not titles: an address holds what a choice shows, and links from elsewhere know the names.
    cell = left.selectbox(
        "Probe",
        [cell_of(section) for section in every],
        index=None,
        placeholder="all",
        format_func=plain,
        key="probe",
        bind="query-params",
    )
    by = right.selectbox(
        "Groups by", kinds, index=None, placeholder="all", format_func=plain, key="by", bind="query-params"
    )
    return [section for section in every if cell in (None, cell_of(section))], by
