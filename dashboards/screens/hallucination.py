"""How does it fail? What became of every answer, then everything that was asked about hallucination."""

from collections.abc import Sequence

import streamlit as st

from dashboards.charts.families import fate_words, stacked_fates
from dashboards.family import Apart, family_page
from dashboards.frames.deferral import sureness
from dashboards.frames.families import cell_of, fates, outcomes, title_of
from dashboards.parts import chart, palette, table
from dashboards.safe_text import escaped
from dashboards.tables import fates_of, selected
from harness.query import Section


def _main(run: str, sections: Sequence[Section]) -> Apart:
    found = [(section, its) for section in sections if (its := fates_of(run, cell_of(section)))]
    if found:
        rows = fates(found)
        wrong = rows[rows["what"] == "wrong"]
        worst = wrong.sort_values("share").iloc[-1] if len(wrong) else None
        title = (
            "No answer was wrong"
            if worst is None
            else f"Most often wrong: {worst['title']}, {worst['count']} of {worst['asked']} answers"
        )
        chart(escaped(title, limit=600), stacked_fates(rows, palette()), rows, key="fates", words=fate_words(rows))
        st.caption(
            "Every answer is in one part of its bar. Questions differ from probe to probe, so bars of different probes"
            " are no race. What each probe calls right stands in its section; intervals are in the table."
        )
        for section, _ in found:
            if section.metrics:
                st.markdown(f"- **{escaped(title_of(section))}**: {escaped(section.metrics[0].sentence, limit=900)}")
    others = [section for section in sections if not any(section is one for one, _ in found)]
    if others:
        named = ", ".join(escaped(title_of(section)) for section in others)
        st.markdown(f"Without right and wrong for each answer, so in no bar: {named}. Its shares stand below.")
        table("How many of their replies were scored", outcomes(others), key="outcomes")
    _sureness(run, sections)
    return ()


def _sureness(run: str, sections: Sequence[Section]) -> None:
    named = {cell_of(section): title_of(section) for section in sections}
    sure = [its for its in selected(run) if its.cell in named]
    if not sure:
        return
    st.subheader("Is it as often right as it is sure?", anchor="calibration")
    for its in sure:
        st.markdown(f"- **{escaped(named[its.cell])}**, by {escaped(its.kind)}: {escaped(sureness(its), limit=600)}")
    st.page_link("screens/deferral.py", label="When should it hand over to a human?", query_params={"run": run})


family_page("hallucination", _main)
