"""Where is the risk?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.forest import headline_forest
from dashboards.charts.risk import PICKED, risk_map
from dashboards.family import QUESTIONS
from dashboards.frames.run import headlines, worst_bounds
from dashboards.opened import view
from dashboards.parts import chart, forests, limits, palette
from dashboards.safe_text import escaped
from harness.query import dataset_words

run = needs_run().name
shown = view(run)
st.title("Where is the risk?")
bounds = worst_bounds(shown)
# Of each section, the page that shows it: that of its family, or, where it has none, its cases.
pages = {
    section.anchor: (f"screens/{section.card.family}.py", {})
    if section.card.family in QUESTIONS
    else ("screens/samples.py", {"cell": f"{section.card.id}@{section.result.dataset}"})
    for section in shown.sections
}
if len(bounds):
    picked = chart(
        "How bad it may be: the worst end of each interval, of 100",
        risk_map(bounds, palette()),
        bounds,
        key="risk",
        words="; ".join(
            f"{row['probe']}, {row['by']}, {row['group']}: {row['words']}" for row in bounds.to_dict("records")
        ),
        picks=PICKED,
    )
    st.caption(
        "Of each kind of group, the worst one: point at a cell for its name, and click on it for how it was found. The"
        " deeper the colour, the further that end lies from what a harmless model gives, and where more is better, from"
        " 100; no colour is no further."
    )
    if picked and picked.get("section") in pages:
        page, more = pages[picked["section"]]
        st.switch_page(page, query_params={"run": run, **more})
    with st.expander("The same as links"):
        for section in shown.sections:
            page, more = pages[section.anchor]
            name = escaped(f"{section.card.title}, {dataset_words(section.result.dataset)}")
            st.page_link(page, label=name, query_params={"run": run, **more})
rows = headlines(shown)
forests("Headline numbers", rows, headline_forest, key="headlines")
if not len(rows):
    st.markdown("This run has no numbers: no probe fitted the model.")
limits(shown, shown.sections)
