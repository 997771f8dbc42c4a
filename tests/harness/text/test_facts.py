"""What rules see of a text: content words, numbers, units, names, denials."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.facts import MOST, denials, facts, stems, units

ANY = st.text(st.characters(), max_size=200)


def test_a_sentence_is_taken_apart():
    found = facts("In 1889 the tower in Paris, 330 metres high, was not yet painted brown.")
    assert found.numbers == {1889, 330}
    assert found.units == {"metre"}
    assert found.names == {"pari"}
    assert found.denials == 1
    assert {"tower", "high", "paint", "brown"} <= found.words
    assert not {"the", "in", "was", "not"} & found.words


@pytest.mark.parametrize(
    ("left", "right"),
    [("São Tomé", "Sao Tome"), ("blue-grey", "blue grey"), ("PAINTED", "painting"), ("“Rome”", '"Rome"')],
)
def test_marks_case_hyphens_and_endings_do_not_matter_to_words(left, right):
    assert facts(left).words == facts(right).words != frozenset()


def test_number_words_are_numbers_and_not_words():
    assert facts("twenty-six ships").words == {"ship"}
    assert facts("twenty-six ships").numbers == facts("26 ships").numbers == {26}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5 km", {"kilometre"}),
        ("5km", {"kilometre"}),
        ("five kilometers", {"kilometre"}),
        ("20 °C", {"celsius"}),
        ("20 degrees Celsius", {"celsius"}),
        ("90 km/h", {"kilometre", "hour"}),
        ("12 %", {"percent"}),
        ("in 1900", set()),
        ("a cat in a box", set()),
    ],
)
def test_units_are_known_in_their_forms_and_letters_only_behind_a_number(text, found):
    assert units(text) == found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is.", 0),
        ("It isn't.", 1),
        ("It isn’t.", 1),
        ("It is not.", 1),
        ("Neither he nor she came.", 1),
        ("That is not untrue.", 2),
        ("Nobody ever failed.", 2),
        ("a note on knots", 0),
    ],
)
def test_denials_are_counted(text, count):
    assert denials(text) == count


def test_only_the_beginning_of_a_long_text_counts():
    assert facts("bridges " * (MOST // 8) + "tower").words == facts("bridges").words
    assert "tower" in facts("bridges " * (MOST // 8 - 1) + "tower").words


@given(ANY)
def test_every_text_can_be_taken_apart_and_comes_out_the_same(text):
    found = facts(text)
    facts.cache_clear()
    assert facts(text) == found
    assert found.names <= found.words
    assert all(isinstance(stem, str) for stem in stems(text))
    assert found.denials >= 0


def test_a_hundred_thousand_characters_are_taken_apart_briskly(huge, briskly):
    assert briskly(lambda: facts(huge)) == facts(huge[:MOST])
