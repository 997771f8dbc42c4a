"""The router: sections, pages, and the bar above all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards.bar import bar, door

PAGES = {
    "Decide": [
        st.Page("screens/verdict.py", title="Verdict", default=True),
        st.Page("screens/risk.py", title="Risk map", url_path="risk"),
        st.Page("screens/compare.py", title="Compare", url_path="compare"),
        st.Page("screens/trend.py", title="Trend", url_path="trend"),
    ],
    "Understand": [
        st.Page("screens/hallucination.py", title="Hallucination", url_path="hallucination"),
        st.Page("screens/robustness.py", title="Robustness", url_path="robustness"),
        st.Page("screens/bias.py", title="Bias", url_path="bias"),
        st.Page("screens/memorisation.py", title="Memorisation", url_path="memorisation"),
        st.Page("screens/watermark.py", title="Watermark", url_path="watermark"),
        st.Page("screens/mitigations.py", title="Mitigations", url_path="mitigations"),
        st.Page("screens/samples.py", title="Samples", url_path="samples"),
        st.Page("screens/training.py", title="Training", url_path="training"),
        st.Page("screens/privacy.py", title="Privacy", url_path="privacy"),
        st.Page("screens/deferral.py", title="Deferral", url_path="deferral"),
        st.Page("screens/energy.py", title="Energy and cost", url_path="energy"),
    ],
    "Prove": [
        st.Page("screens/frameworks.py", title="Frameworks", url_path="frameworks"),
        st.Page("screens/methods.py", title="Methods", url_path="methods"),
        st.Page("screens/evidence.py", title="Evidence", url_path="evidence"),
        st.Page("screens/health.py", title="Run health", url_path="health"),
    ],
}

# Pages that have something to say where there is no run: studies lie beside the runs of a store.
WITHOUT_RUN = {"mitigations", "privacy"}

st.set_page_config(page_title="harness", layout="wide")
st.html(Path(__file__).parent / "print.css")
page = st.navigation(PAGES, expanded=True)
door()
bar(needed=page.url_path not in WITHOUT_RUN)
page.run()
