"""Studies: before and after, dose and response, risk beside usefulness, promise beside measurement."""

from __future__ import annotations

from math import log10

import altair as alt
import pandas as pd

from dashboards.charts.palette import SHAPES, Palette, layered

__all__ = ["dose_response", "dumbbells", "frontier", "is_logarithmic", "kept_promises"]

ROW = 58
"""Height of a row with two lines of words above its picture."""
HEIGHT = 300
POINTS = frozenset({"share", "share difference"})
"""Units that are told in hundredths."""
DECADE = 10.0
SIGNS = {"pass": "●", "fail": "■", "inconclusive": "◆", "none": "○"}
"""The drawn shapes again, for the words above a row."""


def dumbbells(rows: pd.DataFrame, palette: Palette, *, early: str = "before", late: str = "after") -> alt.LayerChart:
    """Numbers before and after: a ring, a way, and a shape that tells what became of it, its words above it.

    The thin bar is the interval of the change, laid where the number was before.

    Args:
        rows: Of `frames.studies.numbers`, all of one unit, each with a number before and after.
        palette: Of the background.
        early: What the ring is, for the words beside a pointer.
        late: What the shape is.
    """
    unit = str(rows["unit"].iloc[0])
    shares = unit == "share"
    scale = 100 if shares else 1
    drawn = _placed(rows, scale, whole=shares)
    across = alt.X(
        "early:Q",
        title="of 100" if shares else unit,
        scale=alt.Scale(domain=[0, 100] if shares else _domain(drawn[["early", "late", "from", "to", "harmless"]])),
        axis=alt.Axis(tickCount=6, format=".4~g"),
    )
    down = alt.Y("row:N", sort=list(drawn["row"]), axis=None)
    colour, shape = _directions(drawn, palette)
    told = [
        alt.Tooltip("row:N", title="number"),
        alt.Tooltip("early:Q", format=".4~g", title=early),
        alt.Tooltip("late:Q", format=".4~g", title=late),
        alt.Tooltip("moved:N", title="change"),
        alt.Tooltip("interval:N", title="95 % interval of the change"),
        alt.Tooltip("n:Q", format=",", title="n"),
        alt.Tooltip("word:N", title="ruling"),
        alt.Tooltip("kind:N", title="to the study"),
    ]
    base = alt.Chart(drawn)
    name = _words(base, "row:N", down, -34, palette.ink, bold=True)
    words = _words(base, "line:N", down, -18, palette.ink)
    null = base.transform_filter("isValid(datum.harmless)").mark_tick(color=palette.faint, thickness=2, size=16)
    reach = base.transform_filter("isValid(datum.from)").mark_rule(color=palette.faint, strokeWidth=1.5)
    way = base.mark_rule(strokeWidth=4, opacity=0.55).encode(x=across, x2="late:Q", y=down, color=colour)
    ring = base.mark_point(size=110, filled=False, strokeWidth=2, opacity=1, color=palette.ink)
    end = base.mark_point(filled=True, size=120, opacity=1)
    return layered(
        null.encode(x="harmless:Q", y=down),
        reach.encode(x="from:Q", x2="to:Q", y=down),
        way,
        ring.encode(x=across, y=down, tooltip=told),
        end.encode(x="late:Q", y=down, color=colour, shape=shape, tooltip=told),
        name,
        words,
    ).properties(height=alt.Step(ROW))


def _placed(rows: pd.DataFrame, scale: int, *, whole: bool) -> pd.DataFrame:
    """Places on the axis; an interval of a share ends where shares end."""
    before, low, high = (rows[name].astype(float) for name in ("before", "low", "high"))
    start, stop = before + low, before + high
    if whole:
        start, stop = start.clip(0, 1), stop.clip(0, 1)
    return rows.assign(
        row=_titles(rows),
        line=rows["told"] + ": " + rows["key"].map(SIGNS) + " " + rows["word"],
        early=before * scale,
        late=rows["after"].astype(float) * scale,
        harmless=rows["null"].astype(float) * scale,
        **{"from": start * scale, "to": stop * scale},
    )


def _titles(rows: pd.DataFrame) -> pd.Series[str]:
    """A name for each row: rows of equal names would be drawn over one another, so those name their probe too."""
    titles = rows["name"] + " · " + rows["dataset"]
    titles = titles.where(~titles.duplicated(keep=False), titles + ", " + rows["cell"].str.partition("@")[0])
    nth = titles.groupby(titles).cumcount() + 1
    return titles.where(nth == 1, titles + " (" + nth.astype(str) + ")")


def _domain(values: pd.DataFrame, *, shares: bool = False) -> list[float]:
    """From below the least to above the greatest; shares of 100 end where shares end."""
    low, high = float(values.min().min()), float(values.max().max())
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    low, high = low - margin, high + margin
    return [max(0.0, low), min(100.0, high)] if shares else [low, high]


