from __future__ import annotations

import pytest

from harness.backends.control_reading import letter_of, read


def test_the_question_and_the_options_are_found():
    prompt = read("Question: Who?\nA. Me\nB. You\n\nReply with the letter only.")
    assert prompt.options == ("Me", "You")
    assert "who?" in prompt.lines


def test_options_in_brackets_are_found():
    assert read("Q: Who?\n(A) Me\n(B) You\nThe answer is:").options == ("Me", "You")


def test_reading_stops_at_an_example_that_has_its_answer():
    prompt = read("Q: First?\nA: Yes.\n\nQ: Second?\nA:")
    assert "second?" in prompt.lines
    assert "first?" not in prompt.lines


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("B. You\nC. They", ()),
        ("A. Me\nC. They", ("Me",)),
        ("A. Old\nB. Older\nthen\nA. New\nB. Newer", ("New", "Newer")),
        ("", ()),
    ],
)
def test_only_the_last_list_from_a_on_counts(text, options):
    assert read(text).options == options


@pytest.mark.parametrize(
    ("text", "place"), [(" B", 1), (" (C)", 2), ("A.", 0), (" Because", None), ("", None), (" b", None)]
)
def test_a_letter_is_told_from_other_text(text, place):
    assert letter_of(text) == place
