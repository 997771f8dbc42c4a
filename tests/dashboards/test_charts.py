"""Charts are made of tables alone, and say with shape and words what they say with colour."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboards.charts.forest import gate_forest, headline_forest, interval_alt
from dashboards.charts.naming import named_rows
from dashboards.charts.palette import DARK, LIGHT, SHAPES, WORDS
from dashboards.charts.risk import risk_map
from dashboards.frames.run import gates, headlines, in_titles, worst_bounds
from harness.query import RULINGS, Role, open_library
from harness.records import Better


@pytest.fixture
def view(one_run):
    library = open_library(one_run, Role.POLICY)
    return library.view(library.runs()[0].name)


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("palette", "page"), [(LIGHT, "#FFFFFF"), (DARK, "#0E1117")])
def test_every_colour_can_be_told_from_the_page(palette, page):
    assert all(contrast(colour, page) >= 4.5 for colour in palette.rulings.values())
    assert contrast(palette.ink, page) >= 7
    # Numbers stand on the map's own colours.
    assert all(contrast(palette.ink, colour) >= 4.5 for colour in palette.ramp)


def test_every_ruling_has_a_word_a_shape_and_a_colour_in_both_palettes():
    assert set(WORDS) == set(SHAPES) == set(LIGHT.rulings) == set(DARK.rulings) == set(RULINGS)
    assert all(WORDS[key] == word for key, word in RULINGS.items() if key != "none")


def test_the_numbers_of_a_chart_are_those_of_the_view(view):
    rows = headlines(view)
    parts = {(section.card.title, part.name): part for section in view.sections for part in section.metrics[:1]}
    for row in rows.to_dict("records"):
        its = parts[row["probe"], row["metric"]].found.interval
        assert (row["value"], row["low"], row["high"], row["n"]) == (its.value, its.low, its.high, its.n)
    shares = rows[rows["unit"] == "share"]
    drawn = headline_forest(shares, LIGHT).to_dict()
    (data,) = (its for its in drawn["datasets"].values() if "value" in its[0])
    assert [row["value"] for row in data] == pytest.approx([100 * value for value in shares["value"]])


def test_a_sentence_about_limits_names_metrics_by_their_titles(view):
    failed = next(gate for key, gate in view.gates if key == "fail")
    assert failed.metric in view.banner.sentence
    told = in_titles(view, view.banner.sentence)
    assert failed.metric not in told
    assert f"“{view.titles[failed.metric]}” on {failed.dataset}" in told
    # Another metric whose name only begins alike is left as it is.
    assert in_titles(view, f"{failed.metric}x and x{failed.metric}") == f"{failed.metric}x and x{failed.metric}"


def test_a_gate_is_drawn_with_its_limit_and_its_ruling(view):
    rows = gates(view)
    assert list(rows["ruling"]) == ["fail", "pass"]
    assert (rows["most"][0], rows["least"][1]) == (0.6, 0.3)
    drawn = gate_forest(rows, LIGHT).to_dict()
    ends = next(its for its in drawn["datasets"].values() if "at" in its[0])
    assert sorted(row["at"] for row in ends) == pytest.approx([30, 60])


def test_the_map_tells_the_worst_end_of_each_interval(view):
    rows = worst_bounds(view)
    assert len(rows)
    found = {
        (f"{section.card.title}", "all"): section.metrics[0].found.interval
        for section in view.sections
        if section.metrics[0].found.unit == "share"
    }
    for row in rows[rows["group"] == "all"].to_dict("records"):
        title = row["probe"].rpartition(", ")[0]
        assert row["bound"] in (found[title, "all"].low, found[title, "all"].high)
        assert row["distance"] >= 0
    groups = rows[rows["group"] != "all"]
    assert len(groups)
    # The worst group is no better than all together may be.
    both = groups.merge(rows[rows["group"] == "all"], on="probe", suffixes=("", "_all"))
    assert (both["distance"] >= both["distance_all"]).all()
    risk_map(rows, DARK).to_dict()


def test_where_more_is_better_the_map_is_deepest_where_nothing_is_right(view):
    rows = worst_bounds(view).set_index("probe")
    for section in view.sections:
        its = section.metrics[0].found
        if its.unit == "share" and its.better is Better.HIGHER:
            every = rows[rows["group"] == "all"].loc[f"{section.card.title}, {section.result.dataset}"]
            assert every["distance"] == pytest.approx(1 - its.interval.low)
            break
    else:
        pytest.fail("no number of this run is the better the more of it there is")


def test_a_chart_is_told_in_words_with_every_interval():
    rows = pd.DataFrame(
        [{"title": "Right answers", "dataset": "facts", "unit": "share", "value": 0.25, "low": 0.2, "high": 0.3}]
    )
    assert interval_alt(rows) == "Right answers, facts: 25 of 100, interval 20 to 30"


def test_a_long_name_is_broken_into_lines_that_end_right_above_their_row():
    long = "Right choices, or continuations that the model would have written: sensible endings of short stories"
    rows, height = named_rows(pd.DataFrame({"row": ["Short", long, "Short"]}))
    short, broken, again = rows["lines"]
    assert " ".join(broken.split()) == long
    assert max(map(len, broken.split("\n"))) <= 46
    assert short == again == "\n\nShort"
    # Each further line is room that no row before had.
    assert height.step - named_rows(pd.DataFrame({"row": ["Short"]}))[1].step == 2 * 15


def test_the_map_has_a_column_for_each_kind_of_group_and_a_cell_once(view):
    rows = worst_bounds(view)
    assert not rows.duplicated(["probe", "by"]).any()
    (cells, *_) = risk_map(rows, LIGHT).to_dict()["layer"]
    assert cells["encoding"]["x"]["field"] == "by"
