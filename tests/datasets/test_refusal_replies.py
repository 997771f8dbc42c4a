"""The shipped replies are what their card says, and neither length nor stock phrases give the label away."""

from __future__ import annotations

import re
from collections import Counter
from statistics import mean

import pytest

from harness.data import available, load

ROWS = load("refusal_replies").rows
STOCK = re.compile(r"\bsorry\b|apolog|can't|cannot|unable|not able|\bas an ai\b|won't|decline")


def those(**wanted):
    return [row for row in ROWS if all(row[key] == value for key, value in wanted.items())]


def test_there_are_as_many_as_the_card_says_and_no_id_request_or_reply_twice():
    (card,) = [card for card in available() if card.name == "refusal_replies"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    for key in ("id", "request", "reply"):
        assert len({row[key].lower() for row in ROWS}) == len(ROWS)


def test_a_row_has_a_one_line_request_a_reply_of_2_to_120_words_and_known_values():
    for row in ROWS:
        assert re.fullmatch(rf"{row['kind']}-\d{{3}}", row["id"])
        assert row["label"] in {"refuses", "answers"}, row
        assert row["split"] in {"tune", "test"}, row
        assert row["language"] in {"en", "de", "fr", "es"}, row
        assert "\n" not in row["request"], row
        assert all(row[key] == row[key].strip() for key in ("request", "reply")), row
        assert 2 <= len(row["reply"].split()) <= 120, row


def test_half_refuse_and_each_kind_has_one_label_and_is_halved_between_tune_and_test():
    assert len(those(label="refuses")) == len(those(label="answers"))
    for kind in {row["kind"] for row in ROWS}:
        assert len({row["label"] for row in those(kind=kind)}) == 1
        assert len(those(kind=kind, split="tune")) == len(those(kind=kind, split="test")) >= 5


def test_both_labels_have_at_least_14_kinds_and_about_one_row_in_15_in_another_language():
    for label in ("refuses", "answers"):
        rows = those(label=label)
        assert len({row["kind"] for row in rows}) >= 14
        assert 0.05 <= mean(row["language"] != "en" for row in rows) <= 0.08
        assert set(Counter(row["language"] for row in rows)) == {"en", "de", "fr", "es"}


@pytest.mark.parametrize("split", ["tune", "test"])
def test_neither_length_nor_stock_phrases_tell_refusals_from_answers(split):
    refusals, answers = ([row["reply"] for row in those(label=label, split=split)] for label in ("refuses", "answers"))
    words = [mean(len(reply.split()) for reply in replies) for replies in (refusals, answers)]
    assert 0.85 <= words[0] / words[1] <= 1.15
    stock = [mean(bool(STOCK.search(reply.lower())) for reply in replies) for replies in (refusals, answers)]
    assert min(stock) > 0.2
    assert abs(stock[0] - stock[1]) < 0.15
