"""How does it fail? What each kind of change costs, then everything that was asked about robustness."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.charts.families import curves, curves_words, slope_words, slopes
from dashboards.family import Apart, family_page
from dashboards.frames.families import cell_of, curve, slope_rows, title_of
from dashboards.parts import chart, palette
from dashboards.safe_text import escaped
from dashboards.tables import slopes_of
from harness.query import Section, amount, plural

BUDGETS = {
    "robustness.perturbation": (
        {"worst_case_accuracy": "right in the worst form"},
        "forms",
        "forms of each question that are tried",
        "right in the worst, of 100",
        "The more forms are tried, the fewer questions are answered rightly in all of them",
    ),
    "robustness.image_noise": (
        {"movement": "movement"},
        "jitter",
        "strength of the change of the noise, 0 to 1",
        "movement, seed distances",
        "How far a picture moves when its noise is changed",
    ),
}
"""Of probes with a budget: metrics and their names, the group that holds it, both axes, and what the curve shows."""


def _main(run: str, sections: Sequence[Section]) -> Apart:
    found = [(section, its) for section in sections if (its := slopes_of(run, cell_of(section)))]
    if found:
        rows = slope_rows(found)
        sure = int((rows["low"] > 0).sum())
        chart(
            f"{sure} of {plural(len(rows), 'kind')} of change cost right answers by more than chance",
            slopes(rows, palette()),
            rows,
            key="slopes",
            words=slope_words(rows),
        )
        st.caption(
            "The circle is the share right as the question stands, the square the share right of the same questions"
            " where they were changed; the interval of the loss is in the table, each for its own kind of change."
        )
    apart: list[tuple[str, str]] = []
    drawn = [cell_of(section) for section, _ in found]
    for section in sections:
        if shown := _budget(section):
            apart += shown
            drawn.append(cell_of(section))
    silent = [section for section in sections if cell_of(section) not in drawn]
    for section in silent:
        st.markdown(
            f"- {escaped(title_of(section))} pairs no answers to the same question, so it is in no chart above; its"
            " numbers stand below."
        )
    return apart


def _budget(section: Section) -> list[tuple[str, str]]:
    if section.card.id not in BUDGETS:
        return []
    metrics, by, across, down, title = BUDGETS[section.card.id]
    rows = curve(section, metrics, by)
    if len(rows) < 2:
        return []
    first, last = (rows.iloc[place] for place in (0, -1))
    ends = " and ".join(f"{_value(one)} at {one['at']:g}" for one in (first, last))
    chart(
        escaped(f"{title}: {ends} ({title_of(section)})", limit=600),
        curves(rows, palette(), across=across, down=down),
        rows,
        key=f"budget-{section.anchor}",
        words=curves_words(rows),
    )
    return [(f"{section.card.id}/{name}", by) for name in metrics]


def _value(row: pd.Series) -> str:
    return amount(float(row["value"]), str(row["unit"]))


family_page("robustness", _main)
