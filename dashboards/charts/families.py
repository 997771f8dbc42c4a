"""The main views of the families of risk: shares of a whole, changes in pairs, curves along a strength."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["curves", "curves_words", "fate_words", "slope_words", "slopes", "stacked_fates"]

ROW = 56
"""Height of one row with its name above it, in pixels."""
TALL = 72
"""The same where the name has two lines."""
BAR = 20
HEIGHT = 300
LEGEND_ROW = 26
SHADE = 0.15
"""Opacity of the band of an interval."""
LEAST = 0.07
"""Share of a bar from which its count fits inside."""
DASHES = ([1, 0], [7, 4], [2, 3], [9, 3, 2, 3])
POINTS = ("circle", "square", "triangle-up", "diamond")


# ── shares of a whole ─────────────────────────────────────────────────────────────────────


def stacked_fates(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """A bar for each cell, cut into what became of its answers; counts inside, words in the legend below.

    Args:
        rows: Of `frames.families.fates`.
        palette: Of the background.
    """
    drawn = rows.assign(**{name: rows[name].astype(float) * 100 for name in ("start", "end", "share", "low", "high")})
    drawn = drawn.assign(
        inside=[str(its["count"]) if its["share"] >= 100 * LEAST else "" for _, its in drawn.iterrows()]
    )
    order = list(dict.fromkeys(rows["row"]))
    fills = _fills(palette)
    shown = [key for key in fills if key in set(rows["what"])]
    words = dict(zip(rows["what"], rows["words"], strict=True))
    down = alt.Y("row:N", sort=order, axis=None)
    across = alt.X("start:Q", title="of 100 answers", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5))
    colour = alt.Color(
        "words:N",
        scale=alt.Scale(domain=[words[key] for key in shown], range=[fills[key][0] for key in shown]),
        legend=alt.Legend(
            orient="bottom", columns=1, title=None, labelLimit=330, symbolType="square", symbolStrokeWidth=0.5
        ),
    )
    told = [
        alt.Tooltip("row:N", title="of"),
        alt.Tooltip("words:N", title="what became of it"),
        alt.Tooltip("count:Q", format=",", title="answers"),
        alt.Tooltip("share:Q", format=".3~g", title="of 100"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
    ]
    base = alt.Chart(drawn)
    bar = base.mark_bar(height=BAR, stroke=palette.ink, strokeWidth=0.8, yOffset=10).encode(
        x=across, x2="end:Q", y=down, color=colour, tooltip=told
    )
    inside = [
        alt.Chart(drawn[drawn["what"] == key].assign(middle=lambda its: (its["start"] + its["end"]) / 2))
        .mark_text(color=fills[key][1], dy=10, fontWeight="bold")
        .encode(x=alt.X("middle:Q"), y=down, text="inside:N")
        for key in shown
    ]
    return layered(bar, *inside, _names(drawn.drop_duplicates("row"), order, palette)).properties(height=alt.Step(ROW))


def _fills(palette: Palette) -> dict[str, tuple[str, str]]:
    """Fill of each fate, and the colour of text on it; words and counts stand beside it wherever it is used."""
    dark = palette.ink > palette.faint
    paper = "#0E1117" if dark else "#FFFFFF"
    return {
        "right": (palette.rulings["pass"], paper),
        "wrong": (palette.rulings["fail"], paper),
        "withheld": (palette.rulings["waived"], paper),
        "open": (palette.rulings["inconclusive"], paper),
        "refused": (palette.ramp[1], palette.ink),
        "unreadable": (palette.ramp[0], palette.ink),
        "failed": (palette.ink, paper),
    }


def fate_words(rows: pd.DataFrame) -> str:
    """Say what became of the answers, for those who cannot see it."""
    return "; ".join(
        f"{row['row']}: {row['count']} {row['words']}, {100 * row['share']:.0f} of 100, interval"
        f" {100 * row['low']:.0f} to {100 * row['high']:.0f}"
        for row in rows.to_dict("records")
    )


# ── pairs ─────────────────────────────────────────────────────────────────────────────────


def slopes(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """A line for each kind of change, from the share right as the question stands to the share right where it changed.

    Args:
        rows: Of `frames.families.slope_rows`.
        palette: Of the background.
    """
    shares = ("before", "after", "lost", "low", "high")
    drawn = rows.assign(**{name: rows[name].astype(float) * 100 for name in shares})
    order = list(drawn["row"])
    down = alt.Y("row:N", sort=order, axis=None)
    across = alt.X(
        "before:Q", title="right, of 100 questions", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5)
    )
    told = [
        alt.Tooltip("row:N", title="what"),
        alt.Tooltip("before:Q", format=".3~g", title="right as it stands, of 100"),
        alt.Tooltip("after:Q", format=".3~g", title="right where it was changed"),
        alt.Tooltip("lost:Q", format=".3~g", title="lost"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
        alt.Tooltip("questions:Q", format=",", title="questions"),
    ]
    base = alt.Chart(drawn)
    line = base.mark_rule(strokeWidth=2.5, color=palette.faint, yOffset=12, y2Offset=12).encode(
        x=across, x2="after:Q", y=down
    )
    ends = drawn.melt(
        [name for name in drawn.columns if name not in ("before", "after")],
        ["before", "after"],
        var_name="form",
        value_name="at",
    )
    ends["form"] = ends["form"].map({"before": "as it stands", "after": "changed"})
    forms = ["as it stands", "changed"]
    colour = alt.Color(
        "form:N",
        scale=alt.Scale(domain=forms, range=[palette.rulings["none"], palette.rulings["fail"]]),
        legend=alt.Legend(orient="bottom", title=None),
    )
    shape = alt.Shape("form:N", scale=alt.Scale(domain=forms, range=["circle", "square"]), legend=None)
    # The circle is the larger one, and lies below: where nothing was lost, it shows around the square.
    dots = [
        alt.Chart(ends[ends["form"] == form])
        .mark_point(filled=True, size=size, opacity=1, yOffset=12)
        .encode(x=alt.X("at:Q"), y=down, color=colour, shape=shape)
        for form, size in zip(forms, (210, 70), strict=True)
    ]
    seen = base.mark_point(size=900, opacity=0, yOffset=12).encode(x=across, y=down, tooltip=told)
    return layered(line, *dots, seen, _names(drawn, order, palette, lines=2)).properties(height=alt.Step(TALL))


def slope_words(rows: pd.DataFrame) -> str:
    """Say what each kind of change costs."""
    return "; ".join(
        f"{row['row']}: right in {100 * row['before']:.0f} of 100 as it stands, in {100 * row['after']:.0f} changed,"
        f" lost {100 * row['lost']:.0f}, interval {100 * row['low']:.0f} to {100 * row['high']:.0f}"
        for row in rows.to_dict("records")
    )


# ── curves ────────────────────────────────────────────────────────────────────────────────


def curves(
    rows: pd.DataFrame,
    palette: Palette,
    *,
    across: str,
    down: str,
    lines: Mapping[str, float] | None = None,
    log: bool = False,
) -> alt.LayerChart:
    """One curve or several with their bands, told apart by colour, dash and shape at once.

    Args:
        rows: Columns at, series, value, low, high and n; of `frames.families.curve`.
        palette: Of the background.
        across: What lies across, with its unit.
        down: What lies upward, with its unit.
        lines: Upright lines: words, and where they stand.
        log: Whether distances across are ratios.
    """
    share = str(rows["unit"].iloc[0]) == "share"
    scale = 100 if share else 1
    drawn = rows.assign(**{name: rows[name].astype(float) * scale for name in ("value", "low", "high")})
    series = list(dict.fromkeys(drawn["series"]))
    colours = [palette.rulings[key] for key in ("none", "fail", "waived", "inconclusive")]
    ranges = [[its[place % len(its)] for place in range(len(series))] for its in (colours, DASHES, POINTS)]
    legend = (
        alt.Legend(orient="bottom", columns=1, title=None, labelLimit=330, symbolOpacity=1) if len(series) > 1 else None
    )
    colour = alt.Color("series:N", scale=alt.Scale(domain=series, range=ranges[0]), legend=legend)
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=series, range=ranges[1]), legend=None)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=series, range=ranges[2]), legend=legend)
    x = alt.X("at:Q", title=across, scale=alt.Scale(type="log" if log else "linear", nice=False), axis=_axis(drawn))
    y = alt.Y("value:Q", title=down, scale=alt.Scale(domain=[0, 100]) if share else alt.Scale(zero=True, nice=True))
    told = [
        alt.Tooltip("series:N", title="what"),
        alt.Tooltip("at:Q", format="~g", title=across),
        alt.Tooltip("value:Q", format=".3~g", title=down),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="n"),
    ]
    base = alt.Chart(drawn)
    band = base.mark_area(opacity=SHADE).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour)
    line = base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour, strokeDash=dash)
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=colour, shape=shape, tooltip=told)
    # Words of a legend take their room from the plot.
    room = LEGEND_ROW * len(series) if legend else 0
    return layered(band, *_upright(lines or {}, palette), line, dot).properties(height=HEIGHT + room)


def _axis(rows: pd.DataFrame) -> alt.Axis:
    """A tick at each value, since strengths and levels are chosen ones."""
    values = sorted(set(rows["at"]))
    return alt.Axis(values=values, format=".6~g", labelOverlap=True) if len(values) <= 12 else alt.Axis(tickCount=6)


def _upright(lines: Mapping[str, float], palette: Palette) -> list[alt.LayerChart]:
    if not lines:
        return []
    drawn = pd.DataFrame({"at": list(lines.values()), "words": list(lines)})
    base = alt.Chart(drawn).encode(x="at:Q")
    rule = base.mark_rule(color=palette.ink, strokeDash=[4, 3])
    name = base.mark_text(align="right", dx=-5, baseline="top", dy=4, color=palette.ink).encode(
        y=alt.value(0), text="words:N"
    )
    return [layered(rule, name)]


def curves_words(rows: pd.DataFrame) -> str:
    """Say what the curves show."""
    scale = 100 if len(rows) and rows["unit"].iloc[0] == "share" else 1
    unit = "of 100" if scale == 100 else ""
    return "; ".join(
        f"{row['series']} at {row['at']:g}: {scale * row['value']:.3g} {unit}, interval {scale * row['low']:.3g} to"
        f" {scale * row['high']:.3g}"
        for row in rows.to_dict("records")
    )


def _names(rows: pd.DataFrame, order: list[str], palette: Palette, *, lines: int = 1) -> alt.Chart:
    """Names stand above their rows: so there is room for both on a narrow screen."""
    named = alt.Chart(rows).mark_text(
        align="left", baseline="middle", dy=-14 * lines, color=palette.ink, fontSize=12, lineBreak="\n"
    )
    made: alt.Chart = named.encode(x=alt.value(0), y=alt.Y("row:N", sort=order, axis=None), text="row:N")
    return made
