"""Can I trust and repeat it?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.frames.run import files
from dashboards.opened import library, view
from dashboards.parts import limits, report_of, table
from dashboards.safe_text import commands, escaped, show_untrusted
from harness.query import plural

run = needs_run().name
shown = view(run)
st.title("Can I trust and repeat it?")
st.markdown("Whoever has this folder can prove every number in it, without the model and without a network:")
commands(f"harness verify {run}")
if st.button("Verify now", help="Reads every file, judges every reply again, computes every number again."):
    with st.spinner("Verifying …"):
        found = library().verify(run)
    fatal = [finding for finding in found if finding.fatal]
    if fatal:
        st.markdown(f"■ **Not verified**: {plural(len(fatal), 'difference')}.")
    else:
        st.markdown("● **Verified**: every file is as it was written, and every number follows from the replies.")
    for finding in found:
        show_untrusted(f"{'DIFFERS' if finding.fatal else 'note'}: {finding.where}: {finding.what}")
st.markdown(
    "That nobody wrote another bundle in its place is proved by this digest, if it was written down elsewhere when the"
    " run ended. Bundles are not signed:"
)
commands(library().fingerprint(run))
st.markdown("The same gates, judged again, and the same audit, asked again:")
commands(f"harness gate {run}\nharness run --config {run}/harness.toml")

st.subheader("What is in it")
rows = files(library().files(run))
st.markdown(
    f"{plural(len(rows), 'file')}, {rows['bytes'].sum() / 2**20:,.1f} MiB. Each has a digest in manifest.json;"
    " *tier* says who may see it."
)
table("Files", rows, key="files")
report_of(run)

st.subheader("Where the numbers come from")
for title, lines in (
    ("Run", shown.origins.plan),
    ("Model", shown.origins.model),
    ("Used", shown.origins.totals),
    ("Where it ran", shown.origins.environment),
    ("Installed packages", shown.origins.packages),
):
    with st.expander(title):
        show_untrusted("\n".join(f"{name}: {text}" for name, text in lines), missing="Nothing is recorded.")
for line in (*shown.origins.training, *shown.origins.privacy):
    st.markdown(f"- {escaped(line, limit=900)}")
st.caption(escaped(shown.origins.energy, limit=600))
limits(shown, ())
