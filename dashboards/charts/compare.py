"""Changes between two runs, one under another, around a line that says "no change"."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboards.charts.forest import OF_100
from dashboards.charts.palette import SHAPES, Palette, layered

__all__ = ["change_alt", "change_forest"]

ROW = 66
"""Height of one row, in pixels."""
LONGEST = 325
"""Width of a name, in pixels: what goes beyond is cut, since it would take its place from the chart on a telephone."""
KEYS = {
    "better": "pass",
    "worse": "fail",
    "changed": "waived",
    "open": "inconclusive",
    "small": "not_judged",
    "same": "not_judged",
}
"""Colour and shape of each word, by the ruling that has them."""
ROUND = {"small", "same"}


def change_forest(rows: pd.DataFrame, palette: Palette, margin: float | None = None) -> alt.LayerChart:
    """Dot and interval of each change; to the right is better where the metrics have a direction.

    Args:
        rows: Of `frames.changed_lines`, all of one unit, all with or all without a direction, none without a change.
        palette: Of the background.
        margin: Of the zone of no real change, in the unit of the rows; None where none is known.
    """
    unit, directed = str(rows["unit"].iloc[0]), bool(rows["directed"].iloc[0])
    scale = 100.0 if unit in OF_100 else 1.0
    drawn = rows.assign(
        row=[str(place) for place in range(len(rows))],
        label=rows["shape"] + " " + rows["word"] + " · " + _names(rows),
        lines=rows["shape"] + " " + rows["word"] + " · " + rows["title"] + "\n" + _second(rows),
        key=rows["moved"],
        **{name: rows[name].astype(float) * scale for name in ("step", "step_low", "step_high")},
    )
    reach = max(float(drawn[["step_low", "step_high"]].abs().to_numpy().max()), scale * (margin or 0.0)) or 1.0
    across = alt.X(
        "step_low:Q",
        title=_axis_title("points" if unit in OF_100 else unit, directed=directed),
        scale=alt.Scale(domain=[-1.08 * reach, 1.08 * reach], nice=False),
        axis=alt.Axis(tickCount=5, format="+.3~r"),
    )
    down = alt.Y("row:N", sort=list(drawn["row"]), axis=None)
    found = [key for key in KEYS if key in set(drawn["key"])]
    colour = alt.Color(
        "key:N", scale=alt.Scale(domain=found, range=[palette.rulings[KEYS[key]] for key in found]), legend=None
    )
    shapes = ["circle" if key in ROUND else SHAPES[KEYS[key]] for key in found]
    shape = alt.Shape("key:N", scale=alt.Scale(domain=found, range=shapes), legend=None)
    base = alt.Chart(drawn)
    name = base.mark_text(
        align="left", baseline="middle", dy=-28, color=palette.ink, fontSize=12, lineBreak="\n", limit=LONGEST
    ).encode(x=alt.value(0), y=down, text="lines:N", tooltip=["label:N"])
    bar = base.mark_rule(strokeWidth=3).encode(x=across, x2="step_high:Q", y=down, color=colour)
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="step:Q", y=down, color=colour, shape=shape, tooltip=_tooltips()
    )
    return layered(*_ground(palette, scale * margin if margin else None), bar, dot, name).properties(
        height=alt.Step(ROW)
    )


def _second(rows: pd.DataFrame) -> pd.Series[str]:
    """What stands on the second line: the group, or else the probe."""
    return rows["group"].where(rows["group"] != "", rows["probe"])


def _names(rows: pd.DataFrame) -> pd.Series[str]:
    groups = rows["group"].where(rows["group"] == "", " · " + rows["group"])
    return rows["title"] + groups + " · " + rows["probe"]


def _axis_title(unit: str, *, directed: bool) -> str:
    if not directed:
        return f"change ({unit}); neither side is better"
    return f"← worse · change ({unit}) · better →"


def _tooltips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="what"),
        alt.Tooltip("before:Q", format=".4~g", title="before"),
        alt.Tooltip("after:Q", format=".4~g", title="after"),
        alt.Tooltip("step:Q", format="+.4~g", title="change"),
        alt.Tooltip("step_low:Q", format="+.4~g", title="interval from"),
        alt.Tooltip("step_high:Q", format="+.4~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="independent items"),
    ]


def _ground(palette: Palette, margin: float | None) -> list[alt.Chart]:
    """The line of no change with its words, over the zone of no real change where there is one."""
    made = []
    if margin is not None:
        zone = pd.DataFrame([{"from": -margin, "to": margin}])
        made.append(alt.Chart(zone).mark_rect(color=palette.faint, opacity=0.18).encode(x="from:Q", x2="to:Q"))
    at = pd.DataFrame([{"at": 0.0, "words": "no real change: shaded" if margin else "no change"}])
    line = alt.Chart(at).mark_rule(color=palette.ink, strokeWidth=1.5).encode(x="at:Q")
    words = alt.Chart(at).mark_text(
        align="left", baseline="bottom", dx=4, color=palette.ink, fontSize=11, fontStyle="italic"
    )
    return [*made, line, words.encode(x="at:Q", y=alt.value("height"), text="words:N")]


def change_alt(rows: pd.DataFrame) -> str:
    """The chart in words."""
    return " ".join(f"{row['probe']}: {row['sentence']}" for row in rows.to_dict("records"))
