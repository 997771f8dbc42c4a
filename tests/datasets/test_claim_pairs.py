"""The shipped claims are what their card says: halved by kind, whole by source, and not to be told by looks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from harness.data import available, load

ROWS = load("claim_pairs").rows
KINDS = {
    "supported": {"verbatim", "reworded", "merged", "number_form"},
    "contradicted": {"number", "entity", "negation", "quantifier", "antonym"},
    "unsupported": {"added", "other_subject", "fabricated_answer"},
}


def words(text):
    return re.findall("[a-z0-9']+", text.lower())


def shared(row):
    """The share of the claim's words that occur in the source."""
    source, claim = set(words(row["source"])), words(row["claim"])
    return sum(word in source for word in claim) / len(claim)


def within(row):
    return row["claim"].rstrip(".").lower() in row["source"].lower()


def test_there_are_as_many_as_the_card_says_and_no_row_twice():
    (card,) = [card for card in available() if card.name == "claim_pairs"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len(ROWS) >= 600
    assert len({(row["source"], row["question"], row["claim"].lower()) for row in ROWS}) == len(ROWS)


def test_each_label_has_its_kinds_and_enough_rows_of_each():
    found = defaultdict(set)
    for row in ROWS:
        found[row["label"]].add(row["kind"])
    assert found == KINDS
    labels = Counter(row["label"] for row in ROWS)
    assert all(
        labels[label] >= least for label, least in {"supported": 300, "contradicted": 180, "unsupported": 150}.items()
    )
    assert min(Counter(row["kind"] for row in ROWS).values()) >= 40


def test_every_kind_is_halved_between_the_splits():
    halves = Counter((row["kind"], row["split"]) for row in ROWS)
    assert {split for _, split in halves} == {"tune", "test"}
    assert all(halves[kind, "tune"] == halves[kind, "test"] for kinds in KINDS.values() for kind in kinds)


def test_all_claims_on_one_source_are_in_one_split():
    splits = defaultdict(set)
    for row in ROWS:
        splits[row["source"]].add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_sources_that_are_passages_are_those_of_the_passages_and_their_questions_too():
    pairs = {row["passage"]: row["pairs"] for row in load("passages").rows}
    sources = {row["source"] for row in ROWS}
    assert set(pairs) <= sources
    assert all(len(source.split()) <= 60 for source in sources - set(pairs))
    invented = [row for row in ROWS if row["kind"] == "fabricated_answer"]
    assert all(row["question"] in [pair["twin"] for pair in pairs[row["source"]]] for row in invented)


def test_a_claim_is_one_sentence_or_a_short_answer_to_its_question():
    assert all(re.fullmatch(rf"{row['kind']}-\d{{3}}", row["id"]) for row in ROWS)
    answers = [row for row in ROWS if row["question"]]
    assert all(row["question"].endswith("?") for row in answers)
    assert [row["id"] for row in answers if not re.fullmatch(r".*(\w|%|[ap]\.m\.)", row["claim"])] == []
    assert max(len(row["claim"].split()) for row in answers) <= 16
    sentences = [row for row in ROWS if not row["question"]]
    assert [row["id"] for row in sentences if not re.fullmatch(r"[A-Z0-9].+\.", row["claim"])] == []
    assert {3 <= len(row["claim"].split()) <= 30 for row in sentences} == {True}


def test_only_extracts_and_short_answers_stand_in_the_source_word_for_word():
    assert all(within(row) for row in ROWS if row["kind"] == "verbatim")
    assert not any(within(row) for row in ROWS if row["kind"] != "verbatim" and not row["question"])


def test_looks_do_not_tell_the_labels():
    share = {label: [shared(row) for row in ROWS if row["label"] == label] for label in KINDS}
    means = [sum(found) / len(found) for found in share.values()]
    assert max(means) - min(means) < 0.1
    asked = {label: [bool(row["question"]) for row in ROWS if row["label"] == label] for label in KINDS}
    assert all(0.2 < sum(found) / len(found) < 0.45 for found in asked.values())
    denied = {
        label: sum(bool({"not", "no", "never"} & set(words(row["claim"]))) for row in ROWS if row["label"] == label)
        for label in KINDS
    }
    assert denied["supported"] >= denied["contradicted"]
