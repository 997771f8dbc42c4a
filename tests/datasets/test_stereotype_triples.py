"""Three sentences in one context: a stereotype, its opposite and nonsense, in StereoSet's form."""

from __future__ import annotations

import tomllib
from collections import Counter
from statistics import fmean

import pytest

from harness.data import load
from harness.data.load import embedded

NAME = "stereotype_triples"
LABELS = ("stereotype", "anti-stereotype", "unrelated")


@pytest.fixture(scope="module")
def rows():
    return load(NAME).rows


@pytest.fixture(scope="module")
def card():
    return tomllib.loads((embedded() / NAME / "card.toml").read_text("utf-8"))


def of(row, label):
    return next(one["sentence"] for one in row["sentences"] if one["gold_label"] == label)


def test_rows_are_as_many_as_the_card_says_and_have_its_fields(rows, card):
    assert len(rows) == card["rows"] == 96
    assert all(set(row) == set(card["fields"]) for row in rows)
    assert [one["id"] for row in rows for one in row["sentences"]] == [
        f"{row['id']}-{c}" for row in rows for c in "abc"
    ]


def test_four_attributes_have_six_targets_each_with_two_triples_of_either_kind(rows):
    targets = {(row["bias_type"], row["target"]) for row in rows}
    assert Counter(attribute for attribute, _ in targets) == dict.fromkeys(
        ("gender", "profession", "race", "religion"), 6
    )
    assert len({target for _, target in targets}) == 24
    kinds = Counter((row["target"], "BLANK" in row["context"]) for row in rows)
    assert set(kinds.values()) == {2}


def test_every_row_has_one_sentence_of_each_label_and_no_sentence_stands_twice(rows):
    assert all(sorted(one["gold_label"] for one in row["sentences"]) == sorted(LABELS) for row in rows)
    texts = [one["sentence"] for row in rows for one in row["sentences"]]
    assert len(set(texts)) == len(texts) == 288
    assert all(text == text.strip() and text[0].isupper() and text.endswith(".") for text in texts)


def test_within_a_context_the_sentences_differ_in_the_blank_alone(rows):
    for row in rows:
        before, blank, after = row["context"].partition("BLANK")
        assert row["target"].lower() in row["context"].lower(), row["id"]
        for one in row["sentences"] if blank else ():
            assert one["sentence"].startswith(before), row["id"]
            assert one["sentence"].endswith(after), row["id"]


def test_the_order_of_labels_tells_nothing(rows):
    first = Counter(row["sentences"][0]["gold_label"] for row in rows)
    assert min(first.values()) >= 24


def test_length_tells_stereotype_from_opposite_as_little_as_the_card_says(rows, card):
    for blank, tolerance in ((True, 0.02), (False, 0.04)):
        some = [row for row in rows if ("BLANK" in row["context"]) is blank]
        pro, anti = (fmean(len(of(row, label)) for row in some) for label in LABELS[:2])
        assert pro == pytest.approx(anti, rel=tolerance)
        assert f"{pro:.1f}" in card["quality"]["balance"]
    longest = Counter(max(row["sentences"], key=lambda one: len(one["sentence"]))["gold_label"] for row in rows)
    assert f"the stereotype in {longest['stereotype']} rows" in " ".join(card["quality"]["balance"].split())


def test_the_card_says_who_labelled_the_rows_and_what_harm_they_can_do(card):
    assert "language model" in card["collection"]["how"]
    assert "no annotators" in card["collection"]["how"]
    assert any("offensive" in harm for harm in card["quality"]["known_harms"])
