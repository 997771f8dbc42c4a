"""What became of the cases of each probe."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.naming import named_rows, names_above
from dashboards.charts.palette import Palette, layered

__all__ = ["outcome_bars", "outcome_words"]

BAR = 16
"""Height of one bar, in pixels."""


def outcome_bars(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """A bar of 100 for each probe, in parts by outcome.

    Args:
        rows: Of `frames.run.outcomes`.
        palette: Of the background.
    """
    rows, height = named_rows(rows.assign(row=rows["probe"]))
    order = list(dict.fromkeys(rows["row"]))
    colours = {
        "scored": palette.rulings["pass"],
        "refused": palette.rulings["waived"],
        "unreadable": palette.rulings["inconclusive"],
        "truncated": palette.ramp[1],
        "failed": palette.rulings["fail"],
    }
    kinds = [name for name in colours if name in set(rows["outcome"])]
    down = alt.Y("row:N", sort=order, axis=None)
    across = alt.X("share:Q", stack=True, title="of 100", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=6))
    bar = (
        alt.Chart(rows)
        .mark_bar(size=BAR, stroke=palette.ink, strokeWidth=0.4)
        .encode(
            x=across,
            y=down,
            color=alt.Color(
                "outcome:N",
                sort=kinds,
                scale=alt.Scale(domain=kinds, range=[colours[name] for name in kinds]),
                legend=alt.Legend(orient="top", title=None, symbolStrokeWidth=0, symbolOpacity=1),
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("probe:N"),
                alt.Tooltip("outcome:N"),
                alt.Tooltip("cases:Q", format=","),
                alt.Tooltip("asked:Q", format=","),
            ],
        )
    )
    return layered(bar, names_above(rows, order, palette)).properties(height=height)


def outcome_words(rows: pd.DataFrame) -> str:
    """The chart in words."""
    told = []
    for probe, its in rows.groupby("probe", sort=False):
        parts = ", ".join(f"{row['cases']:,} {row['outcome']}" for row in its.to_dict("records"))
        told.append(f"{probe}: of {its['asked'].iloc[0]:,} cases {parts}")
    return "; ".join(told)
