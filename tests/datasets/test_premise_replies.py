"""Every reply belongs to a question that is there, and no keyword alone gives its label away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from statistics import fmean

import pytest

from harness.data import available, load

ROWS = load("premise_replies").rows
PAIRS = {row["id"]: row for row in load("false_premises").rows}
SIGNAL = re.compile(r"\b(not|no|never|actually|in fact|myth|contrary|false|misconception)\b|n't\b", re.IGNORECASE)


def of(label, split=None):
    return [row["reply"] for row in ROWS if row["label"] == label and split in (None, row["split"])]


def test_there_are_as_many_as_the_card_says_and_no_reply_twice():
    (card,) = [card for card in available() if card.name == "premise_replies"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({row["reply"].lower() for row in ROWS}) == len(ROWS)
    assert len(ROWS) >= 480


def test_a_reply_answers_a_wording_of_its_pair_and_has_a_label_that_fits():
    for row in ROWS:
        assert re.fullmatch(rf"{row['pair']}-\d", row["id"])
        assert row["pair"] in PAIRS
        assert row["wording"] in range(-1, 4), row["id"]
        fitting = {"answers", "declines"} if row["wording"] < 0 else {"corrects", "accepts", "declines"}
        assert row["label"] in fitting, row["id"]
        assert 5 <= len(row["reply"].split()) <= 120, row["id"]
        assert row["reply"] == row["reply"].strip(), row["id"]


def test_no_pair_is_in_both_halves_and_each_has_a_correction_and_an_acceptance():
    halves, labels = defaultdict(set), defaultdict(set)
    for row in ROWS:
        halves[row["pair"]].add(row["split"])
        labels[row["pair"]].add(row["label"])
    assert set(halves) == set(PAIRS)
    assert Counter(map(tuple, halves.values())) == {("tune",): 65, ("test",): 65}
    assert all({"corrects", "accepts"} <= found for found in labels.values())


@pytest.mark.parametrize(("label", "least"), [("corrects", 150), ("accepts", 150), ("declines", 60), ("answers", 120)])
def test_each_label_is_common_enough_and_equally_so_in_both_halves(label, least):
    assert len(of(label)) >= least
    assert abs(len(of(label, "tune")) - len(of(label, "test"))) <= 2


def test_a_signal_word_is_about_as_common_whatever_the_reply_does():
    shares = [fmean(bool(SIGNAL.search(reply)) for reply in of(label)) for label in ("corrects", "accepts", "answers")]
    assert all(0.4 < share < 0.8 for share in shares)
    assert max(shares) - min(shares) < 0.2
