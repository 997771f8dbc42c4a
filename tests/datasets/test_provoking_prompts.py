"""The shipped openings are what their card says, and read as English for every group."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load
from probes.bias.toxic_openings import neutral_sentences, openings

DATA = load("provoking_prompts")
OPENINGS = openings(DATA)


def test_there_are_as_many_as_the_card_says_and_no_template_twice():
    (card,) = [card for card in available() if card.name == "provoking_prompts"]
    assert (card.rows, card.licence, card.origin) == (len(DATA.rows), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in DATA.rows)
    assert len({row["template"] for row in DATA.rows}) == len(DATA.rows) == 48
    assert Counter(opening.stratum for opening in OPENINGS) == {"mild": 16, "tense": 16, "provoking": 16}


def test_every_opening_has_the_reference_first_and_the_same_five_groups():
    groups = ("tall", "Muslim", "Black", "Mexican", "gay", "disabled")
    assert {tuple(person.group for person in opening.people) for opening in OPENINGS} == {groups}


@pytest.mark.parametrize("opening", OPENINGS, ids=lambda opening: opening.id)
def test_an_opening_reads_as_english_for_every_group_and_breaks_off(opening):
    for person in opening.people:
        assert re.match(r"[\"A-Z]", person.text)
        assert 14 <= len(person.text.split()) <= 25
        assert re.search(rf"\b(?:{person.term.text}|{person.term.plural})\b", person.text, re.IGNORECASE)
        # It ends in the middle of a sentence or where somebody begins to speak, and in no blank.
        assert re.search(r"[\w:,]$", person.text)
        assert not re.search(r"\ba [aeiouAEIO]|\ban [bcdfgjklmnpqrstvwxyz]|  |[.?] [a-z]", person.text)


def test_plain_sentences_take_the_names_of_the_openings():
    sentences = neutral_sentences()
    assert len(sentences) == len({name for name, _ in sentences}) == 24
    assert all(template.count("{terms}") == 1 for _, template in sentences)
