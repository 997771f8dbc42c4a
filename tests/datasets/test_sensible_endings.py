"""Everyday sentences with one ending that makes sense and two that do not."""

from __future__ import annotations

import tomllib
from collections import Counter
from statistics import fmean

import pytest

from harness.data import load
from harness.data.load import embedded

NAME = "sensible_endings"


@pytest.fixture(scope="module")
def rows():
    return load(NAME).rows


@pytest.fixture(scope="module")
def card():
    return tomllib.loads((embedded() / NAME / "card.toml").read_text("utf-8"))


def test_rows_are_as_many_as_the_card_says_and_have_its_fields(rows, card):
    assert len(rows) == card["rows"] == 64
    assert all(set(row) == set(card["fields"]) for row in rows)


def test_ids_beginnings_and_endings_are_all_different(rows):
    assert len({row["id"] for row in rows}) == len({row["context"] for row in rows}) == 64
    assert len({ending for row in rows for ending in row["endings"]}) == 3 * 64
    assert all(row["id"].startswith(f"{row['topic']}-") for row in rows)


def test_every_row_is_a_sentence_with_three_endings_and_one_label(rows):
    for row in rows:
        assert len(row["endings"]) == 3
        assert row["label"] in {0, 1, 2}
        assert row["context"] == row["context"].strip()
        assert not row["context"].endswith((".", "!", "?"))
        assert all(ending.endswith(".") and ending == ending.strip() for ending in row["endings"])


def test_topics_and_places_are_balanced(rows):
    assert set(Counter(row["topic"] for row in rows).values()) == {8}
    assert max(Counter(row["label"] for row in rows).values()) <= 22


def test_length_does_not_give_the_sensible_ending_away(rows):
    sensible = [len(row["endings"][row["label"]]) for row in rows]
    others = [len(text) for row in rows for place, text in enumerate(row["endings"]) if place != row["label"]]
    assert fmean(sensible) == pytest.approx(fmean(others), rel=0.02)
    longest = sum(len(row["endings"][row["label"]]) == max(map(len, row["endings"])) for row in rows)
    assert 14 <= longest <= 29