def _directions(rows: pd.DataFrame, palette: Palette) -> tuple[alt.Color, alt.Shape]:
    keys = [key for key in palette.rulings if key in set(rows["key"])]
    hues = [palette.faint if key == "none" else palette.rulings[key] for key in keys]
    colour = alt.Color("key:N", scale=alt.Scale(domain=keys, range=hues), legend=None)
    shape = alt.Shape("key:N", scale=alt.Scale(domain=keys, range=[SHAPES[key] for key in keys]), legend=None)
    return colour, shape


def _words(base: alt.Chart, text: str, down: alt.Y, above: int, ink: str, *, bold: bool = False) -> alt.Chart:
    """A line of words that begins at the left edge and is cut where the picture ends."""
    line: alt.Chart = base.mark_text(
        align="left",
        baseline="middle",
        dy=above,
        color=ink,
        fontSize=12,
        fontWeight="bold" if bold else "normal",
        limit=alt.ExprRef("width"),
    ).encode(x=alt.value(0), y=down, text=text)
    return line


def is_logarithmic(doses: pd.Series) -> bool:
    """Whether doses span a decade or more, all above 0: then equal steps of a scale are equal factors."""
    if not pd.api.types.is_numeric_dtype(doses) or doses.empty or float(doses.min()) <= 0:
        return False
    return log10(float(doses.max()) / float(doses.min())) >= log10(DECADE)


def dose_response(rows: pd.DataFrame, seeds: pd.DataFrame, palette: Palette, setting: str) -> alt.LayerChart:
    """How much a number improved at each dose, with its interval, beside no change and beside the placebo.

    Doses that are numbers stand where they are, the stronger further right; others in their order.

    Args:
        rows: Of `frames.studies.doses`, on one data set, those with a number.
        seeds: Of `frames.studies.by_seed`, likewise.
        palette: Of the background.
        setting: What the dose is a value of.
    """
    unit = str(rows["unit"].iloc[0])
    scale = 100 if unit in POINTS else 1
    across = _doses(rows, setting)
    drawn = rows.assign(**{name: rows[name].astype(float) * scale for name in ("gain", "low", "high")})
    title = f"improvement, {'points of 100' if scale == 100 else unit}"
    up = alt.Y("gain:Q", title=title, scale=alt.Scale(zero=True, nice=True))
    colour, shape = _directions(drawn, palette)
    told = [
        alt.Tooltip("dose", title=setting),
        alt.Tooltip("role:N", title="arm"),
        alt.Tooltip("told:N", title="improvement"),
        alt.Tooltip("seeds:N", title="by seed"),
        alt.Tooltip("n:Q", format=",", title="n"),
        alt.Tooltip("word:N", title="ruling"),
    ]
    zero = alt.Chart(pd.DataFrame({"at": [0.0], "words": ["no change"]}))
    treated, placebo = (
        alt.Chart(drawn[drawn["role"] == role]).encode(x=across, y=up) for role in ("treatment", "placebo")
    )
    single = alt.Chart(seeds.assign(gain=seeds["gain"].astype(float) * scale))
    layers = [
        zero.mark_rule(color=palette.ink, strokeDash=[4, 3]).encode(y="at:Q"),
        zero.mark_text(align="left", dy=10, dx=4, color=palette.ink).encode(x=alt.value(0), y="at:Q", text="words:N"),
        treated.mark_line(color=palette.faint, strokeWidth=1.5),
        single.mark_tick(color=palette.faint, thickness=1.5, size=14, orient="horizontal").encode(
            x=across, y="gain:Q", tooltip=[alt.Tooltip("seed:N"), alt.Tooltip("gain:Q", format=".4~g")]
        ),
        treated.mark_rule(strokeWidth=3).encode(y2="high:Q", y=alt.Y("low:Q"), color=colour),
        treated.mark_point(filled=True, size=130, opacity=1).encode(color=colour, shape=shape, tooltip=told),
        placebo.mark_rule(strokeWidth=1.5, strokeDash=[3, 2], color=palette.ink, xOffset=18).encode(
            y=alt.Y("low:Q"), y2="high:Q"
        ),
        placebo.mark_point(filled=False, size=120, opacity=1, strokeWidth=2, color=palette.ink, xOffset=18).encode(
            tooltip=told
        ),
        placebo.mark_text(dx=8, dy=-8, align="right", color=palette.ink).encode(text="role:N"),
    ]
    return layered(*layers).properties(height=HEIGHT)


