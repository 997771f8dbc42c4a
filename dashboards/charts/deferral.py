"""What a threshold on confidence does: risk over coverage, cost over hand-overs, confidence beside truth."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette, layered

__all__ = ["calibration", "cost_curve", "cost_words", "diagram_words", "risk_coverage", "risk_words"]

HEIGHT = 320
SHADE = 0.18
"""Opacity of the band of an interval."""
DASHES = {"random order": [6, 4], "every error known": [2, 3]}


def _of_100(name: str, title: str, *, most: float = 100) -> alt.X:
    return alt.X(f"{name}:Q", title=title, scale=alt.Scale(domain=[0, most], nice=True), axis=alt.Axis(tickCount=6))


def risk_coverage(rows: pd.DataFrame, lines: pd.DataFrame, marks: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Wrong answers of 100 given, at every share that is answered, between the best order and a random one.

    Args:
        rows: Of `frames.deferral.thresholds`.
        lines: Of `frames.deferral.lines`.
        marks: Of `frames.deferral.marks`; may be empty.
        palette: Of the background.
    """
    shares = ["coverage", "risk", "low", "high"]
    drawn = rows.assign(**{name: rows[name].astype(float) * 100 for name in shares})
    known = lines.assign(coverage=lines["coverage"] * 100, risk=lines["risk"] * 100)
    top = min(100.0, max(float(drawn["high"].max()), float(known["risk"].max())))
    across = _of_100("coverage", "answered, of 100 questions")
    down = alt.Y("risk:Q", title="wrong, of 100 answers given", scale=alt.Scale(domain=[0, top], nice=True))
    told = [
        alt.Tooltip("threshold:Q", format=".3f", title="answers at least as sure as"),
        alt.Tooltip("answered:Q", format=",", title="answers given"),
        alt.Tooltip("wrong:Q", format=",", title="of these wrong"),
        alt.Tooltip("risk:Q", format=".3~g", title="wrong of 100"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
    ]
    base, colour = alt.Chart(drawn), palette.rulings["none"]
    band = base.mark_area(color=colour, opacity=SHADE).encode(x=across, y=alt.Y("low:Q"), y2="high:Q")
    curve = base.mark_line(color=colour, strokeWidth=2.5).encode(x=across, y=down)
    dots = base.mark_point(color=colour, filled=True, size=45, opacity=1).encode(x=across, y=down, tooltip=told)
    dash = alt.StrokeDash("line:N", scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values())), legend=None)
    others = alt.Chart(known).mark_line(color=palette.faint, strokeWidth=1.5).encode(x=across, y=down, strokeDash=dash)
    names = _ends(known, palette)
    return layered(band, others, curve, dots, names, *_rules(marks, palette)).properties(height=HEIGHT)


