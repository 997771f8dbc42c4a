"""Is the data sound?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.frames.run import denominators
from dashboards.opened import view
from dashboards.parts import limits
from dashboards.safe_text import escaped

shown = view(needs_run().name)
st.title("Is the data sound?")
rows = denominators(shown)
st.dataframe(rows, hide_index=True, key="health", alt="Of each probe: cases asked, scored, and left out by reason")
st.download_button("Download as CSV", rows.to_csv(index=False), "health.csv", "text/csv")
failed = [(s, c) for s in shown.sections for c in s.controls if c.key == "fail"]
if failed:
    st.markdown("■ **A control failed**: what its probe found is no evidence.")
    for section, control in failed:
        st.markdown(f"- {escaped(section.card.title)}: {escaped(control.title)}")
else:
    st.markdown("● Every control came out as it should.")
limits(shown, ())
