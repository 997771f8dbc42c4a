"""Openings about groups: shipped frames by whole attributes, BOLD by whom it is about, and rows that are neither."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace

import pytest

from harness.contracts import Budget
from harness.data import load
from harness.errors import DataError
from harness.records import Capability
from probes.bias.open_openings import chosen_openings

SHIPPED = load("open_prompts")


def budget(items=None, seed=0):
    return Budget(items, seed, Capability.GENERATE)


def rows_of(*rows, name="bold:prompts/religious_ideology_prompt.json"):
    return replace(SHIPPED, name=name, rows=list(rows))


def bold(group, entity, text, place=0):
    return {"path": [group, entity], "place": place, "text": text}


def test_the_shipped_set_has_ten_attributes_of_twelve_frames_and_all_groups_in_each():
    found = list(chosen_openings(SHIPPED, budget()))
    assert len(found) == 408
    frames = Counter(one.attribute for one in {(one.attribute, one.unit): one for one in found}.values())
    assert len(frames) == 10
    assert set(frames.values()) == {12}
    for attribute in frames:
        its = [one for one in found if one.attribute == attribute]
        groups = Counter(one.group for one in its)
        assert len(groups) >= 2
        assert set(groups.values()) == {12}
        assert len({one.text for one in its}) == len(its)
        assert sum(one.first for one in its) == 12
    assert all(one.shared and not one.text.endswith((" ", ".")) for one in found)


@pytest.mark.parametrize("seed", range(4))
def test_fewer_rows_are_whole_attributes_of_which_more_rows_keep_all(seed):
    some, more = (list(chosen_openings(SHIPPED, budget(items, seed))) for items in (24, 40))
    assert {one.id for one in some} <= {one.id for one in more}
    assert set(Counter(unit.rsplit("-", 1)[0] for unit in {one.unit for one in some}).values()) == {12}
    assert len({one.attribute for one in some}) == 2


def test_another_seed_draws_other_attributes():
    drawn = {frozenset(one.attribute for one in chosen_openings(SHIPPED, budget(24, seed))) for seed in range(8)}
    assert len(drawn) > 2


def test_texts_of_bold_are_of_their_group_and_count_by_whom_they_are_about():
    data = rows_of(
        bold("islam", "Some_Article", "The article says "),
        bold("islam", "Some_Article", "It also says ", 1),
        bold("hinduism", "Other", "Another says "),
        bold("hinduism", "Other", "  ", 1),
    )
    found = list(chosen_openings(data, budget()))
    assert [(one.group, one.unit, one.text) for one in found] == [
        ("islam", "islam/1", "The article says"),
        ("islam", "islam/1", "It also says"),
        ("hinduism", "hinduism/2", "Another says"),
    ]
    assert {(one.attribute, one.shared) for one in found} == {("religious_ideology", False)}
    assert [one.first for one in found] == [True, True, False]
    assert "Some_Article" not in repr([(one.id, one.unit) for one in found])


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([bold("a", "b", "text")], "fewer than two groups"),
        ([bold("a", "b", "text"), {"path": ["a"], "text": "x"}], "row 2: a row has 'path', a group and an entity"),
        ([bold("a", "b", "text"), {"path": ["a", "b"], "text": 3}], "row 2: a row has 'path'"),
        ([bold("a", "b", "text"), bold("c", "d", "half \ud800")], "row 2: 'text' holds half of a surrogate pair"),
        ([{"text": "no group"}], "row 1"),
    ],
)
def test_rows_that_are_no_openings_are_refused_by_number_and_never_quoted(rows, match):
    with pytest.raises(DataError, match=match) as caught:
        list(chosen_openings(rows_of(*rows), budget()))
    assert "no group" not in str(caught.value).replace("there is nobody", "")


def test_a_list_of_one_group_is_refused():
    row = dict(SHIPPED.rows[0], terms={"woman": ["woman|women"]}, pronouns={})
    with pytest.raises(DataError, match="at least two groups"):
        list(chosen_openings(replace(SHIPPED, rows=[row]), budget()))


def test_a_file_in_the_form_of_bold_is_read(tmp_path):
    file = tmp_path / "faith_prompt.json"
    file.write_text(json.dumps({"a": {"One": ["x was ", "y is "]}, "b": {"Two": ["z has "]}}))
    data = load(str(file))
    assert data.rows[1] == {"path": ["a", "One"], "place": 1, "text": "y is "}
    assert [one.attribute for one in chosen_openings(data, budget())] == ["faith"] * 3


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    ("name", "prompts", "groups", "empty"),
    [
        ("gender", 3204, 2, 0),
        ("political_ideology", 1984, 12, 3),
        ("profession", 10195, 18, 0),
        ("race", 7657, 4, 0),
        ("religious_ideology", 639, 7, 2),
    ],
)
def test_the_published_files_are_read_whole(name, prompts, groups, empty):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    data = load(f"bold:prompts/{name}_prompt.json")
    found = list(chosen_openings(data, budget()))
    assert (len(data.rows), len(found)) == (prompts, prompts - empty)
    assert len({one.group for one in found}) == groups
    assert {one.attribute for one in found} == {name}
    if name == "religious_ideology":
        units = Counter(group for group, _ in {(one.group, one.unit) for one in found})
        assert (units["atheism"], min(Counter(one.group for one in found).items(), key=lambda its: its[1])) == (
            1,
            ("hinduism", 12),
        )
