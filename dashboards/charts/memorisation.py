"""How the exposures of planted secrets spread, beside what chance gives."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["exposed_chart", "exposed_words"]


def exposed_chart(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """A bar with its interval for each bit, and a broad dash where chance alone would put its end.

    Args:
        rows: Of `frames.memorisation.exposed`, at least one.
        palette: Of the background.
    """
    order = list(rows["bits"])
    across = alt.X(
        "bits:N", sort=order, title="exposure in bits (each bit: twice as exposed)", axis=alt.Axis(labelAngle=0)
    )
    up = alt.Y("share:Q", title="of 100 secrets", scale=alt.Scale(domain=[0, 100]))
    told = [
        alt.Tooltip("bits:N", title="bits"),
        alt.Tooltip("share:Q", format=".3~g", title="of 100 secrets"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
        alt.Tooltip("chance:Q", format=".3~g", title="by chance"),
        alt.Tooltip("secrets:Q", title="secrets"),
    ]
    base = alt.Chart(rows)
    bar = base.mark_bar(color=palette.rulings["none"], opacity=0.75).encode(x=across, y=up, tooltip=told)
    reach = base.mark_rule(color=palette.ink, strokeWidth=1.5).encode(x=across, y="low:Q", y2="high:Q", tooltip=told)
    chance = base.mark_tick(color=palette.rulings["fail"], thickness=4, size=40).encode(
        x=across, y="chance:Q", tooltip=told
    )
    return layered(bar, reach, chance).properties(height=280)


def exposed_words(rows: pd.DataFrame) -> str:
    """Say what the chart shows, for those who cannot see it."""
    return "; ".join(
        f"{row['bits']} bits: {row['share']:.3g} of 100 secrets, interval {row['low']:.3g} to {row['high']:.3g}, by"
        f" chance {row['chance']:.3g}"
        for row in rows.to_dict("records")
    )
