"""How a text is written, in numbers that are counted by hand here."""

from __future__ import annotations

from math import isfinite, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.stylometry import FEATURES, WINDOW, stylometry

TEXT = 'The cat sat. "Did 2 dogs see it?" No, the cat sat - alone'


def test_values_are_those_counted_by_hand():
    found = stylometry(TEXT)
    words = ["The", "cat", "sat", "Did", "2", "dogs", "see", "it", "No", "the", "cat", "sat", "alone"]
    n = len(words)
    assert found["word_length"] == pytest.approx(sum(map(len, words)) / n)
    # Sentences of 3 and of 5 words; the last one is cut off.
    assert (found["sentence_length"], found["sentence_spread"]) == (4.0, 1.0)
    assert found["function_words"] == pytest.approx(5 / n)  # the, did, it, no, the
    assert found["capitals"] == pytest.approx(3 / n)
    assert found["digits"] == pytest.approx(1 / n)
    # "the cat sat" comes twice among eleven runs of three.
    assert found["repeated_trigrams"] == pytest.approx(1 / 11)
    marks = {name: found[name] * n for name in ("commas", "full_stops", "questions", "colons", "quotes", "dashes")}
    assert marks == pytest.approx({"commas": 1, "full_stops": 1, "questions": 1, "colons": 0, "quotes": 2, "dashes": 1})
    assert "different_words" not in found


def test_different_words_are_counted_among_the_first_fifty_alone():
    assert stylometry("one two " * (WINDOW // 2))["different_words"] == 2 / WINDOW
    longer = " ".join(f"w{n}" for n in range(WINDOW)) + " again" * 500
    assert stylometry(longer)["different_words"] == 1.0


def test_a_text_of_one_cut_sentence_has_its_length_and_no_spread():
    found = stylometry("no end in sight here")
    assert (found["sentence_length"], found["sentence_spread"]) == (5.0, 0.0)


def test_sentences_of_two_and_of_four_words_spread_by_one():
    found = stylometry("One two. One two three four!")
    assert (found["sentence_length"], found["sentence_spread"]) == (3.0, sqrt(1))


@pytest.mark.parametrize("text", ["", " \n\t", "!!! ...", "🙂🙂"])
def test_a_text_without_words_has_no_values(text):
    assert stylometry(text) == {}


@given(st.text(max_size=400))
def test_any_text_has_finite_values_under_known_names(text):
    found = stylometry(text)
    assert set(found) <= set(FEATURES)
    assert all(isfinite(value) and value >= 0 for value in found.values())


@given(st.text(alphabet="abc .,!?\n", min_size=1, max_size=200))
def test_white_space_around_and_between_words_changes_nothing(text):
    assert stylometry(text) == stylometry(" \n" + text.replace(" ", "  ") + " ")


def test_a_hostile_text_takes_no_more_than_its_length():
    for text in ("a-" * 200_000, "'" * 200_000, "." * 200_000, "(" * 200_000 + "word"):
        assert isinstance(stylometry(text), dict)
