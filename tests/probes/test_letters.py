from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.letters import LETTERS, listing, parse

OPTIONS = ("In Paris", "In Rome", "In Rome, later in Paris", "Nowhere")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("B", 1),
        ("b", 1),
        (" B\n", 1),
        ("(B)", 1),
        ("[b]", 1),
        ("B.", 1),
        ("B) In Rome", 1),
        ("**B**", 1),
        ("B. In Paris", 1),
        ("B\nBecause it is.", 1),
        ("B because it is", 1),
        ("The answer is B", 1),
        ("The answer is (B).", 1),
        ("the correct answer is: b.", 1),
        ("Answer: B", 1),
        ("Option B is right", 1),
        ("I would choose B, since A is wrong.", 1),
        ("I think (B) is right", 1),
        ("The answer is A because it is", 0),
        ("Of A and B, the answer is B", 1),
        ("B, I think", 1),
        ("A", 0),
        ("A.", 0),
        ("The answer is A.", 0),
        ("In Rome", 1),
        ("in rome.", 1),
        ("It happened in Rome.", 1),
        ("In Rome, later in Paris, I believe", 2),
        ("D", 3),
    ],
)
def test_a_choice_is_found_however_it_is_worded(text, place):
    assert parse(text, OPTIONS) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "I do not know.",
        "A man once said so",
        "A",
        "E",
        "(A) or (B)",
        "A and C",
        "A, B",
        "A/B",
        "The answer is A or B",
        "The answer is a matter of taste",
        "either in Paris or in Rome",
        "\x1b[2J\u202e\ud800",
        "Zzz B4 zzz",
    ],
)
def test_what_names_no_single_option_is_unreadable(text):
    assert parse(text, OPTIONS if text != "A" else ()) is None


def test_options_are_listed_under_their_letters():
    assert listing(["x", "y"]) == "A. x\nB. y"
    assert listing(["x", "y"], bracketed=True) == "(A) x\n(B) y"


@given(st.integers(2, 26), st.data())
def test_every_letter_shown_is_read_back_in_every_wording(count, data):
    place = data.draw(st.integers(0, count - 1))
    form = data.draw(st.sampled_from(["{}", "({})", "{}.", "{}) text", "The answer is {}.", "Answer: {}", "**{}**"]))
    assert parse(form.format(LETTERS[place]), [f"option {number}" for number in range(count)]) == place


@given(st.text(), st.lists(st.text(max_size=10), max_size=5))
def test_any_text_gives_a_place_or_none(text, options):
    place = parse(text, options)
    assert place is None or 0 <= place < len(options)
