"""Promises, attacks and prices: epsilon against what an audit shows, curves of attacks, numbers by epsilon."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["bounds_chart", "roc_chart", "spent_chart", "traded_chart"]

FLOOR = 1e-3
"""Least share on the axes of a curve, unless more records show less."""
FREQUENCY = "datum.value >= 1 ? 'all' : '1 of ' + format(1 / datum.value, ',.0f')"
ROW = 56
"""Height of a row with its name above it, in pixels."""


def bounds_chart(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Promised and audited epsilon under one another: a ceiling that points down, a floor that points up.

    Args:
        rows: Of `frames.privacy.bounds`, at least one.
        palette: Of the background.
    """
    base = alt.Chart(rows)
    across = alt.X(
        "low:Q",
        title="epsilon (less is more private)",
        scale=alt.Scale(zero=True, nice=True),
        axis=alt.Axis(tickCount=6),
    )
    down = alt.Y("what:N", sort=list(rows["what"]), axis=None)
    kinds = ["promise", "audit"]
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[palette.rulings["none"], palette.rulings["fail"]]), legend=None
    )
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["triangle-left", "triangle-right"]), legend=None)
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [4, 4]]), legend=None)
    told = [
        alt.Tooltip("what:N"),
        alt.Tooltip("low:Q", title="from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
        alt.Tooltip("words:N", title="what lies between"),
    ]
    bar = base.mark_rule(strokeWidth=3).encode(
        x=across, x2="high:Q", y=down, color=colour, strokeDash=dash, tooltip=told
    )
    mark = base.mark_point(filled=True, size=170, opacity=1).encode(
        x="value:Q", y=down, color=colour, shape=shape, tooltip=told
    )
    name = base.mark_text(align="left", baseline="middle", dy=-18, color=palette.ink, fontSize=12).encode(
        x=alt.value(0), y=down, text="what:N"
    )
    return layered(bar, mark, name).properties(height=alt.Step(ROW))


def spent_chart(rows: pd.DataFrame, budget: float, words: str, palette: Palette) -> alt.LayerChart:
    """Epsilon after each step, and the budget as a labelled line.

    Args:
        rows: Of `frames.privacy.spent`, at least one.
        budget: What may be spent.
        words: That it is called.
        palette: Of the background.
    """
    top = max(budget, float(rows["epsilon"].max())) * 1.15
    up = alt.Y("epsilon:Q", title="epsilon spent so far", scale=alt.Scale(domain=[0, top]))
    line = (
        alt.Chart(rows)
        .mark_line(color=palette.rulings["none"], strokeWidth=2.5, point=len(rows) < 30)
        .encode(
            x=alt.X("step:Q", title="training step"),
            y=up,
            tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("epsilon:Q", format=".3f")],
        )
    )
    limit = alt.Chart(pd.DataFrame({"at": [budget], "words": [words]}))
    rule = limit.mark_rule(color=palette.ink, strokeDash=[6, 4], strokeWidth=2).encode(y="at:Q")
    name = limit.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=palette.ink, fontSize=12).encode(
        x=alt.value(0), y="at:Q", text="words:N"
    )
    return layered(line, rule, name).properties(height=260)


def roc_chart(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """What an attack finds against whom it accuses, both axes logarithmic, with chance and what cannot be known.

    Shares of 0 have no place on such an axis: they are drawn at its lower end.

    Args:
        rows: Of `frames.privacy.roc`, at least one.
        palette: Of the background.
    """
    seen = 1 / float(rows["others"].iloc[0])
    left, bottom = min(FLOOR, seen), min(FLOOR, 1 / float(rows["n"].iloc[0]))
    drawn = rows[rows["accused"] > 0].copy()
    for name in ("found", "low", "high"):
        drawn[name] = drawn[name].clip(lower=bottom)
    across = alt.X(
        "false:Q",
        title="others wrongly accused",
        scale=alt.Scale(type="log", domain=[left, 1], nice=False),
        axis=alt.Axis(values=_decades(left), labelExpr=FREQUENCY, grid=True),
    )
    up = alt.Y(
        "found:Q",
        title="training records found",
        scale=alt.Scale(type="log", domain=[bottom, 1], nice=False),
        axis=alt.Axis(values=_decades(bottom), labelExpr=FREQUENCY),
    )
    told = [
        alt.Tooltip("found:Q", title="training records found", format=".2%"),
        alt.Tooltip("low:Q", title="interval from", format=".2%"),
        alt.Tooltip("high:Q", title="to", format=".2%"),
        alt.Tooltip("false:Q", title="others accused", format=".2%"),
        alt.Tooltip("accused:Q", title="that is, of those looked at"),
    ]
    colour = palette.rulings["none"]
    base = alt.Chart(drawn)
    band = base.mark_area(color=colour, opacity=0.22, interpolate="step-after").encode(
        x=across, y=alt.Y("low:Q", title="training records found"), y2="high:Q"
    )
    line = base.mark_line(color=colour, strokeWidth=2.5, interpolate="step-after").encode(x=across, y=up)
    hover = base.mark_point(color=colour, filled=True, size=30, opacity=1).encode(x=across, y=up, tooltip=told)
    return layered(*_unknown(left, seen, palette), *_chance(max(left, bottom), palette), band, line, hover).properties(
        height=340
    )


def _decades(least: float) -> list[float]:
    return [at for at in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0) if at >= least * 0.999]


