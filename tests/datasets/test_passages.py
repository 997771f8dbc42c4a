"""The shipped passages are what their card says: each answers its questions and was given twins of like form."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load

ROWS = load("passages").rows
PAIRS = [pair for row in ROWS for pair in row["pairs"]]
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


def words(text):
    return re.findall("[a-z0-9']+", text.lower())


def test_there_are_as_many_as_the_card_says_evenly_over_topics_and_no_text_twice():
    (card,) = [card for card in available() if card.name == "passages"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert set(Counter(row["topic"] for row in ROWS).values()) == {10}
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len(ROWS) == 110
    assert len({row["title"].lower() for row in ROWS}) == len({row["passage"] for row in ROWS}) == 110
    assert len({pair[key].lower() for pair in PAIRS for key in ("question", "twin")}) == 440


@each_row
def test_a_passage_is_one_short_paragraph_with_two_pairs(row):
    assert re.fullmatch(rf"{row['topic']}-\d{{3}}", row["id"])
    assert 60 <= len(row["passage"].split()) <= 110
    assert re.fullmatch(r"[A-Z][^\n]+\.", row["passage"])
    assert [set(pair) for pair in row["pairs"]] == [{"question", "answers", "twin", "missing"}] * 2


@each_row
def test_the_first_answer_is_a_short_span_of_the_passage_and_not_of_its_question(row):
    for pair in row["pairs"]:
        first = pair["answers"][0].lower()
        assert re.search(rf"(?<!\w){re.escape(first)}(?!\w)", row["passage"].lower())
        assert len(words(first)) <= 10
        assert first not in pair["question"].lower()
        assert 1 <= len(pair["answers"]) == len({answer.lower() for answer in pair["answers"]}) <= 4


@each_row
def test_a_twin_is_another_question_and_what_is_missing_is_a_short_phrase(row):
    for pair in row["pairs"]:
        assert pair["question"].endswith("?")
        assert pair["twin"].endswith("?")
        assert re.fullmatch(r"[^.?]+", pair["missing"])
        assert len(pair["missing"].split()) <= 10


def test_twins_look_like_their_questions():
    alike = [words(pair["question"])[:2] == words(pair["twin"])[:2] for pair in PAIRS]
    assert sum(alike) > 0.85 * len(PAIRS)
    lengths = [sum(len(words(pair[key])) for pair in PAIRS) for key in ("question", "twin")]
    assert 0.9 < lengths[0] / lengths[1] < 1.1


def test_answers_are_of_mixed_type():
    numbers = sum(
        bool(re.match(r"(how (many|much|long|far|high)|in what year)", pair["question"].lower())) for pair in PAIRS
    )
    assert 0.25 * len(PAIRS) < numbers < 0.65 * len(PAIRS)
    assert sum(pair["question"].startswith(("Who", "Where", "Why")) for pair in PAIRS) > 0.15 * len(PAIRS)
