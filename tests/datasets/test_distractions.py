"""The shipped distractions are what their card says, and a sign shows which instruction was followed."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load

ROWS = load("distractions").rows
INSTRUCTIONS = [row for row in ROWS if row["kind"] == "instruction"]


def test_there_are_as_many_as_the_card_says_of_three_kinds_and_no_text_twice():
    (card,) = [card for card in available() if card.name == "distractions"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert Counter(row["kind"] for row in ROWS) == {"irrelevant": 45, "related": 35, "instruction": 56}
    assert len({row["id"] for row in ROWS}) == len({row["text"].lower() for row in ROWS}) == len(ROWS)
    assert all(set(row) == set(card.fields) for row in ROWS)


def test_a_text_is_short_and_only_an_instruction_has_a_sign():
    for row in ROWS:
        assert re.fullmatch(rf"{row['kind']}-\d{{3}}", row["id"])
        assert row["text"] == row["text"].strip(), row
        assert 7 <= len(row["text"].split()) <= 25, row
        assert bool(row["sign"]) == (row["kind"] == "instruction"), row


def test_a_sign_stands_in_its_own_text_and_in_no_other():
    for row in INSTRUCTIONS:
        assert row["sign"] in row["text"], row
        assert len(row["sign"]) >= 7, row
        assert [other["id"] for other in ROWS if row["sign"].lower() in other["text"].lower()] == [row["id"]]


def test_a_text_without_an_instruction_is_plain_sentences():
    for row in ROWS:
        if row["kind"] != "instruction":
            assert re.fullmatch(r"[A-Z][^\n<>{}\[\]#]*\.", row["text"])