def _unknown(left: float, seen: float, palette: Palette) -> list[alt.Chart]:
    """The part in which so few others show nothing."""
    if seen <= left * 1.001:
        return []
    place = alt.Chart(pd.DataFrame({"from": [left], "to": [seen], "words": ["too few\nothers\nto know"]}))
    ground = place.mark_rect(color=palette.faint, opacity=0.25).encode(x="from:Q", x2="to:Q")
    edge = place.mark_rule(color=palette.faint, strokeWidth=1.5).encode(x="to:Q")
    name = place.mark_text(
        align="left", baseline="top", dx=5, dy=6, color=palette.ink, fontSize=12, lineBreak="\n"
    ).encode(x="from:Q", y=alt.value(0), text="words:N")
    return [ground, edge, name]


def _chance(least: float, palette: Palette) -> list[alt.Chart]:
    """Where as many are found as are accused."""
    ends = alt.Chart(pd.DataFrame({"at": [least, 1.0]}))
    line = ends.mark_line(color=palette.ink, strokeDash=[6, 4], strokeWidth=1.5).encode(x="at:Q", y="at:Q")
    place = alt.Chart(pd.DataFrame({"at": [0.09], "words": ["chance"]}))
    name = place.mark_text(align="left", baseline="top", dx=8, dy=6, color=palette.ink, fontSize=12).encode(
        x="at:Q", y="at:Q", text="words:N"
    )
    return [line, name]


SHAPES = {"no treatment": "cross", "noise for privacy": "circle", "another treatment": "square"}
"""Of arms, by what they are there for; a placebo is a diamond."""
ABREAST = 0.16
"""How far apart arms at one epsilon stand, where epsilons stand 1 apart."""


def traded_chart(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """One number by epsilon, from none to the strictest; the value without any treatment is a cross, and a line.

    Args:
        rows: Of `frames.privacy.traded`, at least one with a number.
        palette: Of the background.
    """
    drawn = _placed(rows[rows["value"].notna()])
    places, roles = list(dict.fromkeys(drawn["place"])), list(dict.fromkeys(drawn["role"]))
    inks = {
        "no treatment": palette.ink,
        "noise for privacy": palette.rulings["none"],
        "another treatment": palette.rulings["fail"],
    }
    across = alt.X(
        "x:Q",
        title="epsilon (less is more private)",
        scale=alt.Scale(domain=[-0.6, len(places) - 0.4], nice=False),
        # Epsilons are numbers, so no text of a run is in this program.
        axis=alt.Axis(values=list(range(len(places))), labelExpr=f"{places}[datum.value]", grid=False),
    )
    up = alt.Y(
        "value:Q",
        title=str(drawn["unit"].iloc[0]),
        scale=_scale(drawn),
        axis=alt.Axis(format=".4~g", tickCount=5, titleAngle=0, titleAlign="left", titleX=-24, titleY=-12),
    )
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=roles, range=[inks.get(role, palette.rulings["inconclusive"]) for role in roles]),
        legend=alt.Legend(title=None, orient="bottom", columns=1, labelLimit=300),
    )
    shape = alt.Shape(
        "role:N",
        scale=alt.Scale(domain=roles, range=[SHAPES.get(role, "diamond") for role in roles]),
        legend=alt.Legend(title=None, orient="bottom", columns=1, labelLimit=300),
    )
    told = [
        alt.Tooltip("arm:N", title="arm"),
        alt.Tooltip("value:Q", format=".4~g", title="value"),
        alt.Tooltip("change:Q", format="+.4~g", title="change"),
        alt.Tooltip("low:Q", format=".4~g", title="interval from"),
        alt.Tooltip("high:Q", format=".4~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="n"),
    ]
    base = alt.Chart(drawn)
    level = base.transform_filter("datum.role == 'no treatment'").mark_rule(color=palette.ink, strokeDash=[6, 4])
    bar = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5)
    bar = bar.encode(x=across, y=alt.Y("low:Q"), y2="high:Q", color=colour)
    dot = base.mark_point(filled=True, size=120, opacity=1).encode(
        x=across, y=up, color=colour, shape=shape, tooltip=told
    )
    return layered(level.encode(y=up), bar, dot).properties(height=440)


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their place across: arms at one epsilon side by side."""
    order = list(dict.fromkeys(rows["place"]))
    beside = rows.groupby("place", sort=False).cumcount()
    many = rows.groupby("place", sort=False)["place"].transform("size")
    middle = [order.index(place) for place in rows["place"]]
    return rows.assign(x=middle + (beside - (many - 1) / 2) * ABREAST)


def _scale(rows: pd.DataFrame) -> alt.Scale:
    """All that is drawn; with room around it where all of it is one number."""
    ends = rows[["value", "low", "high"]].astype(float)
    least, most = float(ends.min().min()), float(ends.max().max())
    if least == most:
        return alt.Scale(domain=[least - 1, most + 1])
    return alt.Scale(zero=False, nice=True)
