"""What several pages show alike: a chart with its table, a list of limits, a section of a probe."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards.bar import ICONS
from dashboards.charts.forest import group_forest, interval_alt
from dashboards.charts.palette import DARK, LIGHT, Palette
from dashboards.frames.run import controls, groups
from dashboards.opened import is_dark
from dashboards.safe_text import escaped
from harness.query import RULINGS, RunView, Section, dataset_words, plural

__all__ = ["chart", "forests", "limits", "palette", "probe_section", "table"]


def palette() -> Palette:
    """Colours for the reader's theme."""
    return DARK if is_dark() else LIGHT


def chart(title: str, drawn: alt.LayerChart, rows: pd.DataFrame, *, key: str, words: str) -> None:
    """A chart under a title that states what it shows, with the same as a table and as a file below.

    Args:
        title: What the chart shows, safe.
        drawn: The chart.
        rows: What it was drawn from.
        key: Unique on the page.
        words: The chart in words.
    """
    st.markdown(f"**{title}**")
    st.altair_chart(drawn, key=f"chart-{key}", alt=words, width="stretch")
    table("Show as table", rows, key=key)


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
        words = "shares of 100" if unit == "share" else escaped(str(unit))
        chart(f"{title}, in {words}", draw(its, palette()), its, key=f"{key}-{unit}", words=interval_alt(its))


def table(label: str, rows: pd.DataFrame, *, key: str) -> None:
    """Rows behind a fold, and as a file."""
    with st.expander(label):
        st.dataframe(rows, hide_index=True, key=f"table-{key}")
        st.download_button("Download as CSV", rows.to_csv(index=False), f"{key}.csv", "text/csv", key=f"csv-{key}")


def limits(view: RunView, sections: Sequence[Section]) -> None:
    """What the page cannot tell; on every page, also where there is nothing to list."""
    st.subheader("What this cannot tell you")
    noted = (*view.untested.broken, *view.untested.samples, *view.untested.excluded)
    for text in noted:
        st.markdown(f"- {escaped(text, limit=600)}")
    cards = {section.card.id: section.card for section in sections}
    for card in cards.values():
        with st.expander(f"{escaped(card.title)}: {plural(len(card.limits), 'limit')}"):
            for limit in card.limits:
                st.markdown(f"- {escaped(limit, limit=600)}")
    if not cards and not noted:
        st.markdown("Nothing is listed: no probe speaks on this page.")


def probe_section(section: Section) -> None:
    """One cell: question, sentences, groups, controls."""
    st.subheader(escaped(f"{section.card.title}, {dataset_words(section.result.dataset)}"), anchor=section.anchor)
    st.markdown(escaped(section.card.question))
    for key, gate in section.gates:
        st.markdown(f"{ICONS[key]} **{RULINGS[key]}**: {escaped(gate.sentence, limit=900)}")
    for part in section.metrics:
        st.markdown(f"- {escaped(part.sentence, limit=900)}")
        rows = groups(section, part.name)
        known = rows[rows["missing"] == ""]
        for by, its in known.groupby("by", sort=False):
            if its["value"].notna().any():
                chart(
                    f"{escaped(part.title)} by {escaped(str(by))}, worst first",
                    group_forest(its, palette()),
                    its,
                    key=f"{section.anchor}-{part.name}-{by}",
                    words=interval_alt(its, ("group",)),
                )
        for row in rows[rows["missing"] != ""].to_dict("records"):
            st.markdown(f"- No number for {escaped(row['group'])}: {escaped(row['missing'], limit=600)}")
    table("Controls: does the ruler work?", controls([section]), key=f"controls-{section.anchor}")
