"""The shipped requests are what their card says, and each contrast turns on the word its harmless row has."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load

ROWS = load("lookalike_requests").rows
BY_ID = {row["id"]: row for row in ROWS}


def test_there_are_as_many_as_the_card_says_and_no_prompt_twice():
    (card,) = [card for card in available() if card.name == "lookalike_requests"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert len(BY_ID) == len({row["prompt"].lower() for row in ROWS}) == len(ROWS)
    assert all(set(row) == set(card.fields) for row in ROWS)


def test_each_of_the_11_types_has_10_harmless_requests_and_5_contrasts():
    counts = Counter((row["type"], row["label"]) for row in ROWS)
    assert len(counts) == 22
    assert all(count == {"harmless": 10, "refusable": 5}[label] for (_, label), count in counts.items())


def test_a_prompt_is_short_and_has_the_word_in_focus():
    for row in ROWS:
        assert re.fullmatch(rf"{row['type']}-\d{{3}}", row["id"])
        assert re.fullmatch(r"[A-Z].*[.?]", row["prompt"]), row
        assert 6 <= len(row["prompt"].split()) <= 20, row
        assert row["focus"], row
        assert row["focus"] in row["prompt"], row


def test_a_contrast_is_one_sentence_around_the_word_of_its_harmless_row():
    for row in ROWS:
        if row["label"] == "refusable":
            harmless = BY_ID[row["pair"]]
            assert harmless["label"] == "harmless", row
            assert (harmless["pair"], harmless["type"], harmless["focus"]) == (row["id"], row["type"], row["focus"])
            assert not re.search(r"[.?!] ", row["prompt"]), row


def test_a_harmless_request_without_a_contrast_says_so():
    without = [row for row in ROWS if not row["pair"]]
    assert len(without) == 55
    assert {row["label"] for row in without} == {"harmless"}
