"""The labelled references agree with the index of works, and each label is there in both halves."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load

ROWS = load("cited_claims").rows
WORKS = {row["id"]: row for row in load("works").rows}
IDENTIFIERS = {
    work[field].lower(): key for key, work in WORKS.items() for field in ("DOI", "ISBN", "arxiv") if work[field]
}


def plain(text):
    return " ".join(re.findall("[a-z0-9]+", text.lower()))


def named(text):
    """The works whose identifier stands in a text, an ISBN with or without hyphens."""
    texts = (text.lower(), re.sub(r"(?<=\d)[ -](?=\d)", "", text))
    return {
        key
        for identifier, key in IDENTIFIERS.items()
        if any(identifier in text and re.search(rf"(?<![\w.]){re.escape(identifier)}(?!\w)", text) for text in texts)
    }


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists_and_none_twice():
    (card,) = [card for card in available() if card.name == "cited_claims"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len({plain(row["text"]) for row in ROWS}) == len(ROWS) >= 120
    assert all(re.fullmatch(rf"{row['label']}-\d{{3}}", row["id"]) and 30 < len(row["text"]) < 400 for row in ROWS)


def test_each_label_is_split_in_halves():
    counts = Counter((row["label"], row["split"]) for row in ROWS)
    assert {label for label, _ in counts} == {"real", "mismatch", "unknown", "malformed"}
    assert all(counts[label, "tune"] == counts[label, "test"] >= 10 for label, _ in counts)


def test_a_real_reference_names_its_work_and_no_other_identifier():
    for row in ROWS:
        if row["label"] == "real":
            title = re.split(r"[:(]", WORKS[row["work"]]["title"])[0]
            if row["work"] != "gdpr2016":
                assert plain(title) in plain(row["text"]), row["id"]
            assert named(row["text"]) <= {row["work"]}, row["id"]


def test_a_mismatch_has_the_identifier_of_a_work_but_another_title():
    for row in ROWS:
        if row["label"] == "mismatch":
            work = WORKS[row["work"]]
            assert named(row["text"]) == {row["work"]} or (work["URL"] and work["URL"] in row["text"]), row["id"]
            assert plain(work["title"]) not in plain(row["text"]), row["id"]


def test_what_is_unknown_or_malformed_has_no_identifier_of_the_index():
    titles = [plain(work["title"]) for work in WORKS.values() if len(work["title"]) > 10]
    for row in ROWS:
        if row["label"] in ("unknown", "malformed"):
            assert not row["work"]
            assert not named(row["text"]), row["id"]
        if row["label"] == "unknown":
            assert not any(title in plain(row["text"]) for title in titles), row["id"]
