"""Tables → Altair charts. Pure: no page, no store. Every mark has a shape as well as a colour, every axis its unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from harness.query import RULINGS

__all__ = ["DARK", "LIGHT", "Palette", "gate_forest", "group_forest", "headline_forest", "interval_alt", "risk_map"]

ROW = 46
"""Height of one row, in pixels."""
CELL = 30
"""Height of one cell of the map."""
SHAPES: Mapping[str, str] = {
    "pass": "circle",
    "fail": "square",
    "waived": "triangle-up",
    "inconclusive": "diamond",
    "not_judged": "diamond",
    "none": "circle",
}
WORDS: Mapping[str, str] = {**RULINGS, "none": "No limit was set"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours on one background, each with a contrast of at least 4.5 to 1 on it, by the key of a ruling."""

    rulings: Mapping[str, str]
    ink: str
    faint: str
    ramp: tuple[str, str]


LIGHT = Palette(
    {
        "pass": "#0072B2",
        "fail": "#B23A00",
        "waived": "#8A5A00",
        "inconclusive": "#595959",
        "not_judged": "#595959",
        "none": "#0072B2",
    },
    ink="#1A1C1F",
    faint="#767B82",
    ramp=("#FFFFFF", "#E8A27C"),
)
DARK = Palette(
    {
        "pass": "#56B4E9",
        "fail": "#D55E00",
        "waived": "#E69F00",
        "inconclusive": "#9AA0A6",
        "not_judged": "#9AA0A6",
        "none": "#56B4E9",
    },
    ink="#F0F2F5",
    faint="#8B929B",
    ramp=("#0E1117", "#7A3A12"),
)


def headline_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Headline numbers of one unit under one another: dot, interval, and the value of a harmless model as a dash.

    Args:
        rows: Of `frames.headlines`, all of one unit, none without a number.
        palette: Of the background.
    """
    named = rows.assign(row=rows["title"] + " · " + rows["dataset"], word=rows["ruling"].map(WORDS))
    return _forest(named, palette, str(rows["unit"].iloc[0]))


def gate_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """What limits are set on: dot and interval, and the limit as a long line with its words.

    Args:
        rows: Of `frames.gates`, all of one unit, none without a number.
        palette: Of the background.
    """
    unit = str(rows["unit"].iloc[0])
    named = rows.assign(row=rows["title"] + " · " + rows["dataset"], word=rows["ruling"].map(WORDS))
    scale = 100 if unit == "share" else 1
    ends = named.melt(["row", "limit"], ["least", "most"], value_name="at").dropna(subset=["at"])
    ends = ends.assign(at=ends["at"].astype(float) * scale)
    line = (
        alt.Chart(ends)
        .mark_tick(color=palette.ink, thickness=3, size=24)
        .encode(x="at:Q", y=alt.Y("row:N", sort=list(named["row"]), axis=None), tooltip=["row:N", "limit:N"])
    )
    return _layered(_forest(named, palette, unit), line).properties(height=alt.Step(ROW))


def _layered(*charts: alt.LayerChart | alt.Chart) -> alt.LayerChart:
    made = alt.layer(*charts)
    if not isinstance(made, alt.LayerChart):
        raise TypeError("layers of plain charts are a layered chart")
    return made


def group_forest(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Groups of one metric under one another, worst first.

    Args:
        rows: Of `frames.groups`, none without a number.
        palette: Of the background.
    """
    named = rows.assign(row=rows["group"], ruling="none", word="no limit for single groups")
    return _forest(named, palette, str(rows["unit"].iloc[0]))


def _forest(rows: pd.DataFrame, palette: Palette, unit: str) -> alt.LayerChart:
    """Names stand above their bars, not beside them: so there is room for both on a narrow screen."""
    order = list(rows["row"])
    shares = unit == "share"
    scale = 100 if shares else 1
    drawn = rows.assign(**{name: rows[name].astype(float) * scale for name in ("value", "low", "high", "null")})
    across = alt.X(
        "low:Q",
        title="of 100" if shares else unit,
        scale=alt.Scale(domain=[0, 100]) if shares else alt.Scale(zero=False, nice=True),
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
    name = base.mark_text(align="left", baseline="middle", dy=-15, color=palette.ink, fontSize=12).encode(
        x=alt.value(0), y=down, text="row:N"
    )
    bar = base.mark_rule(strokeWidth=3).encode(x=across, x2="high:Q", y=down, color=colour)
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="value:Q", y=down, color=colour, shape=shape, tooltip=told
    )
    null = base.transform_filter("isValid(datum.null)").mark_tick(color=palette.faint, thickness=2, size=16)
    return _layered(null.encode(x="null:Q", y=down), bar, dot, name).properties(height=alt.Step(ROW))


def risk_map(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Cells by probe and kind of group: how bad the worst group may be, as a number and as depth of colour.

    Args:
        rows: Of `frames.worst_bounds`.
        palette: Of the background.
    """
    across = alt.X(
        "group:N", title=None, axis=alt.Axis(labelAngle=-50, orient="top", labelLimit=140, labelOverlap=False)
    )
    down = alt.Y(
        "probe:N",
        title=None,
        sort=list(dict.fromkeys(rows["probe"])),
        axis=alt.Axis(labelLimit=220, labelOverlap=False),
    )
    depth = alt.Color("distance:Q", scale=alt.Scale(domain=[0, 0.5], range=list(palette.ramp), clamp=True), legend=None)
    told = [
        alt.Tooltip("probe:N"),
        alt.Tooltip("group:N", title="worst group"),
        alt.Tooltip("words:N", title="may be as bad as"),
    ]
    cell = (
        alt.Chart(rows)
        .mark_rect(stroke=palette.faint, strokeWidth=0.5)
        .encode(x=across, y=down, color=depth, tooltip=told)
    )
    number = (
        alt.Chart(rows).mark_text(color=palette.ink).encode(x=across, y=down, text=alt.Text("percent:Q", format=".0f"))
    )
    return _layered(cell, number.transform_calculate(percent="datum.bound * 100")).properties(height=alt.Step(CELL))


def interval_alt(rows: pd.DataFrame, names: Sequence[str] = ("title", "dataset")) -> str:
    """Say in words what a chart of intervals shows: for those who cannot see it."""
    told = []
    for row in rows.to_dict("records"):
        scale = 100 if row["unit"] == "share" else 1
        unit = "of 100" if scale == 100 else row["unit"]
        name = ", ".join(str(row[part]) for part in names)
        told.append(
            f"{name}: {row['value'] * scale:.3g} {unit}, interval {row['low'] * scale:.3g} to {row['high'] * scale:.3g}"
        )
    return "; ".join(told)
