"""When should it hand over to a human? Risk and cost of answering only when sure enough."""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.deferral import calibration, cost_curve, cost_words, diagram_words, risk_coverage, risk_words
from dashboards.frames.deferral import certified, costs, diagram, lines, marks, sureness, thresholds
from dashboards.links import samples_link
from dashboards.opened import view
from dashboards.parts import chart, limits, palette
from dashboards.safe_text import commands, escaped, plain
from dashboards.tables import cost_of, selected
from harness.query import advised, amount, dataset_words, handed_text, handover, plural

RATIOS = (0.5, 1, 2, 3, 5, 10, 20, 50, 100)
"""Prices of a wrong answer, in hand-overs."""

run = needs_run().name
shown = view(run)
st.title("When should it hand over to a human?")
sections = {f"{section.card.id}@{section.result.dataset}": section for section in shown.sections}
found = {its.cell: its for its in selected(run) if its.cell in sections}
held = handover(shown.plan)
for one in held:
    at = "every question" if one.threshold is None else f"answers less sure than {one.threshold:.3g}"
    st.markdown(f"This model hands over already: {at}, by {escaped(one.kind)}. What follows is what it still answers.")
    if one.promise:
        st.caption(escaped(f"Promised: {one.promise}.", limit=600))
if not found:
    st.markdown(
        "No probe of this run kept an answer together with how sure the model was of it, so nothing can be said of"
        " thresholds. Two probes give that: hallucination\\.calibration, by likelihoods or stated confidences, and"
        " hallucination\\.self\\_consistency, by how well several samples of an answer agree."
    )
    commands('[run]\nprobes = ["hallucination.calibration", "hallucination.self_consistency"]')
    st.caption("In harness.toml; then `harness run`.")
    limits(shown, ())
    st.stop()

cell = st.selectbox("Answers of", list(found), format_func=plain, key="cell", bind="query-params")
its, section = found[cell], sections[cell]
promised, parts = certified(section)
st.markdown(
    f"**{escaped(section.card.title)}**, {escaped(dataset_words(section.result.dataset))}:"
    f" {plural(its.asked, 'question')} asked; {plural(its.n, 'answer')} came with a confidence, by {escaped(its.kind)}."
    " A threshold gives the answers that are at least as sure, and hands the rest over to a person."
)

st.subheader("What does a wrong answer cost?", anchor="cost")
ratio = st.select_slider(
    "A wrong answer costs as much as so many hand-overs", RATIOS, value=5, key="cost", bind="query-params"
)
advice = cost_of(run, cell, float(ratio))
if advice is None:
    st.markdown("All answers belong to one item: that says nothing of the cost on others.")
else:
    first, *rest = advised(advice)
    st.markdown(f"**{escaped(first, limit=900)}**")
    for sentence in rest:
        st.markdown(escaped(sentence, limit=900))
    rows = costs(advice)
    chart(
        f"Cheapest where {escaped(handed_text(advice.cheapest.handed, advice.n))} are handed over",
        cost_curve(rows, palette()),
        rows,
        key="cost",
        words=cost_words(rows),
    )
st.caption(
    "The threshold was chosen on the very answers that it is judged by, so it looks better here than it will be on"
    " other questions. The bar and the band are 95 % intervals of each threshold by itself, not of the choice."
)

st.subheader("How wrong are the answers that it gives?", anchor="risk")
rows = thresholds(its)
area = its.area
if area is None:
    st.markdown(escaped(f"No area under the curve: {its.missing}."))
else:
    st.markdown(
        escaped(
            f"Averaged over all shares answered, {amount(area.value, 'share')} of the answers given are wrong"
            f" ({100 * area.confidence:g} % interval {amount(area.low, 'share')} to {amount(area.high, 'share')}). An"
            f" order that knew every error would give {amount(its.known.aurc_best, 'share')}, a random one"
            f" {amount(its.known.aurc_random, 'share')}.",
            limit=900,
        )
    )
half = min(its.points, key=lambda point: abs(point.coverage - 0.5))
chart(
    escaped(
        f"Answering the surest {amount(half.coverage, 'share')}, {amount(half.risk.value, 'share')} are wrong;"
        f" answering all, {amount(its.overall.value, 'share')}",
        limit=600,
    ),
    risk_coverage(rows, lines(its), marks(its, held, promised), palette()),
    rows,
    key="risk",
    words=risk_words(rows),
)
st.caption("The band is the 95 % interval of each threshold by itself. Area under the curve: AURC in other texts.")

st.subheader("What can be promised?", anchor="promise")
if parts:
    for part in parts:
        st.markdown(f"- {escaped(part.sentence, limit=900)}")
else:
    st.markdown("This probe certifies no threshold.")
st.markdown(
    "A certified threshold keeps a bound on the share of wrong answers, for questions drawn as these were. A model is"
    " given one by the mitigation `defer`; whether the promise was kept on questions that did not set it is what the"
    " study `deferral` measures:"
)
commands("harness study deferral")

st.subheader("Is it as often right as it is sure?", anchor="calibration")
rows = diagram(its)
chart(
    escaped(sureness(its), limit=600), calibration(rows, palette()), rows, key="calibration", words=diagram_words(rows)
)
st.caption(
    f"Each dot holds about as many answers as any other (on average {its.n / len(its.bins):.0f}); the bar is the 95 %"
    " interval of its share of right ones. Answers of equal confidence stay together."
)
samples_link(run, cell)
limits(shown, [section])
