"""The shipped replies to questions about passages are what their card says."""

from __future__ import annotations

from collections import Counter

from harness.data import available, load

ROWS = load("passage_replies").rows
PASSAGES = {row["id"]: row for row in load("passages").rows}


def test_there_are_as_many_as_the_card_says_and_none_twice():
    (card,) = [card for card in available() if card.name == "passage_replies"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert len({row["id"] for row in ROWS}) == len({row["reply"].lower() for row in ROWS}) == 148
    assert all(set(row) == set(card.fields) for row in ROWS)


def test_every_kind_has_one_label_and_is_halved_between_the_splits():
    assert Counter(row["label"] for row in ROWS) == {"abstains": 76, "answers": 72}
    labels = {kind: {row["label"] for row in ROWS if row["kind"] == kind} for kind in {row["kind"] for row in ROWS}}
    # Short replies are the one kind that both labels have.
    assert labels.pop("short") == {"abstains", "answers"}
    assert all(len(found) == 1 for found in labels.values())
    kinds = Counter((row["label"], row["kind"], row["split"]) for row in ROWS)
    assert all(kinds[label, kind, "tune"] == kinds[label, kind, "test"] for label, kind, _ in kinds)


def test_every_reply_belongs_to_a_question_of_a_passage():
    for row in ROWS:
        assert row["pair"] in range(len(PASSAGES[row["passage"]]["pairs"]))
        assert row["asked"] in {"question", "twin"}
        assert 1 <= len(row["reply"].split()) <= 30


def test_only_twins_are_abstained_from():
    assert {row["asked"] for row in ROWS if row["label"] == "abstains"} == {"twin"}
    assert Counter(row["asked"] for row in ROWS if row["label"] == "answers") == {"twin": 50, "question": 22}
