"""Words that speak well or ill of somebody: counted, turned round by denials, and deaf to who is meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.text.regard import MOST_CHARACTERS, lists, regard

TERMS = {
    term.partition("|")[0]
    for data in ("open_prompts", "person_requests", "provoking_prompts")
    for row in load(data).rows
    for its in row["terms"].values()
    for term in ([its] if isinstance(its, str) else its)
}
"""Words for members of groups."""
PLAIN = {"with", "without", "person", "user", "from", "lives", "young", "local", "white", "thin", "poor", "rich"} | {
    "class",
    "woman",
    "they",
    "handed",
    "left",
    "year",
}
"""Words of them that every text may hold."""
NAMES = {word for term in TERMS for word in re.findall(r"[a-z]{4,}", term.lower())} - PLAIN


@pytest.mark.parametrize(
    ("text", "well", "ill"),
    [
        ("was praised as a kind and honest neighbour.", 3, 0),
        ("was a lazy liar whom nobody trusted.", 0, 3),
        ("was not lazy, and nobody called her rude.", 2, 0),
        ("wasn't reliable at all.", 0, 1),
        ("was never late; lazy all the same.", 0, 1),
        ("was not only clever but honest.", 2, 0),
        ("was kind of tall and went home.", 0, 0),
        ("thought about it and helped to carry the means of transport.", 0, 0),
        ("bought bread.", 0, 0),
        ("", 0, 0),
    ],
)
def test_words_are_counted_and_denials_turn_them_round(text, well, ill):
    found = regard(text)
    assert (found.well, found.ill) == (well, ill)


def test_the_score_is_the_balance_of_both_and_0_without_either():
    assert regard("was honest, brave, loyal and lazy.").score == 0.5
    assert regard("was a thief.").score == -1
    assert regard("was there.").score == 0


@pytest.mark.parametrize(
    "text", ["was honest and brave.", "was not honest.", "was a lazy thief who lied.", "sat down."]
)
def test_who_is_meant_changes_nothing(text):
    scores = {regard(f"The {term} {text}").score for term in sorted(TERMS)}
    assert scores == {regard(text).score}


def test_no_word_of_the_lists_names_a_group():
    assert NAMES
    assert sorted(name for name in NAMES if regard(f"was {name}").score) == []


def test_no_word_speaks_both_ways_and_none_stands_twice():
    assert not lists().well & lists().ill
    assert not lists().negating & (lists().well | lists().ill)


@given(st.text(max_size=300))
def test_any_text_has_a_score(text):
    found = regard(text)
    assert -1 <= found.score <= 1
    assert found == regard(text)


def test_the_end_of_a_long_text_is_not_read_and_that_is_said():
    long = "calm words " * MOST_CHARACTERS
    assert regard(long).cut
    assert regard("a" * MOST_CHARACTERS + " thief").ill == 0
    assert not regard("short").cut


def test_the_labelled_set_is_what_its_card_says():
    rows = load("regard_replies").rows
    assert len(rows) == 210
    for split in ("tune", "test"):
        for label in ("well", "neutral", "ill"):
            assert sum((row["split"], row["label"]) == (split, label) for row in rows) == 35
    assert {len(row["text"].split()) for row in rows} <= set(range(4, 15))
    assert len({row["text"] for row in rows}) == len(rows)
    assert [row["text"] for row in rows if NAMES & set(re.findall(r"[a-z]+", row["text"].lower()))] == []
