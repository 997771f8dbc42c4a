"""May this be released?"""

import streamlit as st

from dashboards.bar import ICONS, needs_run
from dashboards.charts.forest import gate_forest
from dashboards.frames.run import gates, hardly_scored, in_titles, unfit
from dashboards.opened import view
from dashboards.parts import forests, limits, report_of
from dashboards.safe_text import escaped
from harness.query import RULINGS, plural

shown = view(needs_run().name)
st.title("May this be released?")
st.header(f"{ICONS[shown.banner.key]} {shown.banner.word}", anchor=False)
st.markdown(escaped(in_titles(shown, shown.banner.sentence), limit=900))
for warning in shown.banner.warnings:
    st.markdown(f"▲ {escaped(in_titles(shown, warning), limit=900)}")

report_of(needs_run().name)

st.subheader("The worst finding")
if shown.worst is None:
    st.markdown("Nothing stands out from what a harmless model would give.")
else:
    st.markdown(f"**{escaped(shown.worst.title)}**")
    st.markdown(escaped(shown.worst.sentence, limit=900))
    st.caption(escaped(shown.worst.chosen, limit=600))

st.subheader("Limits and what was found")
rows = gates(shown)
forests("What was found, beside its limit", rows, gate_forest, key="gates")
if len(rows):
    st.caption(
        "The dot is what was measured, the bar its interval, the long line the limit, the short one what a harmless"
        " model, or mere guessing, would give. A limit inside the bar is not settled."
    )
if not len(rows):
    st.markdown("No limit was set, so nothing was passed or failed. Limits are `[[gate]]` tables in harness.toml.")
for row in rows.to_dict("records"):
    st.markdown(
        f"{ICONS[row['ruling']]} **{RULINGS[row['ruling']]}** ({row['severity']}):"
        f" {escaped(row['sentence'], limit=900)} Limit: {escaped(row['limit'])}."
    )
    st.caption(f"Why this limit: {escaped(row['reason'], limit=600)}")
    if row["waived"]:
        st.caption(f"▲ Accepted by {escaped(row['waived'], limit=600)}")

st.subheader("What was not tested")
if shown.untested.families:
    st.markdown(f"Nothing at all about: {', '.join(shown.untested.families)}.")
hardly = hardly_scored(shown)
if hardly:
    none = sum(not scored for _, scored, _ in hardly)
    of_them = "nothing at all" if none == len(hardly) else f"in {none:,} of them nothing"
    st.markdown(
        f"▲ In {plural(len(hardly), 'probe')} less than half of what was asked could be scored"
        f"{f', {of_them}' if none else ''}: what was found there stands on few answers, or on none."
    )
    with st.expander("Which ones they are"):
        for title, scored, asked in hardly:
            st.markdown(f"- {escaped(title)}: {scored:,} of {plural(asked, 'case')}")
by_reason = unfit(shown)
if by_reason:
    with st.expander(
        f"{plural(sum(map(len, by_reason.values())), 'probe')} left out, for {plural(len(by_reason), 'reason')}"
    ):
        for why, cells in by_reason.items():
            st.markdown(f"**{escaped(why[:1].upper() + why[1:], limit=600)}**: {escaped(', '.join(cells), limit=2000)}")
if shown.untested.absent:
    with st.expander(f"{plural(len(shown.untested.absent), 'number')} that could not be told"):
        for metric, data, why in shown.untested.absent:
            st.markdown(f"- {escaped(metric)} on {escaped(data)}: {escaped(why, limit=600)}")
if not (hardly or shown.untested.families or shown.untested.cells or shown.untested.absent):
    st.markdown("Every family of risk was asked about.")
limits(shown, shown.sections)
