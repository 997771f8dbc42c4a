"""The router: sections, pages, and the bar above all of them."""

from __future__ import annotations

import streamlit as st

from dashboards.bar import bar

PAGES = {
    "Decide": [
        st.Page("screens/verdict.py", title="Verdict", default=True),
        st.Page("screens/risk.py", title="Risk map", url_path="risk"),
    ],
    "Understand": [
        st.Page("screens/hallucination.py", title="Hallucination", url_path="hallucination"),
        st.Page("screens/robustness.py", title="Robustness", url_path="robustness"),
        st.Page("screens/bias.py", title="Bias", url_path="bias"),
        st.Page("screens/memorisation.py", title="Memorisation", url_path="memorisation"),
        st.Page("screens/watermark.py", title="Watermark", url_path="watermark"),
        st.Page("screens/samples.py", title="Samples", url_path="samples"),
    ],
    "Prove": [
        st.Page("screens/frameworks.py", title="Frameworks", url_path="frameworks"),
        st.Page("screens/methods.py", title="Methods", url_path="methods"),
        st.Page("screens/evidence.py", title="Evidence", url_path="evidence"),
        st.Page("screens/health.py", title="Run health", url_path="health"),
    ],
}

st.set_page_config(page_title="harness", layout="wide")
page = st.navigation(PAGES, expanded=True)
bar()
page.run()
