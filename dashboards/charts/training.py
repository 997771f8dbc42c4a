"""Losses over the steps of a training."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["loss_chart"]

HEIGHT = 280
FEW = 40
"""Points up to which each is marked: more make a band."""
DASHES = {"training loss": [1, 0], "validation loss": [6, 3]}
SHAPES = {"training loss": "circle", "validation loss": "square"}


def loss_chart(rows: pd.DataFrame, unit: str, kept: int | None, palette: Palette) -> alt.LayerChart:
    """Curves by step, each with its own stroke, shape and colour, and the step whose weights were kept as a line.

    Args:
        rows: Of `frames.training.losses`, at least one, all of one unit.
        unit: Of the values.
        kept: Step whose weights were kept; None where it is not known.
        palette: Of the background.
    """
    names = [name for name in DASHES if name in set(rows["curve"])]
    inks = {"training loss": palette.rulings["none"], "validation loss": palette.rulings["fail"]}
    first, last = int(rows["step"].min()), int(rows["step"].max())
    across = alt.X(
        "step:Q",
        title="training step",
        scale=alt.Scale(domain=[0 if first < last / 20 else first, max(last, kept or 0)], nice=False),
        axis=alt.Axis(tickCount=6),
    )
    up = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=6))
    legend = alt.Legend(title=None, orient="bottom", columns=2, labelLimit=300, symbolSize=120, symbolStrokeWidth=0)
    colour = alt.Color("curve:N", scale=alt.Scale(domain=names, range=[inks[name] for name in names]), legend=legend)
    dash = alt.StrokeDash("curve:N", scale=alt.Scale(domain=names, range=[DASHES[name] for name in names]), legend=None)
    shape = alt.Shape("curve:N", scale=alt.Scale(domain=names, range=[SHAPES[name] for name in names]), legend=legend)
    told = [
        alt.Tooltip("curve:N", title="curve"),
        alt.Tooltip("step:Q", title="after step", format=","),
        alt.Tooltip("value:Q", title=unit, format=".4~g"),
        alt.Tooltip("seconds:Q", title="seconds of training", format=",.1f"),
    ]
    counts = rows.groupby("curve")["step"].transform("count")
    line = alt.Chart(rows).mark_line(strokeWidth=2.2).encode(x=across, y=up, color=colour, strokeDash=dash)
    sparse = alt.Chart(rows[counts <= FEW]).mark_point(filled=True, size=60, opacity=1)
    dense = alt.Chart(rows[counts > FEW]).mark_point(filled=True, size=60, opacity=0)
    marks = [one.encode(x=across, y=up, color=colour, shape=shape, tooltip=told) for one in (sparse, dense)]
    return layered(line, *marks, *_kept(kept, first, last, palette)).properties(height=HEIGHT)


def _kept(kept: int | None, first: int, last: int, palette: Palette) -> list[alt.Chart]:
    """The step whose weights were kept, named on the side that has room; nothing where it is not shown."""
    if kept is None or kept < first:
        return []
    place = alt.Chart(pd.DataFrame({"step": [kept], "words": [f"weights kept: step {kept:,}"]}))
    rule = place.mark_rule(color=palette.ink, strokeDash=[3, 3], strokeWidth=1.5).encode(x="step:Q")
    late = kept > last / 2
    name = place.mark_text(
        align="right" if late else "left", baseline="top", dx=-6 if late else 6, color=palette.ink, fontSize=12
    ).encode(x="step:Q", y=alt.value(2), text="words:N")
    return [rule, name]
