"""Sentence pairs that mitigations learn from: what the card says of them, and that no measurement asks about them."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from itertools import chain

import pytest

from harness.data import load
from harness.data.load import available, embedded
from harness.text.normalise import fold

NAME = "swapped_sentences"
RUN = 6
"""Words on end: shorter runs, such as "at the end of the", are anyone's."""


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
    assert len(rows) == card["rows"] == 124
    assert all(set(row) == set(card["fields"]) for row in rows)
    assert len({row["id"] for row in rows}) == 124
    counts = Counter(row["axis"] for row in rows)
    assert f"124 pairs: {', '.join(f'{axis} {n}' for axis, n in counts.items())}." in card["quality"]["balance"]


def test_two_sentences_of_a_pair_differ_in_the_name_alone(rows):
    for row in rows:
        first, second = row["groups"]
        assert first != second
        assert row["first"].replace(first, second, 1) == row["second"], row["id"]
        assert len(row["first"].partition(first)[2].split()) >= 4, row["id"]


def test_no_sentence_stands_twice_and_articles_agree(rows):
    sentences = [row[side] for row in rows for side in ("first", "second")]
    assert len(set(sentences)) == 248
    assert all(text == text.strip() and text[0].isupper() and text.endswith(".") for text in sentences)
    assert not [text for text in sentences if re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeiouAEIOU]", text)]


def test_no_other_set_that_ships_shares_six_words_on_end_with_it(rows):
    mine = {run: row["id"] for row in rows for side in ("first", "second") for run in runs(row[side])}
    shared = []
    for card in available(root=embedded().parent / "nowhere"):
        if card.origin == "embedded" and card.name != NAME:
            for text in chain.from_iterable(texts(dict(row)) for row in load(card.name).rows):
                shared += [(card.name, mine[run]) for run in runs(text) if run in mine]
    assert shared == []
