"""Where the risk is: probes by kinds of groups."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.naming import named_rows, names_above
from dashboards.charts.palette import Palette, layered

__all__ = ["PICKED", "risk_map"]

CELL = 20
"""Height of one cell of the map."""
PICKED = "cell"
"""Name of the selection of the map: of the cell that was clicked on, its section."""


def risk_map(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Cells by probe and kind of group: how bad the worst group may be, as a number and as depth of colour.

    Args:
        rows: Of `frames.worst_bounds`.
        palette: Of the background.
    """
    rows, height = named_rows(rows.assign(row=rows["probe"]))
    order = list(dict.fromkeys(rows["row"]))
    across = alt.X(
        "by:N",
        title=None,
        sort=["all"],
        axis=alt.Axis(labelAngle=-50, orient="top", labelLimit=90, labelOverlap=False),
    )
    down = alt.Y("row:N", sort=order, axis=None)
    depth = alt.Color("distance:Q", scale=alt.Scale(domain=[0, 0.5], range=list(palette.ramp), clamp=True), legend=None)
    told = [
        alt.Tooltip("probe:N"),
        alt.Tooltip("by:N", title="groups by"),
        alt.Tooltip("group:N", title="worst group"),
        alt.Tooltip("words:N", title="may be as bad as"),
    ]
    cell = (
        alt.Chart(rows)
        .mark_rect(height=CELL, stroke=palette.faint, strokeWidth=0.5, cursor="pointer")
        .encode(x=across, y=down, color=depth, tooltip=told)
        .add_params(alt.selection_point(name=PICKED, fields=["section"], empty=False))
    )
    number = (
        alt.Chart(rows)
        .mark_text(color=palette.ink, cursor="pointer")
        .encode(x=across, y=down, text=alt.Text("percent:Q", format=".0f"), tooltip=told)
    )
    drawn = number.transform_calculate(percent="datum.bound * 100")
    return layered(cell, drawn, names_above(rows, order, palette)).properties(height=height)
