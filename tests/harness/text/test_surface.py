"""What is told of a text by its surface: the same every time, and nothing of the text itself."""

from __future__ import annotations

from math import log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.surface import surface


def test_lengths_and_shares_are_counted():
    found = surface("In 2019, A!")
    assert found["length"] == pytest.approx(log1p(11), abs=1e-5)
    assert found["words"] == pytest.approx(log1p(5), abs=1e-5)
    assert found["digits"] == pytest.approx(4 / 11, abs=1e-5)
    assert (found["capitals"], found["spaces"], found["marks"]) == pytest.approx((2 / 11,) * 3, abs=1e-5)


def test_words_are_sorted_without_regard_to_case_and_numbers_once_more():
    assert surface("red Red")["length"] == surface("RED red")["length"]
    words = {name: value for name, value in surface("red Red").items() if name.startswith("word-")}
    assert list(words.values()) == [pytest.approx(log1p(2), abs=1e-5)]
    one, other = (
        {name for name in surface(f"written in {year}") if name.startswith("number-")} for year in (2019, 2023)
    )
    assert len(one) == len(other) == 1
    assert one != other


def test_an_empty_text_has_nothing_to_tell():
    assert surface("") == {}


@given(st.text(max_size=80))
def test_any_text_is_described_alike_every_time_by_few_finite_numbers(text):
    found = surface(text)
    assert found == surface(text)
    assert all(0 < value < 10 for value in found.values())
    assert len(found) <= 3 * 80 + 6


def test_a_lone_surrogate_is_a_character_like_any_other():
    assert surface("\ud800")["length"] > 0