def _ends(known: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """Names of the reference lines: the random one above its beginning, the other below its end."""
    random = known[known["line"] == "random order"].iloc[:1]
    best = known[known["line"] == "every error known"]
    middle = best.iloc[[int((best["risk"] >= best["risk"].max() / 2).to_numpy().argmax())]]
    over = alt.Chart(random).mark_text(align="left", dy=-7, dx=4, color=palette.ink)
    under = alt.Chart(middle).mark_text(align="right", dx=-7, color=palette.ink)
    at = {"x": alt.X("coverage:Q"), "y": alt.Y("risk:Q"), "text": "line:N"}
    return layered(over.encode(**at), under.encode(**at))


def _rules(marks: pd.DataFrame, palette: Palette) -> list[alt.LayerChart]:
    if not len(marks):
        return []
    drawn = marks.assign(coverage=marks["coverage"] * 100)
    base = alt.Chart(drawn).encode(x=alt.X("coverage:Q"))
    rule = base.mark_rule(color=palette.ink, strokeWidth=1.5)
    name = base.mark_text(angle=270, align="right", baseline="bottom", dy=-4, dx=-4, color=palette.ink).encode(
        y=alt.value(0), text="label:N"
    )
    return [layered(rule, name)]


def cost_curve(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """What 100 questions cost at every share handed over, with the cheapest point named.

    Args:
        rows: Of `frames.deferral.costs`.
        palette: Of the background.
    """
    drawn = rows.assign(handed_over=rows["handed_over"] * 100)
    across = _of_100("handed_over", "handed over, of 100 questions")
    down = alt.Y("cost:Q", title="cost of 100 questions, in hand-overs", scale=alt.Scale(zero=True, nice=True))
    told = [
        alt.Tooltip("threshold:Q", format=".3f", title="answers at least as sure as"),
        alt.Tooltip("handed_over:Q", format=".3~g", title="handed over of 100"),
        alt.Tooltip("cost:Q", format=".3~g", title="cost"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
    ]
    base, colour = alt.Chart(drawn), palette.rulings["none"]
    band = base.mark_area(color=colour, opacity=SHADE).encode(x=across, y=alt.Y("low:Q"), y2="high:Q")
    curve = base.mark_line(color=colour, strokeWidth=2.5).encode(x=across, y=down)
    dots = base.mark_point(color=colour, filled=True, size=45, opacity=1).encode(x=across, y=down, tooltip=told)
    best = alt.Chart(drawn[drawn["cheapest"]])
    bar = best.mark_rule(color=palette.ink, strokeWidth=2).encode(x=across, y=alt.Y("low:Q"), y2="high:Q")
    mark = best.mark_point(color=palette.ink, filled=True, shape="diamond", size=160, opacity=1).encode(
        x=across, y=down
    )
    right = float(drawn.loc[drawn["cheapest"], "handed_over"].iloc[0]) > 70
    name = best.mark_text(align="right" if right else "left", dx=-10 if right else 10, dy=12, color=palette.ink).encode(
        x=across, y=down, text=alt.value("cheapest here")
    )
    return layered(band, curve, dots, bar, mark, name).properties(height=HEIGHT)


def calibration(rows: pd.DataFrame, palette: Palette) -> alt.LayerChart:
    """How often the model is right at each level of confidence, beside the line of a model that says what is true.

    Args:
        rows: Of `frames.deferral.diagram`.
        palette: Of the background.
    """
    drawn = rows.assign(**{name: rows[name].astype(float) * 100 for name in ("confidence", "right", "low", "high")})
    across = _of_100("confidence", "how sure the model was, of 100")
    down = alt.Y("right:Q", title="right, of 100 answers", scale=alt.Scale(domain=[0, 100]))
    told = [
        alt.Tooltip("confidence:Q", format=".3~g", title="mean confidence, of 100"),
        alt.Tooltip("right:Q", format=".3~g", title="right of 100"),
        alt.Tooltip("low:Q", format=".3~g", title="interval from"),
        alt.Tooltip("high:Q", format=".3~g", title="to"),
        alt.Tooltip("n:Q", format=",", title="answers"),
    ]
    true = pd.DataFrame({"confidence": [0.0, 100.0], "right": [0.0, 100.0]})
    line = alt.Chart(true).mark_line(color=palette.faint, strokeDash=[6, 4]).encode(x=across, y=down)
    label = (
        alt.Chart(pd.DataFrame({"confidence": [40.0], "right": [40.0], "label": ["says what is true"]}))
        .mark_text(align="right", dx=-8, color=palette.ink)
        .encode(x=across, y=down, text="label:N")
    )
    base, colour = alt.Chart(drawn), palette.rulings["none"]
    bar = base.mark_rule(color=colour, strokeWidth=2.5).encode(x=across, y=alt.Y("low:Q"), y2="high:Q")
    dot = base.mark_point(color=colour, filled=True, size=110, opacity=1).encode(x=across, y=down, tooltip=told)
    return layered(line, label, bar, dot).properties(height=HEIGHT)


# ── in words ──────────────────────────────────────────────────────────────────────────────


def risk_words(rows: pd.DataFrame) -> str:
    """Say what the curve of risk shows, for those who cannot see it."""
    return "; ".join(
        f"answering {100 * row['coverage']:.0f} of 100: {100 * row['risk']:.0f} of 100 wrong, interval"
        f" {100 * row['low']:.0f} to {100 * row['high']:.0f}"
        for row in _some(rows)
    )


def cost_words(rows: pd.DataFrame) -> str:
    """Say what the curve of costs shows."""
    return "; ".join(
        f"handing over {100 * row['handed_over']:.0f} of 100: cost {row['cost']:.0f}, interval {row['low']:.0f} to"
        f" {row['high']:.0f}{', the cheapest' if row['cheapest'] else ''}"
        for row in _some(rows)
    )


def diagram_words(rows: pd.DataFrame) -> str:
    """Say what the calibration diagram shows."""
    return "; ".join(
        f"sure to {100 * row['confidence']:.0f} of 100: right in {100 * row['right']:.0f} of 100, interval"
        f" {100 * row['low']:.0f} to {100 * row['high']:.0f}, {row['n']} answers"
        for row in rows.to_dict("records")
    )


def _some(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A dozen of the rows, evenly spread: more would be no description; with the cheapest one where there is one."""
    step = -(-len(rows) // 12)
    kept = rows.iloc[::step]
    if "cheapest" in rows:
        kept = rows[rows.index.isin(kept.index) | rows["cheapest"]]
    return [{str(name): value for name, value in row.items()} for row in kept.to_dict("records")]
