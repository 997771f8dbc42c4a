"""Parts of data sets: dealt out by hash, so that what does not overlap shares no row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import digest, digest_bytes, dumps
from harness.config import parse
from harness.contracts import Dataset
from harness.errors import ConfigError, DataError
from harness.plan import make_plan
from harness.plan_data import parted
from harness.registry import Registry


def data(rows):
    return Dataset("numbers", "1", digest_bytes(b""), "Apache-2.0", rows, "embedded")


NUMBERS = data([{"n": n} for n in range(400)])


def places(part, seed=0, rows=NUMBERS):
    return [row["n"] for row in parted(rows, part, seed).rows]


@given(st.floats(0.05, 0.95), st.integers(0, 2**31))
def test_two_parts_that_do_not_overlap_share_no_row_and_leave_none_out(share, seed):
    first, second = places((0.0, share), seed), places((share, 1.0), seed)
    assert not set(first) & set(second)
    assert sorted(first + second) == list(range(400))
    assert first == sorted(first)


def test_a_part_holds_about_its_share_and_another_seed_deals_anew():
    for seed in range(20):
        assert abs(len(places((0.0, 0.3), seed)) - 120) < 40
    assert places((0.0, 0.3), 1) != places((0.0, 0.3), 2)
    assert places((0.0, 0.3), 1) == places((0.0, 0.3), 1)


def test_a_row_keeps_its_place_whatever_else_the_data_hold():
    some = data([{"n": n} for n in range(0, 400, 7)])
    assert places((0.2, 0.7), 3, some) == [n for n in places((0.2, 0.7), 3) if n % 7 == 0]


def test_a_row_that_stands_twice_stands_twice_in_one_part():
    twice = data([{"n": 1}, {"n": 2}, {"n": 1}])
    counts = {places(part, 0, twice).count(1) for part in ((0.0, 0.999), (0.0, 1.0))}
    assert counts <= {0, 2}


def test_a_part_without_a_row_and_rows_that_cannot_be_told_apart_are_refused():
    with pytest.raises(DataError, match="none of 400 rows lies from 0 to 1e-09"):
        parted(NUMBERS, (0.0, 1e-9), 0)
    with pytest.raises(DataError, match="rows cannot be dealt out"):
        parted(data([{"n": object()}]), (0.0, 0.5), 0)


def test_no_part_is_all_of_it():
    assert parted(NUMBERS, None, 0) is NUMBERS


@pytest.mark.parametrize("part", ["[0.5, 0.5]", "[0.6, 0.5]", "[-0.1, 0.5]", "[0.5, 1.1]", "[0.5]"])
def test_parts_that_are_none_are_refused(part):
    with pytest.raises(ConfigError, match="part"):
        parse(f"[run]\npart = {part}\n")


def planned(part):
    text = "[model]\nbackend = 'control'\n[run]\nprofile = 'standard'\nprobes = ['hallucination.calibration']\n"
    return make_plan(parse(f"{text}{part}"), Registry())


def test_the_part_is_in_the_plan_and_a_plan_without_one_is_as_it_was():
    low, high, all_ = planned("part = [0.0, 0.5]\n"), planned("part = [0.5, 1.0]\n"), planned("")
    asked = [{case.id for case in one.cases["hallucination.calibration@facts_mc"]} for one in (low, high, all_)]
    assert not asked[0] & asked[1]
    assert asked[0] | asked[1] == asked[2]
    assert low.plan.part == (0.0, 0.5)
    assert len({digest(one.plan) for one in (low, high, all_)}) == 3
    assert b'"part"' not in dumps(all_.plan)
