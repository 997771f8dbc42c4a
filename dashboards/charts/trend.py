"""One number over many runs: interval bars in order of time, joined where they can be compared."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["trend_alt", "trend_chart"]

HEIGHT = 330
"""With its axis, in pixels."""
DASHES = {"same": [1, 0], "other model": [5, 4], "other measure": [1, 0]}
"""Of lines between runs and of marks across them."""


def trend_chart(runs: pd.DataFrame, joins: pd.DataFrame, marks: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Dots with interval bars, oldest run to the left.

    A line joins runs that were measured alike: whole where the model is the same, broken where it is another version.
    A vertical line with words stands where something else than time changed; across those of other measures goes none.

    Args:
        runs: Of `frames.run_rows`.
        joins: Of `frames.joins`.
        marks: Of `frames.marks`.
        palette: Of the background.
    """
    unit = str(runs["unit"].iloc[0])
    scale = 100.0 if unit == "share" else 1.0
    drawn = runs.assign(
        **{name: runs[name].astype(float) * scale for name in ("value", "low", "high", "null", "least", "most")}
    )
    across = _across(drawn)
    up = alt.Y(
        "low:Q",
        title="of 100" if unit == "share" else unit,
        scale=alt.Scale(domain=[0, 100]) if _is_share(drawn, unit) else alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=5, format=".4~r"),
    )
    base = alt.Chart(drawn)
    colour = palette.rulings["none"]
    band = base.mark_rule(strokeWidth=7, opacity=0.3, color=colour).encode(x=across, y=up, y2="high:Q")
    bar = base.mark_rule(strokeWidth=2, color=colour).encode(x=across, y=up, y2="high:Q")
    dot = base.mark_point(filled=True, size=90, opacity=1, color=colour).encode(
        x=across, y="value:Q", tooltip=_tooltips()
    )
    line = (
        alt.Chart(joins.assign(value=joins["value"].astype(float) * scale))
        .mark_line(color=colour, strokeWidth=2)
        .encode(
            x="place:Q",
            y="value:Q",
            detail="piece:N",
            strokeDash=_dashes(),
        )
    )
    return layered(*_marks(marks, palette), *_limits(drawn, palette), line, band, bar, dot).properties(height=HEIGHT)


def _is_share(drawn: pd.DataFrame, unit: str) -> bool:
    return unit == "share" and bool((drawn["low"] >= 0).all())


def _across(drawn: pd.DataFrame) -> alt.X:
    """Runs at equal distances, since releases are not: each is named by its day, and by its time where days repeat."""
    days = list(drawn["when"].str[:10])
    names = list(drawn["when"].str[:10] if len(set(days)) == len(days) else drawn["when"].str[5:])
    # Day and time are ours, written by no bundle: they hold nothing but digits, dashes, colons and spaces.
    safe = ["".join(sign for sign in name if sign in "0123456789-: ") for name in names]
    told = " ".join(f"datum.value === {place} ? '{name}' :" for place, name in enumerate(safe))
    step = max(1, -(-len(names) // 8))
    return alt.X(
        "place:Q",
        title="end of the run, oldest first",
        scale=alt.Scale(domain=[-0.5, len(names) - 0.5], nice=False),
        axis=alt.Axis(values=list(range(0, len(names), step)), labelExpr=f"{told} ''", labelAngle=-30, grid=False),
    )


def _marks(marks: pd.DataFrame, palette: Palette) -> list[alt.Chart]:
    """Vertical lines where something else changed; their words run along them, since there is no room beside."""
    if marks.empty:
        return []
    base = alt.Chart(marks)
    rule = base.mark_rule(color=palette.faint, strokeWidth=1.5).encode(
        x="place:Q", strokeDash=_dashes(), tooltip=[alt.Tooltip("why:N", title="what changed")]
    )
    words = base.mark_text(
        angle=270, align="right", baseline="bottom", dx=-4, dy=-3, color=palette.ink, fontSize=11, limit=HEIGHT - 120
    ).encode(x="place:Q", y=alt.value(0), text="why:N", tooltip=[alt.Tooltip("why:N", title="what changed")])
    return [rule, words]


def _dashes() -> alt.StrokeDash:
    scale = alt.Scale(domain=list(DASHES), range=list(DASHES.values()))
    return alt.StrokeDash("link:N", scale=scale, legend=None)


def _limits(drawn: pd.DataFrame, palette: Palette) -> list[alt.Chart]:
    """The limit that each run was held to, and its words at the newest run that had one."""
    made = []
    for name, words in (("most", "limit: at most"), ("least", "limit: at least")):
        held = drawn[drawn[name].notna()]
        if held.empty:
            continue
        spans = held.assign(start=held["place"] - 0.5, end=held["place"] + 0.5)
        made.append(
            alt.Chart(spans)
            .mark_rule(color=palette.rulings["fail"], strokeWidth=2)
            .encode(x="start:Q", x2="end:Q", y=f"{name}:Q")
        )
        last = spans.tail(1).assign(words=f"{words} {held[name].iloc[-1]:.4g}")
        made.append(
            alt.Chart(last)
            .mark_text(align="right", baseline="bottom", dx=-4, dy=-3, color=palette.rulings["fail"], fontSize=11)
            .encode(x="end:Q", y=f"{name}:Q", text="words:N")
        )
    return made


def _tooltips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("when:N", title="ended"),
        alt.Tooltip("run:N"),
        alt.Tooltip("value:Q", format=".4~g", title="value"),
        alt.Tooltip("low:Q", format=".4~g", title="interval from"),
        alt.Tooltip("high:Q", format=".4~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="n"),
        alt.Tooltip("since:N", title="since the run before"),
    ]


def trend_alt(runs: pd.DataFrame) -> str:
    """The chart in words."""
    told = []
    for row in runs.to_dict("records"):
        scale = 100 if row["unit"] == "share" else 1
        unit = "of 100" if scale == 100 else row["unit"]
        since = f" ({row['since']})" if row["since"] else ""
        interval = f"interval {row['low'] * scale:.3g} to {row['high'] * scale:.3g}"
        told.append(f"{row['when']}{since}: {row['value'] * scale:.3g} {unit}, {interval}")
    return "; ".join(told)
