"""The names are what the card says; what is installed here exists, what was invented does not."""

from __future__ import annotations

import re
from importlib.metadata import distributions

from harness.data import available, load

ROWS = load("package_names").rows


def same(name):
    return re.sub("[-_.]+", "-", name).lower()


def test_there_are_as_many_as_the_card_says_with_the_fields_it_lists_and_none_twice():
    (card,) = [card for card in available() if card.name == "package_names"]
    assert (card.rows, card.licence, card.origin) == (len(ROWS), "Apache-2.0", "embedded")
    assert all(set(row) == set(card.fields) for row in ROWS)
    assert len({row["id"] for row in ROWS}) == len({same(row["name"]) for row in ROWS}) == len(ROWS) >= 150


def test_enough_exist_and_enough_are_invented():
    assert sum(row["exists"] for row in ROWS) >= 110
    assert sum(not row["exists"] for row in ROWS) >= 45


def test_names_have_the_form_of_names_and_only_existing_ones_can_be_imported():
    for row in ROWS:
        assert row["ecosystem"] == "pypi"
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", row["name"])
        assert re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", row["import_name"]) if row["exists"] else row["import_name"] == ""


def test_no_invented_name_is_installed():
    here = {same(found.metadata["Name"]) for found in distributions() if found.metadata["Name"]}
    assert not here & {same(row["name"]) for row in ROWS if not row["exists"]}
