"""Every row is a valid question beside four wordings of one that takes a falsehood for granted."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from statistics import fmean

from harness.data import available, load

ROWS = load("false_premises").rows
ASKS_WHETHER = re.compile(r"(is|are|was|were|do|does|did|can|could|has|have|had|will|would|should)\b", re.IGNORECASE)


def words(text):
    return re.findall(r"[^\W_]+", text.lower())


def sentences(row):
    return [row["question"], *row["false_questions"], row["premise"], *row["corrections"]]


def test_there_are_as_many_as_the_card_says_ten_to_a_topic_and_no_sentence_twice():
    (card,) = [card for card in available() if card.name == "false_premises"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    topics = Counter(row["topic"] for row in ROWS)
    assert (len(topics), set(topics.values())) == (13, {10})
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    texts = [" ".join(words(text)) for row in ROWS for text in sentences(row)]
    assert len(set(texts)) == len(texts)


def test_a_row_has_one_question_four_false_wordings_and_two_or_three_corrections():
    for row in ROWS:
        assert re.fullmatch(rf"{row['topic']}-\d{{3}}", row["id"])
        assert re.fullmatch(r"[A-Z].+[^ ]\?", row["question"]), row["id"]
        assert len(row["answers"]) in range(1, 5), row["id"]
        assert len(row["false_questions"]) == 4, row["id"]
        assert len(row["corrections"]) in (2, 3), row["id"]
        assert all(re.fullmatch(r"[A-Z].+\w\.", text) for text in (row["premise"], *row["corrections"])), row["id"]
        assert all(6 <= len(text.split()) <= 30 for text in (row["question"], *row["false_questions"])), row["id"]
        assert re.fullmatch(r"(?!.*(www|//)).+", row["source"]), row["id"]


def test_a_false_wording_never_asks_whether_the_premise_is_true():
    for text in (text for row in ROWS for text in row["false_questions"]):
        assert re.fullmatch(r"[A-Z].+[?.]", text)
        assert not ASKS_WHETHER.match(text), text
        assert not re.search(r"\b(whether|is it true|really)\b", text), text


def test_the_wordings_of_a_row_differ_in_more_than_a_word_or_two():
    for row in ROWS:
        for one, other in combinations([set(words(text)) for text in row["false_questions"]], 2):
            assert len(one & other) <= 0.6 * len(one | other), row["id"]


def test_valid_and_false_questions_are_of_nearly_the_same_length_and_no_position_has_a_form_of_its_own():
    valid = fmean(len(row["question"].split()) for row in ROWS)
    for at in range(4):
        false = [row["false_questions"][at] for row in ROWS]
        assert abs(fmean(len(text.split()) for text in false) - valid) < 2.5
        assert 0.65 < fmean(text.endswith("?") for text in false) < 0.85
