"""Did the fix work, and what did it cost?"""

from shlex import quote

import streamlit as st

from dashboards.choices import choose
from dashboards.opened import chosen, library, runs, view
from dashboards.safe_text import commands, escaped, plain
from dashboards.study import (
    before_and_after,
    beside_each_other,
    by_dose,
    eight_questions,
    price,
    promises,
    proof,
    risk_beside_usefulness,
    study_limits,
    verdicts,
)
from harness.query import Listed, StudyListed, list_studies, shipped, study_runs, study_tried, view_study


def treated(run: Listed | None, listed: tuple[StudyListed, ...]) -> None:
    """What there is to say of the run that the bar shows, where it had a mitigation."""
    if run is None or not run.mitigations:
        return
    layers = view(run.name).plan.mitigations
    st.markdown(
        f"▲ The run above had **{escaped(', '.join(run.mitigations))}**. Whether that helped no single run can tell: a"
        " study runs the same plan with and without it, and with its placebo."
    )
    for layer in layers:
        its = [one.title for one in listed if layer.name in one.mitigations]
        if its:
            st.markdown(f"{escaped(layer.name)} was tried in: {', '.join(escaped(title) for title in its)}.")
    probes = list(dict.fromkeys(cell.partition("@")[0] for cell in sorted(run.cells)))
    asked = " ".join(f"--probes {quote(plain(probe))}" for probe in probes[:3])
    for layer in layers[-1:]:
        commands(f"harness mitigate {quote(plain(layer.name))} {asked}")
        st.caption("With the same --model or harness.toml as the run, and the probes whose risk it is to lower.")


def without_study(every: tuple[Listed, ...]) -> None:
    """Point to the comparison of two runs, where a model ran with and without a mitigation."""
    sound = [one for one in every if not one.trouble]
    for one in sound:
        # A layered model is called like the one beneath it and what lies on it.
        bare = [
            its
            for its in sound
            if one.mitigations and not its.mitigations and its.cells & one.cells
            if one.model == its.model or one.model.startswith(f"{its.model} + ")
        ]
        if bare:
            st.markdown(
                "This store holds runs of one model with and without a mitigation. What differs between two runs is"
                " told by another page; without placebo and seeds, that is no proof that the mitigation did it."
            )
            asked = {"run": one.name, "baseline": bare[0].name}
            st.page_link("screens/compare.py", label="Compare these two runs", query_params=asked)
            return


def filled_by() -> None:
    """The studies that ship, each with the command that runs it."""
    st.markdown("These studies ship. Each is run with one command, and goes on where it was stopped:")
    for one in shipped():
        commands(f"harness study {one.name}")
        st.caption(f"{escaped(one.title)}: {escaped(one.question, limit=600)}")
    st.markdown("A single mitigation is tried on your own model with `harness mitigate`, and all are listed by:")
    commands("harness mitigations list")


every = runs()
listed = list_studies(library())
sound = {one.name: one for one in listed if not one.trouble}
broken = [one for one in listed if one.trouble]
st.title("Did the fix work, and what did it cost?")
treated(chosen(every), listed)
without_study(every)
if broken:
    several = "1 study" if len(broken) == 1 else f"{len(broken)} studies"
    with st.expander(f"{several} of this store cannot be read"):
        for one in broken:
            st.markdown(f"- {escaped(one.name)}: {escaped(one.trouble, limit=600)}")
if not sound:
    st.markdown("There is no study to show in this store: nothing was tried with and without, side by side.")
    filled_by()
    study_limits(None, ())
    st.stop()
titles = {name: " · ".join(map(plain, (one.title, one.model, one.finished[:10], name))) for name, one in sound.items()}
study = choose(st.container(), "Study", titles, key="study")
shown, tried = view_study(library(), study), study_tried(library(), study)
verdicts(shown, tried)
eight_questions(shown)
if shown.parts:
    before_and_after(shown)
by_dose(shown)
beside_each_other(shown)
risk_beside_usefulness(shown)
promises(shown)
price(study_runs(library(), study))
proof(shown, study)
study_limits(shown, tried)
with st.expander("Other studies that ship"):
    filled_by()
