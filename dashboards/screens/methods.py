"""How was it measured?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.opened import view
from dashboards.parts import limits
from dashboards.safe_text import escaped

shown = view(needs_run().name)
st.title("How was it measured?")
for card in {section.card.id: section.card for section in shown.sections}.values():
    with st.expander(f"{escaped(card.title)} ({escaped(card.id)}, version {escaped(card.version)})"):
        st.markdown(escaped(card.question))
        st.markdown("**What it reports**")
        for metric in card.metrics:
            st.markdown(f"- {escaped(metric.title)}, in {escaped(metric.unit)}; {metric.better.value} is better")
        st.markdown("**What it cannot tell**")
        for limit in card.limits:
            st.markdown(f"- {escaped(limit, limit=600)}")
        st.markdown("**Sources**")
        for source in card.references:
            st.markdown(f"- {escaped(source, limit=600)}")
if shown.readers:
    st.subheader("Instruments: what read the replies, and how well")
    for reader in shown.readers:
        st.markdown(f"- **{escaped(reader.title)}**: {escaped(reader.accuracy, limit=4000)}")
limits(shown, ())
