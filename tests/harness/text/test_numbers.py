"""One value, however it is written; and nothing that merely looks like a number."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.numbers import numbers

ANY = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,200", [1200]),
        ("1 200", [1200]),
        ("twelve hundred", [1200]),
        ("one thousand two hundred", [1200]),
        ("1.2 thousand", [1200]),
        ("1.2k", [1200]),
        ("twenty-six years, from 1897", [26, 1897]),
        ("a hundred and five", [105]),
        ("three million four hundred thousand and twelve", [3_400_012]),
        ("nineteen eighty-four", [1984]),
        ("the nineties, or the 1990s", [1990, 1990]),
        ("the third of May, on the 3rd", [3, 3]),
        ("the twenty-first century", [21]),
        ("half of it", [0.5]),
        ("50 %, 50 percent, fifty per cent", [0.5, 0.5, 0.5]),
        ("at 12:30", [12, 30]),
        ("3/4", [3, 4]),
        ("twice a day", [2]),
        ("two dozen", [2, 12]),
        ("4bn dollars", [4e9]),
        ("the second house", [2]),
        ("٣ apples", [3]),
    ],
)
def test_a_number_has_one_value_however_it_is_written(text, values):
    assert numbers(text) == pytest.approx(values)


@pytest.mark.parametrize("text", ["", "one of them", "it took a second.", "anyone", "perhaps", "a tent", "ones"])
def test_what_may_be_no_number_is_left_out(text):
    assert numbers(text) == []


@given(st.integers(2, 999_999))
def test_digits_with_and_without_separators_are_one_value(value):
    assert numbers(f"{value:,}") == numbers(f"{value}") == numbers(f"about {value:,} of them") == [value]


@given(ANY)
def test_every_text_has_finite_numbers_and_the_same_each_time(text):
    found = numbers(text)
    assert all(isfinite(value) and value >= 0 for value in found)
    assert numbers(text) == found


def test_a_number_that_no_float_holds_is_left_out():
    assert numbers("1" * 400 + " and 7") == [7]


def test_a_hundred_thousand_characters_are_read_briskly(huge, briskly):
    assert all(isfinite(value) for value in briskly(lambda: numbers(huge)))
