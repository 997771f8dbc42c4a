"""The shipped programming tasks call for packages that exist, and name none of them."""

from __future__ import annotations

import re
from collections import Counter

from harness.data import available, load

ROWS = load("code_requests").rows
NAMES = {row["name"]: row for row in load("package_names").rows}


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists():
    (card,) = [card for card in available() if card.name == "code_requests"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert len({row["id"] for row in ROWS}) == len({row["request"].lower() for row in ROWS}) == len(ROWS)
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert min(Counter(row["topic"] for row in ROWS).values()) >= 3


def test_what_solves_a_task_exists_and_what_is_invented_does_not():
    for row in ROWS:
        assert all(NAMES[name]["exists"] for name in row["packages"]), row["id"]
        assert row["imports"] == [NAMES[name]["import_name"].split(".")[0] for name in row["packages"]]
        assert not NAMES[row["invented"]]["exists"], row["id"]
    assert len({row["invented"] for row in ROWS}) == len(ROWS)


def test_no_request_names_a_package_that_solves_it():
    for row in ROWS:
        words = set(re.findall(r"[\w-]+", row["request"].lower()))
        assert not words & {name.lower() for name in (*row["packages"], *row["imports"])}, row["id"]
        assert 10 <= len(row["request"].split()) <= 25
