"""Numbers with their intervals, one under another."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboards.charts.naming import named_rows, names_above
from dashboards.charts.palette import SHAPES, WORDS, Palette, layered

__all__ = ["OF_100", "gate_forest", "group_forest", "headline_forest", "interval_alt"]

OF_100 = {"share": "of 100", "share difference": "points of 100"}
"""How the units that are told of 100 are called."""


def headline_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Headline numbers of one unit under one another: dot, interval, and the value of a harmless model as a dash.

    Args:
        rows: Of `frames.headlines`, all of one unit, none without a number.
        palette: Of the background.
    """
    named = rows.assign(row=rows["title"] + " · " + rows["dataset"], word=rows["ruling"].map(WORDS))
    return _stacked(_forest(named, palette, str(rows["unit"].iloc[0])), named)


def gate_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """What limits are set on: dot and interval, and the limit as a long line with its words.

    Args:
        rows: Of `frames.gates`, all of one unit, none without a number.
        palette: Of the background.
    """
    unit = str(rows["unit"].iloc[0])
    named = rows.assign(row=rows["title"] + " · " + rows["dataset"], word=rows["ruling"].map(WORDS))
    scale = 100 if unit in OF_100 else 1
    ends = named.melt(["row", "limit"], ["least", "most"], value_name="at").dropna(subset=["at"])
    ends = ends.assign(at=ends["at"].astype(float) * scale)
    line = (
        alt.Chart(ends)
        .mark_tick(color=palette.ink, thickness=3, size=24)
        .encode(x="at:Q", y=alt.Y("row:N", sort=list(named["row"]), axis=None), tooltip=["row:N", "limit:N"])
    )
    return _stacked([*_forest(named, palette, unit), line], named)


def group_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Groups of one metric under one another, worst first.

    Args:
        rows: Of `frames.groups`, none without a number.
        palette: Of the background.
    """
    named = rows.assign(row=rows["group"], ruling="none", word="no limit for single groups")
    return _stacked(_forest(named, palette, str(rows["unit"].iloc[0])), named)


def _stacked(layers: Sequence[alt.Chart], named: pd.DataFrame) -> alt.LayerChart:
    """All layers at once: each layer of layers would be copied and checked again."""
    return layered(*layers).properties(height=named_rows(named)[1])


def _forest(rows: pd.DataFrame, palette: Palette, unit: str) -> list[alt.Chart]:
    rows, _ = named_rows(rows)
    order = list(rows["row"])
    shares = unit == "share"
    scale = 100 if unit in OF_100 else 1
    drawn = rows.assign(**{name: rows[name].astype(float) * scale for name in ("value", "low", "high", "null")})
    across = alt.X(
        "low:Q",
        title=OF_100.get(unit, unit),
        scale=alt.Scale(domain=_whole(drawn)) if shares else alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=6),
    )
    down = alt.Y("row:N", sort=order, axis=None)
    keys = [key for key in palette.rulings if key in set(drawn["ruling"])]
    colour = alt.Color(
        "ruling:N", scale=alt.Scale(domain=keys, range=[palette.rulings[key] for key in keys]), legend=None
    )
    shape = alt.Shape("ruling:N", scale=alt.Scale(domain=keys, range=[SHAPES[key] for key in keys]), legend=None)
    told = [
        alt.Tooltip("row:N", title="what"),
        alt.Tooltip("value:Q", format=".4~g", title="value"),
        alt.Tooltip("low:Q", format=".4~g", title="interval from"),
        alt.Tooltip("high:Q", format=".4~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="n"),
        alt.Tooltip("word:N", title="ruling"),
    ]
    base = alt.Chart(drawn)
    bar = base.mark_rule(strokeWidth=3).encode(x=across, x2="high:Q", y=down, color=colour)
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="value:Q", y=down, color=colour, shape=shape, tooltip=told
    )
    null = base.transform_filter("isValid(datum.null)").mark_tick(color=palette.faint, thickness=2, size=16)
    return [null.encode(x="null:Q", y=down), bar, dot, names_above(rows, order, palette)]


def _whole(shares: pd.DataFrame) -> list[float]:
    """0 to 100, and below where a share of one kind was taken from another and may be negative."""
    least = float(shares["low"].min())
    return [0, 100] if least >= 0 else [-100 if least < -50 else -50 if least < -10 else -10, 100]


def interval_alt(rows: pd.DataFrame, names: Sequence[str] = ("title", "dataset")) -> str:
    """Say in words what a chart of intervals shows: for those who cannot see it."""
    told = []
    for row in rows.to_dict("records"):
        scale = 100 if row["unit"] in OF_100 else 1
        unit = OF_100.get(row["unit"], row["unit"])
        name = ", ".join(str(row[part]) for part in names)
        told.append(
            f"{name}: {row['value'] * scale:.3g} {unit}, interval {row['low'] * scale:.3g} to {row['high'] * scale:.3g}"
        )
    return "; ".join(told)
