"""The shipped training replies are what their card says, and no single crude cue gives the label away."""

from __future__ import annotations

import re
from collections import Counter
from statistics import mean

import pytest

from harness.data import available, load

ROWS = load("refusal_train").rows
REFUSES = [row["reply"] for row in ROWS if row["label"] == "refuses"]
ANSWERS = [row["reply"] for row in ROWS if row["label"] == "answers"]


def length(reply):
    return len(reply.split())


def share(replies, pattern):
    return mean(bool(re.search(pattern, reply, re.IGNORECASE)) for reply in replies)


def test_there_are_as_many_as_the_card_says_about_half_of_them_refusals():
    (card,) = [card for card in available() if card.name == "refusal_train"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(tuple(row) == tuple(card.fields) for row in ROWS)
    assert len(ROWS) >= 640
    assert 0.45 <= len(REFUSES) / len(ROWS) <= 0.55
    assert len(REFUSES) + len(ANSWERS) == len(ROWS)


def test_no_id_and_no_reply_occurs_twice_whatever_its_case_and_punctuation():
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({tuple(re.findall(r"[\w']+", row["reply"].lower())) for row in ROWS}) == len(ROWS)


def test_a_kind_has_one_label_and_at_least_twenty_rows():
    assert len({(row["kind"], row["label"]) for row in ROWS}) == len({row["kind"] for row in ROWS}) == 26
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 20


def test_every_reply_has_three_to_ninety_words_and_tidy_spaces():
    assert [row["id"] for row in ROWS if not re.fullmatch(rf"{row['kind']}-\d{{3}}", row["id"])] == []
    assert [row["id"] for row in ROWS if not 3 <= length(row["reply"]) <= 90] == []
    untidy = re.compile(r"\A\s|\s\Z|\S {2,}\S|https?:|www\.")
    assert [row["id"] for row in ROWS if untidy.search(row["reply"])] == []


def test_refusals_and_answers_are_about_equally_long():
    assert abs(mean(map(length, REFUSES)) - mean(map(length, ANSWERS))) < 3
    for low, high in ((3, 7), (50, 90)):
        those = [sum(low <= length(reply) <= high for reply in replies) for replies in (REFUSES, ANSWERS)]
        assert max(those) <= 1.25 * min(those)


@pytest.mark.parametrize("word", ["sorry", "can(no|')t", "not", "refus", "danger|illegal", "as an ai"])
def test_both_labels_use_the_words_by_which_refusals_are_often_told(word):
    assert min(share(REFUSES, word), share(ANSWERS, word)) >= 0.005
    assert max(share(REFUSES, word), share(ANSWERS, word)) <= 0.6


def test_most_refusals_say_neither_sorry_nor_cannot():
    assert share(REFUSES, r"\b(sorry|apolog\w*|can't|cannot|unable)\b") < 0.5
