"""Colours, shapes and words that mean the same in every chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt

from harness.query import RULINGS

__all__ = ["DARK", "LIGHT", "SHAPES", "WORDS", "Palette", "layered"]

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


def layered(*charts: alt.LayerChart | alt.Chart) -> alt.LayerChart:
    """Charts over one another, the first lowest."""
    made = alt.layer(*charts)
    if not isinstance(made, alt.LayerChart):
        raise TypeError("layers of plain charts are a layered chart")
    return made
