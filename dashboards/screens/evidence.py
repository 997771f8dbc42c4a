"""Can I trust and repeat it?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.opened import library, view
from dashboards.parts import limits
from dashboards.safe_text import escaped, show_untrusted

run = needs_run().name
shown = view(run)
st.title("Can I trust and repeat it?")
st.markdown("Whoever has this folder can prove every number in it, without the model and without a network:")
st.code(f"harness verify {run}", language=None)
if st.button("Verify now", help="Reads every file, judges every reply again, computes every number again."):
    with st.spinner("Verifying …"):
        found = library().verify(run)
    fatal = [finding for finding in found if finding.fatal]
    if fatal:
        st.markdown(f"■ **Not verified**: {len(fatal)} differences.")
    else:
        st.markdown("● **Verified**: every file is as it was written, and every number follows from the replies.")
    for finding in found:
        show_untrusted(f"{'DIFFERS' if finding.fatal else 'note'}: {finding.where}: {finding.what}")
st.subheader("Where the numbers come from")
for title, rows in (("Run", shown.origins.plan), ("Model", shown.origins.model), ("Used", shown.origins.totals)):
    with st.expander(title):
        show_untrusted("\n".join(f"{name}: {text}" for name, text in rows))
st.caption(escaped(shown.origins.energy, limit=600))
limits(shown, ())
