"""Contrast of the page's colours, computed from its own style sheet (WCAG 2.2, criteria 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("harness.report") / "report.css").read_text("utf-8")
WORDS = ("ink", "muted", "pass", "fail", "waived", "unclear", "link")


def palettes():
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    light = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[0]))
    return {"light": light, "dark": light | dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[1]))}


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_matches_the_worked_example():
    # Black on white is 21 by definition; #767676 is the well-known lightest grey that passes on white.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "panel"])
@pytest.mark.parametrize("word", WORDS)
def test_words_and_shapes_stand_out_from_their_ground(mode, ground, word):
    palette = palettes()[mode]
    assert contrast(palette[word], palette[ground]) >= 4.5


def test_every_colour_of_the_page_is_one_of_the_palette():
    outside = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", outside)
