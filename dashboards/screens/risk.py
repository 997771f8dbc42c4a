"""Where is the risk?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.forest import headline_forest
from dashboards.charts.risk import risk_map
from dashboards.frames.run import headlines, worst_bounds
from dashboards.opened import view
from dashboards.parts import chart, forests, limits, palette

shown = view(needs_run().name)
st.title("Where is the risk?")
bounds = worst_bounds(shown)
if len(bounds):
    chart(
        "How bad it may be: the worst end of each interval, of 100",
        risk_map(bounds, palette()),
        bounds,
        key="risk",
        words="; ".join(
            f"{row['probe']}, {row['by']}, {row['group']}: {row['words']}" for row in bounds.to_dict("records")
        ),
    )
    st.caption(
        "Of each kind of group, the worst one: point at a cell for its name. The deeper the colour, the further that"
        " end lies from what a harmless model gives; no colour is no further."
    )
rows = headlines(shown)
forests("Headline numbers", rows, headline_forest, key="headlines")
if not len(rows):
    st.markdown("This run has no numbers: no probe fitted the model.")
limits(shown, shown.sections)
