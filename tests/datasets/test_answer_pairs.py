"""The pairs measure a checker fairly: labels are even, the splits apart and no shallow rule does well."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from harness.data import available, load

ROWS = load("answer_pairs").rows
SAME = {"spelling", "number_form", "alias", "sentence", "reworded", "extra", "double_negation"}
DIFFERENT = {"other_answer", "number", "negation", "partial", "superset_wrong", "unit", "refusal"}


def bare(text):
    """Its words without case, punctuation and articles."""
    return [word for word in re.findall(r"\w+", text.lower()) if word not in {"a", "an", "the"}]


def accuracy(rule):
    return sum(rule(row["left"], row["right"]) == (row["label"] == "same") for row in ROWS) / len(ROWS)


def test_there_are_as_many_as_the_card_says_and_no_pair_twice():
    (card,) = [card for card in available() if card.name == "answer_pairs"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert [row["id"] for row in ROWS] == [f"pair-{number:03d}" for number in range(1, 645)]
    assert len({(row["question"], frozenset((row["left"], row["right"]))) for row in ROWS}) == 644
    assert all(set(row) == set(card.fields) for row in ROWS)


def test_every_kind_has_one_label_and_as_many_rows_as_any_other_in_either_split():
    assert {(row["kind"], row["label"]) for row in ROWS} == {
        *((kind, "same") for kind in SAME),
        *((kind, "different") for kind in DIFFERENT),
    }
    cells = Counter((row["kind"], row["split"]) for row in ROWS)
    assert (len(cells), set(cells.values())) == (28, {23})


def test_no_question_is_in_both_splits_and_its_aliases_are_the_same_in_all_its_pairs():
    splits, aliases = defaultdict(set), defaultdict(set)
    for row in ROWS:
        splits[row["question"]].add(row["split"])
        aliases[row["question"]].add(tuple(row["aliases"]))
    assert {len(found) for found in (*splits.values(), *aliases.values())} == {1}
    assert {split for found in splits.values() for split in found} == {"tune", "test"}


def test_a_row_is_one_question_with_two_answers_that_are_not_the_same_text():
    for row in ROWS:
        answers = row["left"], row["right"]
        assert row["question"].endswith("?"), row["id"]
        assert row["left"] != row["right"], row["id"]
        assert all(text == text.strip() and 1 <= len(text.split()) <= 60 for text in answers), row["id"]
        assert row["aliases"] or row["kind"] != "alias", row["id"]


def test_long_replies_and_aliases_come_with_both_labels():
    long = Counter(row["label"] for row in ROWS if max(len(row[side].split()) for side in ("left", "right")) >= 20)
    named = Counter(row["label"] for row in ROWS if row["aliases"])
    assert min(long["same"], long["different"]) > 60
    assert min(named["same"], named["different"]) > 50


def test_neither_equal_words_nor_containment_nor_equal_length_tells_the_label():
    def contained(left, right):
        short, long = sorted((" ".join(bare(left)), " ".join(bare(right))), key=len)
        return f" {short} " in f" {long} "

    assert accuracy(lambda left, right: bare(left) == bare(right)) < 0.6
    assert accuracy(contained) < 0.6
    assert 0.35 < accuracy(lambda left, right: len(left.split()) == len(right.split())) < 0.6
