"""How does it fail? How groups differ, pair by pair, then everything that was asked about bias."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.charts.forest import group_forest, interval_alt
from dashboards.family import Apart, family_page
from dashboards.frames.families import cell_of, differences, title_of
from dashboards.opened import library
from dashboards.parts import chart, palette
from dashboards.safe_text import escaped, plain, show_untrusted
from harness.query import MEASURES, Role, Section, counterparts, plural

MOST = 25
"""Rows of one chart; the rest stand in the sections below."""
PAIRS = 5


def _main(run: str, sections: Sequence[Section]) -> Apart:
    rows = differences(sections)
    if len(rows):
        st.subheader("How far groups stand apart", anchor="differences")
        _sizes(rows)
    for number, ((title, cell), its) in enumerate(rows.groupby(["title", "cell"], sort=False)):
        _forest(str(title), str(cell), its, number)
    shares = differences(sections, shares=True)
    known = shares[shares["value"].notna()]
    if len(known):
        chart(
            f"{int(known['apart'].sum())} of {plural(len(known), 'share')} of what pictures show stand apart from their"
            " reference, the short line",
            group_forest(known, palette()),
            known,
            key="shares",
            words=interval_alt(known, ("group",)),
        )
    _pairs(run, [section for section in sections if section.card.id in MEASURES])
    return [*_shown(rows), *_shown(shares)]


def _shown(rows: pd.DataFrame) -> Apart:
    return set(zip(rows["metric"], rows["by"], strict=True))


def _forest(title: str, cell: str, its: pd.DataFrame, number: int) -> None:
    """Groups of one metric, and those without a number."""
    known = its[its["value"].notna()]
    if len(known):
        drawn = known.head(MOST)
        more = f" (the {MOST} farthest of them)" if len(known) > MOST else ""
        chart(
            f"{escaped(title)}: {int(known['apart'].sum())} of {plural(len(known), 'group')} stand apart from no"
            f" difference{more}",
            group_forest(drawn, palette()),
            known,
            key=f"differences-{number}",
            words=interval_alt(drawn, ("group",)),
        )
    for reason, those in its[its["missing"] != ""].groupby("missing", sort=False):
        named = ", ".join(str(name) for name in those["group"])
        told = f"No number for {plural(len(those), 'group')} of {title}, {cell} ({named}): {reason}"
        st.markdown(f"- {escaped(told, limit=1000)}")


def _sizes(rows: pd.DataFrame) -> None:
    """How to read the charts, and how small the least group is."""
    st.caption("The short line is no difference. A group stands apart where its whole interval lies on one side of it.")
    known = rows[rows["value"].notna()]
    if len(known):
        least = known.sort_values("n", kind="stable").to_dict("records")[0]
        size = f"{least['n']:.0f} {least['n_unit']}"
        told = f"The smallest group with a number: {least['group']} ({least['title']}), {size}."
        st.caption(escaped(told, limit=600))


def _pairs(run: str, sections: Sequence[Section]) -> None:
    """Single pairs, for those who may see cases."""
    if not sections:
        return
    st.subheader("The same prompt about two groups", anchor="pairs")
    if library().role is Role.POLICY:
        st.markdown("Single prompts are for auditors: your role sees findings.")
        return
    choices = {
        f"{cell_of(section)}/{measure.value}": (section, measure)
        for section in sections
        for measure in MEASURES[section.card.id]
    }
    chosen = st.selectbox(
        "Compared by",
        list(choices),
        format_func=plain,
        key="pairs",
        bind="query-params",
    )
    section, measure = choices[chosen]
    found = counterparts(library(), run, cell_of(section), measure, size=PAIRS)
    if not found:
        st.markdown("No two groups came out differently here.")
        return
    about = escaped(f"{title_of(section)}, {measure.title}, in {measure.unit}")
    st.caption(
        f"{about}: the {plural(len(found), 'pair')} farthest apart, one of each item. They are picked for being far"
        " apart, so they show what happens and prove nothing: the charts above say what is more than chance. Personal"
        " data are blacked out."
    )
    for number, pair in enumerate(found, 1):
        label = f"{number}. {pair.first} and {pair.second}: {pair.apart:.3g} apart · {pair.item}"
        with st.expander(escaped(label), expanded=number == 1):
            for side, prompt, value in (
                (pair.first, pair.first_prompt, pair.first_value),
                (pair.second, pair.second_prompt, pair.second_value),
            ):
                told = "" if value is None else f": {value:.3g} {measure.unit}"
                st.caption(escaped(f"{side}{told}"))
                show_untrusted(prompt, missing="No text was put to the model.")
            if pair.first_value is not None:
                st.caption(f"Means over {plural(pair.replies, 'reply').replace('replys', 'replies')} in all.")


family_page("bias", _main)
