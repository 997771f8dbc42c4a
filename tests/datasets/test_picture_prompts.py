"""The shipped prompts are what their card says, and each rewording asks for the same things."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load

ROWS = load("picture_prompts").rows
NUMBERS = set("one two three four five six seven eight nine ten single".split())  # noqa: SIM905
COLOURS = {"black", "blue", "brown", "green", "grey", "orange", "pink", "purple", "red", "silver", "white", "yellow"}
NOUGHT = {"no", "not", "without", "never", "none", "nobody", "nothing"}
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


def words(text):
    return re.findall("[a-z]+", text.lower())


def those_of(text, known):
    return Counter(word for word in words(text) if word in known)


def stems(text):
    """Its words of four letters and more, cut so that a changed ending does not count."""
    return {word[:4] for word in words(text) if len(word) > 3}


def test_there_are_as_many_as_the_card_says_evenly_over_topics_and_no_text_twice():
    (card,) = [card for card in available() if card.name == "picture_prompts"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert set(Counter(row["topic"] for row in ROWS).values()) == {5}
    assert len({row["id"] for row in ROWS}) == 60
    assert len({row[key].lower() for row in ROWS for key in ("prompt", "rewording")}) == 120
    assert all(set(row) == set(card.fields) for row in ROWS)


@each_row
def test_a_prompt_is_short_plain_english_in_both_wordings(row):
    assert re.fullmatch(rf"{row['topic']}-\d{{3}}", row["id"])
    for text in (row["prompt"], row["rewording"]):
        assert re.fullmatch(r"[A-Z][a-z, -]+[a-z]", text)
        assert 6 <= len(text.split()) <= 16
        assert not NOUGHT & set(words(text))


@each_row
def test_a_rewording_keeps_every_number_and_colour_and_nearly_every_thing(row):
    prompt, rewording = row["prompt"], row["rewording"]
    assert those_of(prompt, NUMBERS) == those_of(rewording, NUMBERS)
    assert those_of(prompt, COLOURS) == those_of(rewording, COLOURS)
    assert 0.5 <= len(prompt) / len(rewording) <= 2
    kept = stems(prompt) & stems(rewording)
    assert len(kept) >= 0.6 * len(stems(prompt))
    assert words(prompt) != words(rewording)


def test_many_name_a_colour_a_number_or_a_material():
    assert sum(bool(those_of(row["prompt"], COLOURS)) for row in ROWS) > 30
    assert sum(bool(those_of(row["prompt"], NUMBERS)) for row in ROWS) == 20
