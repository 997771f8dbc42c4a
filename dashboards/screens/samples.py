"""Show me: single cases, prompt, reply and judgement."""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.opened import library, view
from dashboards.parts import limits
from dashboards.safe_text import escaped, plain
from dashboards.sample import gist, show_sample
from harness.query import OUTCOMES, Filter, Role, page_of, plural

SIZE = 10

run = needs_run().name
shown = view(run)
st.title("Show me")
if library().role is Role.POLICY:
    st.markdown("Single cases are for auditors: your role sees findings. Ask for the role of an auditor.")
    limits(shown, ())
    st.stop()

cells = {f"{section.card.id}@{section.result.dataset}": section for section in shown.sections}
first, second, third, fourth = st.columns([3, 2, 2, 3])
cell = first.selectbox(
    "Probe and data", list(cells), index=None, placeholder="all", key="cell", bind="query-params", format_func=plain
)
outcome = second.selectbox("Outcome", OUTCOMES, index=None, placeholder="all", key="outcome", bind="query-params")
names = sorted({row.name for part in cells[cell].metrics for by in part.groups for row in by.rows} if cell else ())
group = third.selectbox(
    "Group",
    names,
    index=None,
    placeholder="all" if names else "choose a probe first",
    key="group",
    bind="query-params",
    disabled=not names,
    format_func=plain,
)
text = fourth.text_input("Words in prompt or reply", key="text", bind="query-params", max_chars=200)
case = st.query_params.get("case")
wanted = Filter(cell=cell, outcome=outcome, group=group, case=case, text=text or "")

# The number of the page is asked of the address: how many pages there are is known only once one was read.
asked = str(st.session_state.get("page") or st.query_params.get("page", "1"))
number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 10 else 1
page = page_of(library(), run, wanted, start=SIZE * (number - 1), size=SIZE)
last = max(1, -(-page.fitting // SIZE))
if number > last:
    page = page_of(library(), run, wanted, start=SIZE * (last - 1), size=SIZE)
if case:
    st.page_link(
        "screens/samples.py",
        label="All cases of this probe",
        query_params={"run": run, **({"cell": cell} if cell else {})},
    )
if not page.fitting:
    st.markdown("No case fits. Choose less.")
else:
    if last > 1:
        st.pagination(last, key="page", bind="query-params")
    st.caption(f"{plural(page.fitting, 'case')} in all{f'; {SIZE} on a page' if last > 1 else ''}.")
    for sample in page.samples:
        label = (sample.case, sample.cell, sample.outcome, gist(sample))
        with st.expander(escaped(" · ".join(filter(None, label))), expanded=len(page.samples) == 1):
            show_sample(library(), run, sample)
limits(shown, [section for key, section in cells.items() if cell in (None, key)])
