"""What did it cost? Asks, tokens, time and energy of a run, of its model's training, and of other runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.energy import cost_bars
from dashboards.choices import choose
from dashboards.frames.energy import beside, told
from dashboards.opened import library, view
from dashboards.parts import chart, limits, palette, table
from dashboards.safe_text import escaped
from harness.query import Figure, How, RunView, Spending, Untold, amount, figures, spendings, training_figures

# A shape for each way of knowing, beside its word.
SIGNS = {How.COUNTED: "●", How.CLOCKED: "◷", How.MEASURED: "■", How.NONE: "○"}
COMPARED = {
    "seconds_per_asks": "Time for 1,000 asks",
    "energy_per_asks": "Energy for 1,000 asks",
    "energy_per_tokens": "Energy for 1,000 tokens",
    "asks": "Asks",
    "read": "Tokens read",
    "written": "Tokens written",
}
MOST = 30  # runs in a chart
CANNOT = (
    (
        "Energy counters are of whole devices: what else ran there meanwhile is counted too, and what no counter sees,"
        " such as cooling, power supplies and the making of the machine, is not."
    ),
    (
        "Nothing is estimated here. Where no counter could be read there is no number, and nothing on carbon dioxide"
        " either: that would need the mix of the power company besides."
    ),
    "A model that answers elsewhere spends its energy elsewhere: no run can count it.",
    "Runs differ in what they ask, and machines in how fast they are: a shorter bar is no better model.",
)


def page(run: str, shown: RunView) -> None:
    """Lay out the page."""
    st.title("What did it cost?")
    its = library()
    every = spent(str(its.store.root), tuple((one.name, one.finished) for one in its.runs() if not one.trouble))
    this = next((one for one in every if one.run == run), None)
    st.subheader("This run")
    if this is None:
        st.markdown("The record of this run does not tell what it spent. `harness verify` says what is wrong with it.")
    else:
        listed(figures(this), key="run")
        st.caption(f"Asked on {escaped(this.machine)}.")
    st.subheader("Training the model")
    made = training_figures(its, run)
    if isinstance(made, Untold):
        st.markdown(escaped(made.reason, limit=600))
    else:
        listed(made, key="training")
    compared(every, run)
    limits(shown, (), also=CANNOT)


@st.cache_data(max_entries=10, show_spinner="Adding up …")
def spent(store: str, names: tuple[tuple[str, str], ...]) -> tuple[Spending, ...]:
    """What all runs spent; a new run, or another one by a name, makes another key."""
    del store, names
    return spendings(library())


def listed(found: Sequence[Figure], *, key: str) -> None:
    """Figures, each with the way it is known in word and shape; those without a number below, by reason."""
    lines = []
    for one in found:
        if one.value is not None:
            unit = "" if one.unit == "asks" else f" {one.unit}"
            basis = f", {escaped(one.basis, limit=300)}" if one.basis else ""
            more = f" {escaped(one.reason, limit=600)}" if one.reason else ""
            value = f"**{escaped(amount(one.value, one.unit))}{unit}**"
            lines.append(f"{SIGNS[one.how]} {one.title}: {value} ({one.how.value}{basis}).{more}")
    silent: dict[str, list[str]] = {}
    for one in found:
        if one.value is None:
            silent.setdefault(one.reason, []).append(one.title)
    lines += [
        f"{SIGNS[How.NONE]} {', '.join(titles)}: **no number**. {escaped(reason, limit=600)}"
        for reason, titles in silent.items()
    ]
    # Two spaces end a line: a list would put a bullet before each sign.
    st.markdown("  \n".join(lines))
    table("Show as table", told(found), key=f"cost-{key}")


def compared(every: Sequence[Spending], run: str) -> None:
    """One figure of all runs of the store."""
    st.subheader("Beside the other runs of this store")
    if len(every) < 2:
        st.markdown("There is no other run to compare with.")
        return
    key = choose(st.container(), "What", COMPARED, key="cost")
    rows = beside(every, key, run)
    known = rows[rows["value"].notna()].sort_values("value", ascending=False, kind="stable")
    silent = rows[rows["value"].isna()]
    if len(known):
        most = known.iloc[0]
        shown = known.head(MOST)
        chart(
            f"{COMPARED[key]}: most in {escaped(str(most['model']))}, {amount(most['value'], most['unit'])}"
            f" {most['unit']}",
            cost_bars(shown, palette()),
            rows,
            key=f"cost-{key}",
            words="; ".join(f"{row['model']}: {row['value']:.4g} {row['unit']}" for row in shown.to_dict("records")),
        )
        if len(known) > MOST:
            st.caption(f"The {MOST} that cost most are drawn; the table has all {len(known):,}.")
    for reason, its in silent.groupby("reason", sort=False):
        names = ", ".join(escaped(str(name)) for name in dict.fromkeys(its["model"]))
        st.markdown(f"- No number for {names}: {escaped(str(reason), limit=600)}")


chosen = needs_run().name
page(chosen, view(chosen))
