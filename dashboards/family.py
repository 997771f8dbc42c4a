"""The page of one family of risk: its headline numbers beside one another, then each probe."""

from __future__ import annotations

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.forest import headline_forest
from dashboards.frames.run import headlines
from dashboards.opened import view
from dashboards.parts import forests, limits, probe_section
from dashboards.safe_text import escaped

__all__ = ["family_page"]

QUESTIONS = {
    "hallucination": "Does it make things up?",
    "robustness": "Does another wording change the answer?",
    "bias": "Does it treat people alike?",
    "memorisation": "Does it give its training data away?",
    "watermark": "Can its output be recognised?",
}


def family_page(family: str) -> None:
    """Lay out the page of ``family``, one of `QUESTIONS`."""
    shown = view(needs_run().name)
    st.title(QUESTIONS[family])
    sections = [section for section in shown.sections if section.card.family == family]
    unfit = [(probe, data, why) for probe, data, why in shown.untested.cells if probe.startswith(f"{family}.")]
    if not sections:
        st.markdown(f"Nothing about {family} was tested in this run.")
    rows = headlines(shown, family)
    forests("Headline numbers", rows, headline_forest, key="headlines")
    if rows["value"].notna().any():
        st.caption(
            "The dot is what was measured, the bar its interval, the short line what a harmless model would give."
        )
    for section in sections:
        probe_section(section)
    if unfit:
        st.subheader("Not applicable to this model")
        for probe, data, why in unfit:
            st.markdown(f"- {escaped(probe)} on {escaped(data)}: {escaped(why, limit=600)}")
    limits(shown, sections)
