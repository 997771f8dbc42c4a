"""Show me: single cases, prompt, reply and judgement."""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.opened import library, view
from dashboards.parts import limits
from dashboards.safe_text import escaped, show_untrusted
from harness.query import Filter, Role, page_of, plural

SIZE = 10
OUTCOMES = ("scored", "refused", "unreadable", "truncated", "failed")

run = needs_run().name
shown = view(run)
st.title("Show me")
if library().role is Role.POLICY:
    st.markdown("Single cases are for auditors: your role sees findings. Ask for the role of an auditor.")
    limits(shown, ())
    st.stop()

cells = [f"{section.card.id}@{section.result.dataset}" for section in shown.sections]
first, second, third = st.columns(3)
cell = first.selectbox("Probe and data", cells, index=None, placeholder="all", key="cell", bind="query-params")
outcome = second.selectbox("Outcome", OUTCOMES, index=None, placeholder="all", key="outcome", bind="query-params")
text = third.text_input("Words in prompt or reply", key="text", bind="query-params", max_chars=200)
wanted = Filter(cell=cell if cell in cells else None, outcome=outcome, text=text or "")
fitting = page_of(library(), run, wanted, size=1).fitting
if not fitting:
    st.markdown("No case fits. Choose less.")
else:
    number = st.pagination(-(-fitting // SIZE), key="page", bind="query-params")
    page = page_of(library(), run, wanted, start=SIZE * (number - 1), size=SIZE)
    st.caption(f"{plural(fitting, 'case')} in all; {SIZE} on a page.")
    for sample in page.samples:
        with st.expander(escaped(f"{sample.case} · {sample.cell} · {sample.outcome}")):
            st.caption("What was asked")
            for name, value in sample.ask.items():
                show_untrusted(f"{name}: {value}")
            st.caption(f"What came back ({escaped(sample.finish)})")
            show_untrusted(sample.text or sample.error or "", missing="No text: the model was asked for likelihoods.")
            st.caption("How it was judged")
            show_untrusted("\n".join(f"{name} = {value:.6g}" for name, value in sample.values.items()) or "no value")
            if sample.note:
                show_untrusted(sample.note)
            if sample.hidden:
                st.caption(f"{plural(sample.hidden, 'passage')} that looked like personal data were blacked out.")
limits(shown, [section for section in shown.sections if cell in (None, f"{section.card.id}@{section.result.dataset}")])
