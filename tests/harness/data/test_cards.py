from __future__ import annotations

import pytest

from harness.canonical import Digest
from harness.data.cards import read_card
from harness.errors import DataError

FLAT = """
schema = 1
name = "mine"
title = "Mine"
version = "1.0.0"
task = "t"
licence = "Apache-2.0"
file = "data.jsonl"
rows = 3
sha256 = "{}"
known_harms = []
[fields]
id = "unique"
[quality]
known_problems = ["few rows"]
"""


def write(tmp_path, text, name="card.toml"):
    (tmp_path / name).write_text(text)
    return tmp_path


def test_a_card_with_one_file_names_it_at_the_top(tmp_path):
    card = read_card(write(tmp_path, FLAT.format("a" * 64)), origin="embedded")
    assert (card.name, card.title, card.version, card.licence, card.task) == (
        "mine",
        "Mine",
        "1.0.0",
        "Apache-2.0",
        "t",
    )
    assert card.rows == 3
    assert card.fields == {"id": "unique"}
    assert card.problems == ("few rows",)
    assert card.default is not None
    assert card.default.path == "data.jsonl"
    assert card.default.digest == Digest("sha256", "a" * 64)
    assert (card.folder, card.origin) == (tmp_path, "embedded")


def test_a_third_party_card_is_read_alike(third_party):
    card = read_card(third_party / "quiz", origin="HARNESS_DATA")
    assert (card.version, card.licence, card.rows) == ("abc123", "CC-BY-4.0", 2)
    assert card.fields == {"question": "the question"}
    assert card.problems == ("small",)
    assert [file.role for file in card.files] == ["licence text", "data", "data"]


def test_the_default_file_is_the_first_with_data(third_party):
    default = read_card(third_party / "quiz", origin="HARNESS_DATA").default
    assert default is not None
    assert default.path == "rows.jsonl"


def test_a_folder_without_a_card_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"has no CARD\.toml.*name one of its files by path"):
        read_card(tmp_path, origin="embedded")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "mine"\n', "", "lacks 'name'"),
        ('licence = "Apache-2.0"\n', "", "lacks 'licence'"),
        ('file = "data.jsonl"\n', "", "lacks 'file'"),
        ('sha256 = "{}"\n', "", "lacks 'sha256'"),
        ('"{}"', '"ab"', "not a sha256 digest"),
        ("rows = 3", 'rows = "many"', "cannot be read"),
        ("schema = 1", "schema = ", "cannot be read"),
        ("[fields]\nid", "fields = 3\nid", "cannot be read"),
    ],
)
def test_a_card_with_a_mistake_is_refused_by_its_path(tmp_path, old, new, says):
    assert old in FLAT
    text = FLAT.replace(old, new).replace("{}", "a" * 64)
    with pytest.raises(DataError, match=says) as raised:
        read_card(write(tmp_path, text), origin="embedded")
    assert "card.toml" in str(raised.value)
