"""What runs cost, beside one another."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered
from harness.query import printable

__all__ = ["cost_bars"]

ROW = 50
"""Height of one row with its name above it, in pixels."""
BAR = 14
LONGEST = 46
"""Characters of a name."""
WRITTEN = {"s": "seconds", "Wh": "watt-hours"}
"""Units as an axis tells them; others stand as they are."""


def cost_bars(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """A bar for each run, its name above and its value at its end; the run of the page is filled and named so.

    Args:
        rows: Of `frames.energy.beside`, none without a number.
        palette: Of the background.
    """
    unit = str(rows["unit"].iloc[0])
    drawn = rows.assign(
        value=rows["value"].astype(float),
        row=[_name(*its) for its in zip(rows["model"], rows["finished"], rows["here"], strict=True)],
        place=[str(number) for number in range(len(rows))],
        text=[f"{value:,.4g} {unit}" for value in rows["value"].astype(float)],
    )
    top = max(float(drawn["value"].max()), 1e-12) * 1.3
    across = alt.X(
        "value:Q", title=WRITTEN.get(unit, unit), scale=alt.Scale(domain=[0, top]), axis=alt.Axis(tickCount=5)
    )
    down = alt.Y("place:N", sort=list(drawn["place"]), axis=None)
    told = [
        alt.Tooltip("row:N", title="run"),
        alt.Tooltip("text:N", title="value"),
        alt.Tooltip("how:N", title="how it is known"),
        alt.Tooltip("machine:N", title="machine"),
    ]
    base = alt.Chart(drawn)
    ink = palette.rulings["none"]
    fill = alt.condition("datum.here", alt.value(ink), alt.value("transparent"))
    bar = base.mark_bar(height=BAR, stroke=ink, strokeWidth=1.5, yOffset=9).encode(
        x=across, y=down, fill=fill, tooltip=told
    )
    value = base.mark_text(align="left", baseline="middle", dx=6, dy=9, color=palette.ink, fontSize=12).encode(
        x=across, y=down, text="text:N"
    )
    name = base.mark_text(align="left", baseline="middle", dy=-10, color=palette.ink, fontSize=12).encode(
        x=alt.value(0), y=down, text="row:N"
    )
    return layered(bar, value, name).properties(height=alt.Step(ROW))


def _name(model: str, finished: str, here: object) -> str:
    """Model, day and time; "this run" where it is."""
    when = printable(finished)[:16].replace("T", " ")
    return f"{printable(model, limit=LONGEST)} · {when}{' · this run' if here else ''}"
