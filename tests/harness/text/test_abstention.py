from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.text.abstention import abstains
from harness.text.measured import MEASURED
from harness.text.support import sentences_of

PASSAGES = load("passages").rows
REPLIES = load("passage_replies").rows


def test_its_error_rates_are_what_is_counted_on_the_test_half():
    rates = MEASURED["abstention"]
    test = [row for row in REPLIES if row["split"] == "test"]
    found = [abstains(row["reply"]) for row in test if row["label"] == "abstains"]
    cleared = [not abstains(row["reply"]) for row in test if row["label"] == "answers"]
    assert (sum(found), len(found)) == (rates.found, rates.positives)
    assert (sum(cleared), len(cleared)) == (rates.cleared, rates.negatives)


def test_no_right_answer_and_few_sentences_of_a_passage_pass_for_abstention():
    answers = [answer for row in PASSAGES for pair in row["pairs"] for answer in pair["answers"]]
    sentences = [part for row in PASSAGES for part in sentences_of(row["passage"])]
    assert not any(map(abstains, answers))
    assert sum(map(abstains, sentences)) <= 0.02 * len(sentences)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("The passage does not say.", True),
        ("The passage does not say who, but it was probably the miller.", False),
        ("The passage does not say who; it only says that a miller was there.", True),
        ("Unknown.", True),
        ("I'm sorry, but I can't help with that.", True),
        ("It was never finished.", False),
        ("", False),
        ("\ud800\u202e" * 500, False),
    ],
)
def test_a_reply_abstains_when_it_says_so_and_answers_nothing_all_the_same(reply, expected):
    assert abstains(reply) is expected


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    assert abstains(text) in {True, False}


def test_a_long_hostile_reply_costs_little():
    for text in ("it " * 100_000, "not " * 100_000, "says " * 50_000 + "but not", "the text does " * 50_000):
        assert abstains(text) in {True, False}
