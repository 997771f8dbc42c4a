"""The shipped prose is what its card says: short, varied, complete pieces that do not repeat each other."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load

ROWS = load("plain_text").rows
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


def runs(text, length):
    """Every run of so many words in it, once."""
    words = re.findall(r"[\w']+", text.lower())
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def test_there_are_as_many_as_the_card_says_in_at_least_ten_registers():
    (card,) = [card for card in available() if card.name == "plain_text"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(tuple(row) == tuple(card.fields) for row in ROWS)
    registers = Counter(row["register"] for row in ROWS)
    assert all(row["id"].rsplit("-", 1)[0] == row["register"] for row in ROWS)
    assert len(registers) >= 10
    assert max(registers.values()) <= len(ROWS) / 5


def test_ids_and_titles_are_unique_and_the_whole_is_long_enough():
    assert len(ROWS) >= 40
    assert len({row["id"] for row in ROWS}) == len({row["title"].lower() for row in ROWS}) == len(ROWS)
    assert sum(len(row["text"].split()) for row in ROWS) >= 6500


def test_no_six_words_in_a_row_stand_in_two_texts():
    shared = Counter(run for row in ROWS for run in runs(row["text"], 6))
    assert [run for run, texts in shared.items() if texts > 1] == []


@each_row
def test_a_text_is_a_short_complete_piece_of_tidy_prose(row):
    assert 120 <= len(row["text"].split()) <= 220
    assert not re.search(r" {2}|^\s|\s$|\n\s|[^\S \n]|[‘’“”]|https?:", row["text"])
    assert row["text"].count('"') % 2 == 0
    assert row["title"].lower() not in row["text"].lower()
    assert re.match(r'["A-Z0-9]', row["text"])
