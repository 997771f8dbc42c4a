"""How was it made? How the model of a run was trained: facts, losses, pictures by step."""

from __future__ import annotations

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.training import loss_chart
from dashboards.frames.training import losses
from dashboards.opened import library, view
from dashboards.parts import chart, limits, palette
from dashboards.safe_text import commands, escaped, show_untrusted
from harness.query import (
    Grid,
    RunView,
    TrainingRecord,
    Untold,
    curve_lines,
    how_lines,
    loss_words,
    training_record,
)

MANY = 40  # points
GRID = 148  # pixels: two grids stand side by side on a narrow screen, five on a wide one
CANNOT = (
    (
        "A falling loss says that a model comes to fit its data, not that it is right, fair or safe: the other pages"
        " ask that of the model itself."
    ),
    (
        "Whether the training data may be used, and where they are from, is not told: only what they are called, how"
        " many there were, and a digest by which whoever has them can tell that they are the same."
    ),
    (
        "The record was written by whoever trained the model. Verifying the bundle shows that it is about the model"
        " that answered, and that the claim of privacy follows from its ledger; not that the training ran as it says."
    ),
)


def page(run: str, shown: RunView) -> None:
    """Lay out the page."""
    st.title("How was it made?")
    its = library()
    record = recorded(str(its.store.root), run, its.fingerprint(run), its.role.value)
    if isinstance(record, Untold):
        untold(record, shown)
    else:
        told(record)
    limits(shown, (), also=CANNOT)


@st.cache_data(max_entries=20, show_spinner="Reading how it was trained …")
def recorded(store: str, run: str, digest: str, role: str) -> TrainingRecord | Untold:
    """How the model of a run was trained. What one role sees is never kept for another."""
    del store, digest, role
    return training_record(library(), run)


def untold(record: Untold, shown: RunView) -> None:
    """A model that was not trained here: what is known of it all the same."""
    st.markdown(f"**It was not trained here, so nobody here knows.** {escaped(record.reason, limit=600)}")
    st.markdown(
        "What the run tells of it is its identity: everything that could change a reply, so that the same model is"
        " known again."
    )
    with st.expander("The identity of the model"):
        show_untrusted("\n".join(f"{name}: {text}" for name, text in shown.origins.model))
    st.markdown("A model that is trained here shows its losses, its pictures by step and its claim of privacy:")
    commands("harness train vae --data digits --out models/digits\nharness run --model models/digits")


def told(record: TrainingRecord) -> None:
    """A model that was trained here."""
    facts = (*record.facts, *how_lines(record))
    st.markdown("\n".join(f"- {escaped(fact, limit=900)}" for fact in facts))
    st.subheader("What did the losses do?")
    if record.missing:
        st.markdown(escaped(record.missing, limit=600))
    else:
        curves(record)
    first, *_ = record.claim_lines
    st.subheader("What is promised?")
    st.markdown(f"{escaped(first, limit=900)} The page Privacy says what that means, and puts it to the test.")
    if not record.missing:
        came_about(record)
    if record.recipe:
        with st.expander("The recipe, key by key"):
            show_untrusted("\n".join(f"{key} = {value}" for key, value in sorted(record.recipe.items())))


def curves(record: TrainingRecord) -> None:
    """Losses over steps, on one axis where they are of one kind."""
    words, rows = loss_words(record), losses(record)
    st.markdown("\n".join(f"- {escaped(line, limit=600)}" for line in curve_lines(record)))
    if not len(rows):
        return
    if len(rows) > MANY and st.toggle("Leave out the first tenth of the steps", key="late", bind="query-params"):
        # The first steps fall so far that nothing else is seen.
        rows = losses(record, after=record.told.steps // 10)
    parts = (
        [("losses", "Both losses", words.unit, rows)]
        if words.alike and rows["curve"].nunique() > 1
        else [
            (name, name, words.validation_unit if name == "validation loss" else words.unit, its)
            for name, its in rows.groupby("curve", sort=False)
        ]
    )
    for key, name, unit, its in parts:
        if its["step"].nunique() < 2:
            continue  # one point is no curve; the sentence above has it
        ends = "; ".join(
            f"{curve}: {one['value'].iloc[0]:.3g} after step {one['step'].iloc[0]:,}, {one['value'].iloc[-1]:.3g} after"
            f" step {one['step'].iloc[-1]:,}"
            for curve, one in its.groupby("curve", sort=False)
        )
        chart(
            f"{str(name).capitalize()} by step, in {unit}",
            loss_chart(its, unit, record.weights_of, palette()),
            its,
            key=f"curve-{str(key).replace(' ', '-')}",
            words=ends,
        )
    meaning = [f"Training loss: {words.loss}." if "training loss" in set(rows["curve"]) else ""]
    meaning += [f"Validation loss: {words.validation}." if "validation loss" in set(rows["curve"]) else "", words.note]
    st.caption(" ".join(filter(None, meaning)))


def came_about(record: TrainingRecord) -> None:
    """Samples by step, and those of the weights that were kept."""
    if not record.grids and record.samples is None and not record.hidden:
        return
    st.subheader("How did the pictures come about?")
    if record.hidden:
        st.markdown(escaped(record.hidden, limit=600))
        return
    if record.grids:
        with st.container(horizontal=True, gap="medium"):
            for one in record.grids:
                grid(one, f"after step {one.step:,} of {record.told.steps:,}", GRID)
        st.caption(
            "Each is drawn from the same seeds, of the same few classes, a row each: what differs is what was learned"
            " between. The last one is of the weights that were kept."
        )
    else:
        st.markdown("Its checkpoint holds no pictures of earlier steps: it was trained before they were kept.")
    if record.private:
        st.caption(
            "Pictures of earlier steps are covered by the claim of privacy: it is about all weights that were ever"
            " reached, as if each step had been published."
        )
    if record.samples is not None:
        with st.expander("More samples of the weights that were kept"):
            grid(record.samples, "eight of each class, ten classes at most", 2 * GRID)


def grid(one: Grid, label: str, width: int) -> None:
    """One picture, or why it is not shown."""
    if one.png:
        st.image(one.png, caption=label, alt=f"Samples of the model {label}", width=width, output_format="PNG")
    else:
        st.caption(f"The picture {label} is not shown: {escaped(one.missing, limit=300)}.")


chosen = needs_run().name
page(chosen, view(chosen))
