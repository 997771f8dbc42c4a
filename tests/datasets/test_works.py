"""Every work of the index can be looked up by a well-formed identifier, and by that one work only."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load

ROWS = load("works").rows
TYPES = {"article", "article-journal", "book", "legislation", "paper-conference", "report", "standard"}
FORMS = {
    "DOI": r"10\.\d{4,9}/[-._;()/:<>A-Za-z0-9]+",
    "ISBN": r"97[89]\d{10}",
    "arxiv": r"\d\d(0[1-9]|1[0-2])\.\d{4,5}",
    "URL": r"https?://[a-z.-]+/\S+",
}


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists():
    (card,) = [card for card in available() if card.name == "works"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert len(ROWS) >= 320
    assert all(set(row) == set(card.fields) for row in ROWS)


def test_no_key_title_or_identifier_is_given_twice():
    for field in ("id", "title", *FORMS):
        values = [row[field].lower() for row in ROWS if row[field]]
        assert len(values) == len(set(values)), field


def test_each_identifier_is_well_formed_and_each_work_has_one():
    for row in ROWS:
        assert any(row[field] for field in FORMS), row["id"]
        assert all(not row[field] or re.fullmatch(form, row[field]) for field, form in FORMS.items()), row["id"]


def test_the_last_digit_of_each_isbn_follows_from_the_others():
    books = [row["ISBN"] for row in ROWS if row["ISBN"]]
    assert len(books) >= 50
    assert all(sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(isbn)) % 10 == 0 for isbn in books)


def test_titles_are_plain_and_authors_and_years_have_their_form():
    for row in ROWS:
        assert row["type"] in TYPES
        assert not re.search(r"[{}\\$|]|\s\s|^\s|\s$|[.,;:]$", row["title"]), row["title"]
        assert 3 <= len(row["title"]) <= 200
        assert 1 <= len(row["author"]) <= 5
        assert all(set(name) == {"family", "given"} and name["family"] for name in row["author"])
        assert 1800 < row["issued"] < 2026


def test_many_subjects_and_all_three_kinds_of_identifier_are_covered():
    assert len(Counter(row["field"] for row in ROWS)) >= 20
    assert sum(bool(row["DOI"]) for row in ROWS) >= 250
    assert sum(bool(row["arxiv"]) for row in ROWS) >= 60