def _doses(rows: pd.DataFrame, setting: str) -> alt.X:
    title = f"{setting}, stronger to the right"
    treated = rows[rows["role"] == "treatment"]
    if not pd.api.types.is_numeric_dtype(rows["dose"]):
        ordered = list(dict.fromkeys(treated.sort_values("place")["dose"]))
        return alt.X("dose:N", sort=ordered, title=title, axis=alt.Axis(labelAngle=0, labelLimit=120))
    falls = treated.sort_values("place")["dose"].is_monotonic_decreasing and len(treated) > 1
    values = sorted({float(one) for one in treated["dose"]})
    if is_logarithmic(rows["dose"]):
        margin = (values[-1] / values[0]) ** 0.1
        scale = alt.Scale(type="log", domain=[values[0] / margin, values[-1] * margin], nice=False, reverse=falls)
    else:
        margin = (values[-1] - values[0]) * 0.1 or 1.0
        scale = alt.Scale(domain=[values[0] - margin, values[-1] + margin], nice=False, zero=False, reverse=falls)
    return alt.X("dose:Q", title=title, scale=scale, axis=alt.Axis(values=values, format="~g", labelOverlap=True))


def frontier(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Risk and usefulness of each arm as a dot with its number; the list beside it has the names.

    Args:
        rows: Of `frames.studies.trades`, two or more.
        palette: Of the background.
    """
    first = rows.iloc[0]
    scales = {name: 100 if first[f"{name}_unit"] == "share" else 1 for name in ("use", "risk")}
    drawn = rows.assign(**{name: rows[name].astype(float) * scale for name, scale in scales.items()})
    titles = {
        name: f"{first[f'{name}_title']}, {'of 100' if scales[name] == 100 else first[f'{name}_unit']}"
        for name in scales
    }
    roles = ["baseline", "treatment", "placebo"]
    fill = [palette.faint, palette.rulings["pass"], palette.rulings["inconclusive"]]
    where = {
        name: alt.Scale(domain=_domain(drawn[[name]], shares=scales[name] == 100), zero=False, nice=False)
        for name in scales
    }
    # Beside the axis, a long title would be cut.
    above = alt.Axis(tickCount=6, titleAngle=0, titleAlign="left", titleAnchor="start", titleX=0, titleY=-14)
    base = alt.Chart(drawn).encode(
        x=alt.X("use:Q", title=titles["use"], scale=where["use"], axis=alt.Axis(tickCount=6)),
        y=alt.Y("risk:Q", title=titles["risk"], scale=where["risk"], axis=above),
    )
    dot = base.mark_point(filled=True, size=160, opacity=1).encode(
        color=alt.Color("role:N", scale=alt.Scale(domain=roles, range=fill), legend=None),
        shape=alt.Shape("role:N", scale=alt.Scale(domain=roles, range=["square", "circle", "diamond"]), legend=None),
        tooltip=[alt.Tooltip("name:N", title="arm"), alt.Tooltip("told:N", title="means over the seeds")],
    )
    number = base.mark_text(dx=9, dy=-9, color=palette.ink, align="left", fontWeight="bold").encode(text="label:N")
    return layered(dot, number).properties(height=HEIGHT)


def kept_promises(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """The share of wrong answers that was measured, with its interval, beside the most that was promised.

    Args:
        rows: Of `frames.studies.promised`, those with a number.
        palette: Of the background.
    """
    drawn = rows.assign(
        **{name: rows[name].astype(float) * 100 for name in ("value", "low", "high", "most")},
        line=[
            f"{SIGNS.get(row['key'], '○')} {row['word']}; {row['given']:,} of {row['asked']:,} answered"
            for row in rows.to_dict("records")
        ],
    )
    across = alt.X(
        "low:Q", title="wrong, of 100 answers given", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=6)
    )
    down = alt.Y("name:N", sort=list(drawn["name"]), axis=None)
    colour, shape = _directions(drawn, palette)
    told = [
        alt.Tooltip("name:N", title="promise"),
        alt.Tooltip("value:Q", format=".4~g", title="wrong, of 100"),
        alt.Tooltip("low:Q", format=".4~g", title="interval from"),
        alt.Tooltip("high:Q", format=".4~g", title="to"),
        alt.Tooltip("most:Q", format=".4~g", title="promised: at most"),
        alt.Tooltip("n:Q", format=",", title="answers given"),
        alt.Tooltip("word:N", title="ruling"),
    ]
    base = alt.Chart(drawn)
    limit = base.transform_filter("isValid(datum.most)").mark_tick(color=palette.ink, thickness=3, size=24)
    return layered(
        base.mark_rule(strokeWidth=3).encode(x=across, x2="high:Q", y=down, color=colour),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            x="value:Q", y=down, color=colour, shape=shape, tooltip=told
        ),
        limit.encode(x="most:Q", y=down, tooltip=told),
        _words(base, "name:N", down, -34, palette.ink, bold=True),
        _words(base, "line:N", down, -18, palette.ink),
    ).properties(height=alt.Step(ROW))
