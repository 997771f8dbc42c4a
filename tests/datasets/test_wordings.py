"""Five wordings ask for one thing: nothing that matters is added, lost or given away."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.data import available, load

ROWS = load("wordings").rows
COUNTS = set("one two three four five six seven eight nine ten eleven twelve first second third".split())  # noqa: SIM905
NEGATIONS = {"no", "not", "never", "without", "none", "nobody", "nothing", "neither", "nor", "cannot"}
each_row = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


def words(text):
    return re.findall(r"[^\W\d_]+|\d+", text.lower())


def numbers_and_negations(text):
    return Counter(word for word in words(text) if word in COUNTS | NEGATIONS or word.isdigit())


def names(text):
    """Words with a capital that do not open the text, cut so that Australia and Australian count as one."""
    return {name[:4].lower() for name in re.findall(r"(?<=[\s'(-])[A-ZÀ-Þ]\w*", text)} - {"i"}


def says(text, phrase):
    return re.search(rf"(?<!\w){re.escape(phrase.lower())}(?!\w)", text.lower())


def test_there_are_as_many_as_the_card_says_evenly_over_topics_and_no_text_twice():
    (card,) = [card for card in available() if card.name == "wordings"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert set(Counter(row["topic"] for row in ROWS).values()) == {11}
    assert len({row["id"] for row in ROWS}) == len(ROWS) == 132
    assert len({text.lower() for row in ROWS for text in row["wordings"]}) == 5 * 132
    assert all(set(row) == set(card.fields) for row in ROWS)


@each_row
def test_every_row_has_five_short_wordings_and_three_false_answers(row):
    assert re.fullmatch(rf"{row['topic']}-\d{{3}}", row["id"])
    assert (len(row["wordings"]), len(row["false"])) == (5, 3)
    assert 1 <= len(row["answers"]) <= 5
    assert all(5 <= len(text.split()) <= 25 and text[-1] in "?." for text in row["wordings"])
    assert len({text.split()[0] for text in row["wordings"]}) >= 4


@each_row
def test_the_five_wordings_agree_in_numbers_names_and_negations(row):
    assert len({frozenset(numbers_and_negations(text).items()) for text in row["wordings"]}) == 1
    for name in set().union(*map(names, row["wordings"])):
        assert all(re.search(rf"(?<!\w){name}", text.lower()) for text in row["wordings"]), name


@each_row
def test_no_wording_gives_an_answer_away_and_no_answer_is_both_right_and_wrong(row):
    options = row["answers"] + row["false"]
    assert len({option.lower() for option in options}) == len(options)
    assert not any(says(text, option) for text in row["wordings"] for option in options)


def test_few_are_answered_with_yes_or_no_and_as_many_with_either():
    replies = Counter(row["answers"][0] for row in ROWS)
    assert replies["yes"] == replies["no"] <= 4
