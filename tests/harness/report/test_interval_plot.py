from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import Better, Counts, Estimate, Interval
from harness.report.interval_plot import MARGIN, MOST_TICKS, Limit, axis_for, plot

NUMBERS = st.floats(-1e6, 1e6)


def estimate(low, value, high, *, unit="share", null=None, better=Better.HIGHER):
    interval = Interval(value, low, high, 0.95, 10, "wilson")
    return Estimate("family.probe/metric", interval, "questions", unit, better, Counts(10, 10), null)


def test_shares_are_drawn_from_never_to_always():
    axis = axis_for([estimate(0.48, 0.5, 0.52)], [], "share")
    assert (axis.low, axis.high) == (0.0, 1.0)
    assert axis.ticks == (0.0, 0.25, 0.5, 0.75, 1.0)


def test_places_match_the_worked_example():
    found = estimate(0.25, 0.5, 0.75)
    drawn = plot(found, axis_for([found], [], "share"))
    assert (drawn.left, drawn.x, drawn.right) == (27.0, 50.0, 73.0)
    assert drawn.ticks == ((4.0, "0"), (27.0, "25"), (50.0, "50"), (73.0, "75"), (96.0, "100"))
    assert drawn.unit == "of 100"
    assert drawn.marks == ()
    assert drawn.allowed is None


def test_other_units_get_round_ticks():
    axis = axis_for([estimate(-2.5, -1.25, 0.125, unit="nats", null=0.0)], [], "nats")
    assert axis.ticks == (-3.0, -2.0, -1.0, 0.0, 1.0)


def test_an_interval_without_width_has_a_scale_too():
    for value in (0.0, 7.5, -1e-30, 1e12):
        axis = axis_for([estimate(value, value, value, unit="nats")], [], "nats")
        assert axis.low < value < axis.high


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), min_size=1, max_size=5), NUMBERS)
def test_everything_stands_on_the_axis_in_its_order(triples, null):
    found = [estimate(*triple, unit="nats", null=null) for triple in triples]
    limits = [Limit(null - 1, None)]
    axis = axis_for(found, limits, "nats")
    assert 2 <= len(axis.ticks) <= MOST_TICKS + 1
    for one in found:
        drawn = plot(one, axis, limits)
        assert MARGIN <= drawn.left <= drawn.x <= drawn.right <= 100 - MARGIN
        assert axis.low <= one.interval.low
        assert one.interval.high <= axis.high


def test_limit_and_null_have_lines_with_words_and_the_allowed_part_is_marked():
    found = estimate(0.2, 0.3, 0.4, null=0.25)
    drawn = plot(found, axis_for([found], [], "share"), [Limit(0.5, None)])
    assert [(mark.kind, mark.x, mark.label) for mark in drawn.marks] == [
        ("null", 27.0, "guessing: 25 of 100"),
        ("limit", 50.0, "at least 50 of 100"),
    ]
    assert drawn.allowed == (50.0, 46.0)
    assert drawn.alt == (
        "0.300 (95 % interval 0.200 to 0.400) share; null value guessing: 25 of 100; limit value at least 50 of 100"
    )


def test_two_limits_have_two_lines():
    found = estimate(0.55, 0.61, 0.67, null=0.5, better=Better.NULL)
    drawn = plot(found, axis_for([found], [], "share"), [Limit(0.4, 0.6)])
    assert [mark.label for mark in drawn.marks] == ["at least 40 of 100", "no lean: 50 of 100", "at most 60 of 100"]
    assert drawn.allowed == (40.8, 18.4)


def test_two_gates_shade_nothing_because_both_must_hold():
    found = estimate(0.2, 0.3, 0.4)
    assert plot(found, axis_for([found], [], "share"), [Limit(0.1, None), Limit(None, 0.9)]).allowed is None


@pytest.mark.parametrize("bounds", [(0.02, 0.1), (0.3, 0.62), (0.7, 0.98), (0.05, 0.95)])
def test_words_stay_on_a_narrow_picture(bounds):
    found = estimate(0.4, 0.5, 0.6)
    for mark in plot(found, axis_for([found], [], "share"), [Limit(*bounds)]).marks:
        room = 100 - mark.x if mark.side == "start" else mark.x
        assert room >= 37


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3, unique=True).map(sorted))
def test_no_line_crosses_words_that_run_the_same_way(values):
    low, null, high = values
    found = estimate(null, null, null, null=null)
    marks = plot(found, axis_for([found], [], "share"), [Limit(low, high)]).marks
    for upper, lower in pairwise(marks):
        if upper.side == lower.side == "start":
            assert upper.x <= lower.x
        if upper.side == lower.side == "end":
            assert upper.x >= lower.x
