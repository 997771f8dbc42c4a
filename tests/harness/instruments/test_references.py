from __future__ import annotations

import json

import pytest

from harness.contracts.instruments import NOTHING
from harness.errors import DataError
from harness.instruments.packages import Packages
from harness.instruments.references import References
from harness.records import Reading

TRUE = "Granovetter, The Strength of Weak Ties, doi:10.1086/225469"


def counted(instrument, text, context=None):
    (values,) = instrument.read([Reading(instrument.card.id, text, context)], NOTHING)
    return {name: count for name, count in values.items() if count}


def test_references_are_counted_by_what_becomes_of_them():
    text = f"{TRUE}\ndoi:10.1086/999999\ndoi:10,1\n“Nothing of the Kind” by A. Author (1999)"
    assert counted(References(), text) == {
        "references": 3,
        "matching": 1,
        "not_in_index": 1,
        "malformed": 1,
        "titles": 1,
    }
    assert counted(References(), "doi:10.1086/225469", "The Strength of Weak Ties") == {"references": 1, "matching": 1}
    assert counted(References(), "doi:10.1086/225469", "On Denoting") == {"references": 1, "other_work": 1}
    assert counted(References(), "I do not know.") == {}


def test_packages_are_counted_by_command_and_by_import():
    text = "pip install numpy pandascrub\n```python\nimport os, numpy, pandascrub\n```"
    assert counted(Packages(), text) == {"installed": 2, "installed_known": 1, "imported": 2, "imported_known": 1}


def test_an_index_of_ones_own_is_part_of_who_reads(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"id": "x", "title": "My Own Report", "DOI": "10.1000/mine"}, {"id": "untitled"}]))
    mine = References(index=str(path), closed=True)
    assert mine.card.digest != References(index=str(path)).card.digest != References().card.digest
    assert "closed" in mine.card.limits[0]
    assert "entry 2: 'title' is missing" in mine.card.limits[1]
    assert counted(mine, TRUE) == {"references": 1, "not_in_index": 1, "closed": 1}


def test_a_list_of_ones_own_is_part_of_who_reads(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("pandascrub\n")
    mine = Packages(packages=str(path), closed=True)
    assert mine.card.digest != Packages().card.digest
    assert counted(mine, "pip install pandascrub numpy") == {"installed": 2, "installed_known": 1, "closed": 1}


def test_what_ships_cannot_be_declared_complete():
    for instrument in (References, Packages):
        with pytest.raises(ValueError, match="open"):
            instrument(closed=True)


def test_an_index_that_is_not_there_is_refused_when_the_instrument_is_opened():
    for instrument in (References(index="nowhere.json"), Packages(packages="nowhere.txt")):
        with pytest.raises(DataError, match="nowhere"):
            _ = instrument.card
