"""Is it drifting?"""

from datetime import date

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.trend import trend_alt, trend_chart
from dashboards.choices import choose, named
from dashboards.frames.trend import joins, marks, run_rows
from dashboards.opened import library, view
from dashboards.parts import chart, limits, palette
from dashboards.safe_text import commands, escaped, plain
from harness.query import plural, trend_points, trend_series

SIZE = 8
"""Charts on a page."""
MOVED = {"worse": "■ got worse", "better": "● got better", "changed": "▲ changed"}
OPEN, ALONE = "◆ no drift is shown", "○ one run alone measured so"

run = needs_run()
shown = view(run.name)
st.title("Is it drifting?")
points = trend_points(library())
models = sorted({point.model for point in points})
first, second, third, fourth, fifth = st.columns([3, 4, 2, 2, 2])
model = first.selectbox(
    "Model",
    models,
    index=models.index(run.model) if run.model in models else None,
    placeholder="none",
    key="model",
    bind="query-params",
    format_func=plain,
)
its = [point for point in points if point.model == model]
metrics = named([(f"{point.metric}@{point.cell.partition('@')[2]}", point.title) for point in its])
metric = choose(second, "Headline number", metrics, key="metric", empty="all") or None
profiles = sorted({point.profile for point in its})
profile = third.selectbox(
    "Profile", profiles, index=None, placeholder="all", key="profile", bind="query-params", format_func=plain
)
since = fourth.date_input("From", value=None, key="since", bind="query-params")
until = fifth.date_input("To", value=None, key="until", bind="query-params")
days = (since or date.min).isoformat(), (until or date.max).isoformat()
kept = [
    point
    for point in its
    if profile in {None, point.profile}
    and days[0] <= point.finished[:10] <= days[1]
    and metric in {None, f"{point.metric}@{point.cell.partition('@')[2]}"}
]
found = trend_series(kept)
told = [one for one in found if len(one.points) > 1]
alone = [one for one in found if len(one.points) == 1]
moved = [one for one in told if one.moved in MOVED]
if told:
    st.subheader(
        f"{len(moved)} of {plural(len(told), 'headline number')} moved by more than the intervals"
        f" allow for, in {plural(len({point.run for point in kept}), 'run')}",
        anchor=False,
    )
    st.caption(
        "The dot is what was measured, the bar its interval. A whole line joins runs of the same model, a broken line"
        " those of another version of it; no line crosses a place where something was measured otherwise. Runs stand at"
        " equal distances, whatever lies between them in time."
    )
else:
    st.markdown("There are not two runs yet that measured the same, so nothing can be said about drift.")
    st.markdown(f"The same `harness.toml`, run again for **{escaped(model or run.model)}**, makes the second:")
    commands("harness run --fresh")
pages = -(-len(told) // SIZE)
number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
for one in told[SIZE * (number - 1) : SIZE * number]:
    rows = run_rows(one)
    chart(
        f"{MOVED.get(one.moved, OPEN if one.comparable > 1 else ALONE)} · {escaped(one.title)}",
        trend_chart(rows, joins(one), marks(one), palette()),
        rows,
        key=f"trend-{one.cell}-{one.metric}",
        words=f"{one.sentence} {trend_alt(rows)}",
    )
    st.markdown(escaped(one.sentence, limit=900))
if alone:
    st.subheader("One run alone")
    for one in alone:
        st.markdown(f"- {escaped(one.title)}: {escaped(one.sentence, limit=900)}")
if told:
    st.caption(
        "Moved is said where the intervals of the first and the last run that can be compared lie apart: a stern rule,"
        " since items are not paired here. Compare pairs them, and sees smaller changes."
    )
    st.page_link("screens/compare.py", label="Hold this run against another one", query_params={"run": run.name})
limits(shown, ())
