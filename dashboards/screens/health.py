"""Is the data sound?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.health import outcome_bars, outcome_words
from dashboards.frames.run import denominators, in_titles, outcomes
from dashboards.opened import view
from dashboards.parts import chart, limits, palette, table
from dashboards.safe_text import escaped
from harness.query import OUTCOMES, plural

shown = view(needs_run().name)
st.title("Is the data sound?")

failed = [(section, control) for section in shown.sections for control in section.controls if control.key == "fail"]
if failed:
    st.markdown("■ **A control failed**: what its probe found is no evidence.")
    for section, control in failed:
        st.markdown(
            f"- {escaped(section.card.title)}: {escaped(control.title)}: {escaped(control.sentence, limit=600)}"
        )
elif any(section.controls for section in shown.sections):
    st.markdown("● Every control came out as it should.")

rows = denominators(shown)
asked = int(rows["asked"].sum())
st.subheader("What became of the cases")
if asked:
    counts = {name: int(rows[name].sum()) for name in OUTCOMES}
    lost = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number and name != "scored")
    st.markdown(
        f"Of {plural(asked, 'case')}, {counts['scored']:,} were scored; "
        + (f"the others count beside the numbers, and in none: {lost}." if lost else "none was left out.")
    )
    parts = outcomes(shown)
    chart(
        "Each probe's cases by what became of them, of 100",
        outcome_bars(parts, palette()),
        parts,
        key="outcomes",
        words=outcome_words(parts),
    )
    table("Numbers of cases", rows, key="health")
else:
    st.markdown("Nothing was asked: no probe fitted the model.")

st.subheader("How it was asked")
for name, told in shown.origins.totals:
    st.markdown(f"- {escaped(name[:1].upper() + name[1:])}: {escaped(told)}")
if shown.readers:
    st.subheader("Who read the replies, and how often they err")
    for reader in shown.readers:
        st.markdown(f"- **{escaped(reader.title)}**: {escaped(reader.accuracy, limit=4000)}")
for warning in shown.banner.warnings:
    st.markdown(f"▲ {escaped(in_titles(shown, warning), limit=900)}")
limits(shown, ())
