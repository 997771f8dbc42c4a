"""What several pages show alike: a chart with its table, a list of limits, a section of a probe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboards.bar import ICONS
from dashboards.charts.forest import OF_100, group_forest, interval_alt
from dashboards.charts.palette import DARK, LIGHT, Palette
from dashboards.frames.run import controls, groups
from dashboards.opened import is_dark, library
from dashboards.safe_text import escaped
from harness.query import RULINGS, Role, RunView, Section, dataset_words, plural

__all__ = ["chart", "forests", "limits", "palette", "probe_section", "report_of", "table"]

MOST_FOLDS = 8
"""Cards that have a fold each on one page: more share one."""


def palette() -> Palette:
    """Colours for the reader's theme."""
    return DARK if is_dark() else LIGHT


def chart(
    title: str, drawn: alt.LayerChart, rows: pd.DataFrame, *, key: str, words: str, picks: str = ""
) -> Mapping[str, Any] | None:
    """A chart under a title that states what it shows, with the same as a table and as a file below.

    Args:
        title: What the chart shows, safe.
        drawn: The chart.
        rows: What it was drawn from.
        key: Unique on the page.
        words: The chart in words.
        picks: Name of the chart's own selection of points, where a click is to choose one; empty where none is.

    Returns:
        The fields of the point that the reader has just clicked on; None where there is none.
    """
    st.markdown(f"**{title}**")
    asked: Literal["rerun", "ignore"] = "rerun" if picks else "ignore"
    state: Any = st.altair_chart(drawn, key=f"chart-{key}", alt=words, width="stretch", on_select=asked)
    table("Show as table", rows, key=key)
    found = state.selection.get(picks) if picks else None
    return found[0] if found else None


def forests(
    title: str, rows: pd.DataFrame, draw: Callable[[pd.DataFrame, Palette], alt.LayerChart], *, key: str
) -> None:
    """A chart for each unit, since numbers of different units share no axis.

    Args:
        title: What the charts show, safe.
        rows: Of `frames.headlines` or `frames.gates`; those without a number are in no chart.
        draw: Makes one of them.
        key: Unique on the page.
    """
    for unit, its in rows[rows["value"].notna()].groupby("unit", sort=False):
        words = "shares of 100" if unit == "share" else escaped(OF_100.get(str(unit), str(unit)))
        chart(f"{title}, in {words}", draw(its, palette()), its, key=f"{key}-{unit}", words=interval_alt(its))


@st.fragment
def table(label: str, rows: pd.DataFrame, *, key: str) -> None:
    """Rows behind a fold, and as a file: sent once the fold is opened, since few readers open any of a page's many."""
    fold = st.expander(label, key=f"fold-{key}", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.dataframe(rows, hide_index=True, key=f"table-{key}")
        st.download_button("Download as CSV", rows.to_csv(index=False), f"{key}.csv", "text/csv", key=f"csv-{key}")


def limits(view: RunView, sections: Sequence[Section], *, also: Sequence[str] = ()) -> None:
    """What the page cannot tell; on every page, also where there is nothing to list.

    Args:
        view: The run.
        sections: What the page speaks of.
        also: Limits of the page itself, in our own words.
    """
    st.subheader("What this cannot tell you")
    for text in also:
        st.markdown(f"- {text}")
    noted = (*view.untested.broken, *view.untested.excluded)
    _list(noted)
    if view.untested.samples:
        with st.expander(f"Of {plural(len(view.untested.samples), 'data set')}, a sample alone was asked"):
            _list(view.untested.samples)
    cards = {section.card.id: section.card for section in sections}
    if len(cards) > MOST_FOLDS:
        with st.expander(f"What each of the {len(cards)} probes cannot tell"):
            for card in cards.values():
                st.markdown(f"**{escaped(card.title)}**")
                _list(card.limits)
    else:
        for card in cards.values():
            with st.expander(f"{escaped(card.title)}: {plural(len(card.limits), 'limit')}"):
                _list(card.limits)
    if not cards and not noted and not also:
        st.markdown("Nothing is listed: no probe speaks on this page.")


def _list(texts: Sequence[str]) -> None:
    for text in texts:
        st.markdown(f"- {escaped(text, limit=600)}")


def probe_section(section: Section, *, by: str | None = None, apart: Collection[tuple[str, str]] = ()) -> None:
    """One cell: question, sentences, groups, controls.

    Args:
        section: The cell.
        by: The one kind of group whose charts are wanted; None for all.
        apart: Metrics by name with the kind of group by which the page shows them elsewhere.
    """
    st.subheader(escaped(f"{section.card.title}, {dataset_words(section.result.dataset)}"), anchor=section.anchor)
    st.markdown(escaped(section.card.question))
    for key, gate in section.gates:
        st.markdown(f"{ICONS[key]} **{RULINGS[key]}**: {escaped(gate.sentence, limit=900)}")
    for part in section.metrics:
        st.markdown(f"- {escaped(part.sentence, limit=900)}")
        rows = groups(section, part.name)
        shown = rows["by"].map(lambda kind, name=part.name: by in (None, kind) and (name, kind) not in apart)
        rows = rows[shown.astype(bool)]
        known = rows[rows["missing"] == ""]
        for kind, its in known.groupby("by", sort=False):
            if its["value"].notna().any():
                chart(
                    f"{escaped(part.title)} by {escaped(str(kind))}, worst first",
                    group_forest(its, palette()),
                    its,
                    key=f"{section.anchor}-{part.name}-{kind}",
                    words=interval_alt(its, ("group",)),
                )
        for row in rows[rows["missing"] != ""].to_dict("records"):
            st.markdown(f"- No number for {escaped(row['group'])}: {escaped(row['missing'], limit=600)}")
    table("Controls: does the ruler work?", controls([section]), key=f"controls-{section.anchor}")


def report_of(run: str) -> None:
    """The whole report to take away, where the reader may have it; any page can be printed as it stands."""
    its = library()
    if its.has_pictures(run) and its.role is Role.POLICY:
        st.caption("The report of this run shows single pictures, so it is for auditors. This page can be printed.")
        return
    st.download_button(
        "Download the report",
        partial(its.report, run),
        f"{run}.html",
        "text/html",
        help="One page that needs nothing else.",
    )
