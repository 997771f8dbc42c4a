"""Better or worse than before?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.compare import change_alt, change_forest
from dashboards.choices import choose, named
from dashboards.compared import changes, paired
from dashboards.flipped import flipped_section
from dashboards.frames.compare import changed_lines, counted, not_compared, shared_items
from dashboards.opened import baseline, runs, view
from dashboards.parts import chart, limits, palette, table
from dashboards.safe_text import commands, escaped
from harness.query import in_lines, plural

MOST = 60
"""Rows of one chart."""

run = needs_run()
shown = view(run.name)
st.title("Better or worse than before?")
base = baseline(runs())
if base is None:
    st.markdown("There is no older run that asked the same, so there is nothing to hold this one against.")
    st.markdown("A second run of the same `harness.toml`, with another model or after a change to this one, makes one:")
    commands("harness run")
    st.caption("Or choose a run under “Held against”, whenever it was.")
    limits(shown, ())
    st.stop()

both = paired(base.name, run.name)
st.markdown(f"Held against **{escaped(base.model)}**, {escaped(base.finished[:16].replace('T', ' '))} UTC.")
for remark in both.remarks:
    st.markdown(f"- {escaped(remark, limit=600)}")

families = sorted({cell.family for cell in both.open})
first, second, third, fourth = st.columns([2, 4, 2, 2], vertical_alignment="bottom")
family = first.selectbox("Family", families, index=None, placeholder="all", key="family", bind="query-params")
within = named([(cell.cell, cell.title) for cell in both.open if family in {None, cell.family}])
cell = choose(second, "Probe", within, key="probe", empty="headlines of all") or None
points = third.number_input(
    "Too small to matter, in points",
    min_value=0.1,
    max_value=50.0,
    value=None,
    step=0.5,
    placeholder="not set",
    key="margin",
    bind="query-params",
    help="A change of a share whose whole interval is smaller than this is no real change. A point is 1 of 100.",
)
settled = fourth.toggle("Only changed", key="changed", bind="query-params")
margin = points / 100 if points else None

asked_for = frozenset(st.session_state.setdefault("compared-on-demand", set()))
made = changes(both, asked_for)
told = in_lines(both, made, margin)
st.subheader(escaped(told.summary, limit=600), anchor=False)
rows = changed_lines(told.lines, cell=cell, family=family, settled=settled)
for (unit, directed), its in rows[rows["step"].notna()].groupby(["unit", "directed"], sort=False):
    words = {"share": "shares", "share difference": "differences of shares"}.get(str(unit), escaped(str(unit)))
    sides = "" if directed else ", where neither side is better"
    cut = its.head(MOST)
    chart(
        f"{counted(its)} · {words}{sides}",
        change_forest(cut, palette(), margin if unit == "share" else None),
        its,
        key=f"changes-{unit}-{directed}",
        words=change_alt(cut),
    )
    if len(its) > MOST:
        st.caption(f"The first {MOST} of {len(its)} are drawn; the table has all.")
for row in rows.to_dict("records"):
    if row["headline"] or row["word"] in {"better", "worse", "changed"}:
        st.markdown(
            f"{row['shape']} **{row['word']}** · {escaped(row['probe'])}: {escaped(row['sentence'], limit=900)}"
        )
if not len(rows):
    st.markdown("Nothing changed by more than chance." if settled and told.lines else "No number is compared here.")
if told.lines:
    st.caption(escaped(told.note, limit=900))
    st.caption(
        "The dot is the change, the bar its interval: where it would lie for other items of the same kind. Points are"
        " hundredths: from 31 of 100 to 36 of 100 is a change of 5 points."
        + ("" if margin else " No zone is shaded, since nobody has set how small a change is too small to matter.")
    )

seconds = {one.pair.cell: one.seconds for one in made if one.seconds is not None}
done = {one.pair.cell for one in made if one.seconds is None}
late = [one for one in both.open if one.cell not in done]
if late:
    st.subheader("Not computed yet")
    st.markdown(
        "Every number is computed again from its cases, with each twentieth of them left out in turn. That is done at"
        " once where it takes a few seconds, and otherwise when you ask for it; what was computed is kept while the"
        " dashboard runs."
    )
if len(late) > 1 and st.button(f"Compare all {len(late)}", type="primary", key="compute-all"):
    st.session_state["compared-on-demand"].update(one.cell for one in late)
    st.rerun()
for one in late:
    needed = seconds.get(one.cell)
    long = f", about {plural(round(needed), 'second')} of work" if needed else ""
    if st.button(f"Compare {escaped(one.title)} ({one.both:,} shared cases{long})", key=f"compute-{one.cell}"):
        st.session_state["compared-on-demand"].add(one.cell)
        st.rerun()
if told.refused:
    st.subheader("What cannot be compared")
    by_reason: dict[str, list[str]] = {}
    for pair, why in told.refused:
        by_reason.setdefault(why, []).append(pair.title)
    for why, titles in by_reason.items():
        st.markdown(f"- {escaped(why, limit=600)} {escaped('; '.join(titles), limit=2000)}")
    table("Show as table", not_compared(told.refused), key="refused")
if both.open:
    table("How many cases both runs have", shared_items(both.open), key="items")
    flipped_section(base.name, run.name, [one for one in both.open if one.cell in ({cell} if cell else set(within))])
limits(shown, [one for one in shown.sections if f"{one.card.id}@{one.result.dataset}" in within])
