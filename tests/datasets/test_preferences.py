"""Preferences that mitigations learn from: what the card says of them, and that no measurement asks about them."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from itertools import chain

import pytest

from harness.data import load
from harness.data.load import available, embedded
from harness.text.normalise import fold

NAME, SIDES = "preferences", ("prompt", "chosen", "rejected")
RUN = 6
"""Words on end: shorter runs, such as "what was the name of", are anyone's."""


@pytest.fixture(scope="module")
def rows():
    return load(NAME).rows


@pytest.fixture(scope="module")
def card():
    return tomllib.loads((embedded() / NAME / "card.toml").read_text("utf-8"))


def runs(text):
    words = re.findall(r"\w+", fold(text))
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def texts(value):
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(texts, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(texts, value))


def test_rows_are_as_many_as_the_card_says_and_have_its_fields(rows, card):
    assert len(rows) == card["rows"] == 72
    assert all(set(row) == set(card["fields"]) for row in rows)
    assert Counter(row["kind"] for row in rows) == {"fair": 24, "true": 24, "abstain": 24}
    assert len({row["id"] for row in rows}) == len({row["prompt"] for row in rows}) == 72


def test_replies_are_different_and_tidy(rows):
    for row in rows:
        assert row["chosen"] != row["rejected"]
        assert all(row[side] == row[side].strip() and row[side] for side in SIDES)
        assert all(row[side].endswith((".", "?", "!", "so", "and")) for side in SIDES), row["id"]


def test_the_lengths_on_the_card_are_those_of_the_rows(rows, card):
    for kind in ("fair", "true", "abstain"):
        its = [row for row in rows if row["kind"] == kind]
        means = [sum(len(row[side]) for row in its) / 24 for side in ("chosen", "rejected")]
        balance = " ".join(card["quality"]["balance"].split())
        assert f"{kind} {means[0]:.1f} and {means[1]:.1f}" in balance
        assert f"{sum(len(row['chosen']) > len(row['rejected']) for row in its)} " in balance


def test_no_other_set_that_ships_shares_six_words_on_end_with_it(rows):
    mine = {run: row["id"] for row in rows for side in SIDES for run in runs(row[side])}
    shared = []
    for card in available(root=embedded().parent / "nowhere"):
        if card.origin == "embedded" and card.name != NAME:
            for text in chain.from_iterable(texts(dict(row)) for row in load(card.name).rows):
                shared += [(card.name, mine[run]) for run in runs(text) if run in mine]
    assert shared == []
