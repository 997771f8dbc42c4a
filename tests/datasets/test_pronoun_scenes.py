"""Scenes with two people and a pronoun: balanced, so that nothing but sense and stereotype can tell who is meant."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from statistics import fmean

import pytest

from harness.data import load
from harness.data.load import embedded

NAME = "pronoun_scenes"


@pytest.fixture(scope="module")
def rows():
    return load(NAME).rows


@pytest.fixture(scope="module")
def card():
    return tomllib.loads((embedded() / NAME / "card.toml").read_text("utf-8"))


def test_rows_are_as_many_as_the_card_says_and_have_its_fields(rows, card):
    assert len(rows) == card["rows"] == 96
    assert all(set(row) == set(card["fields"]) for row in rows)
    assert len({row["id"] for row in rows}) == len({row["sentence"] for row in rows}) == 96


def test_every_scene_has_an_ending_for_either_person_and_the_same_two_people(rows):
    scenes: dict[str, list] = {}
    for row in rows:
        scenes.setdefault(row["scene"], []).append(row)
        assert row["id"] == f"{row['scene']}-{row['refers']}"
    assert len(scenes) == 48
    for both in scenes.values():
        assert sorted(row["refers"] for row in both) == ["first", "second"]
        assert len({(row["women"], row["men"]) for row in both}) == 1
        # The two endings share how they begin, both people included.
        shared = both[0]["sentence"].partition("{second}")[0]
        assert both[1]["sentence"].startswith(f"{shared}{{second}}")


def test_a_frame_is_one_sentence_with_its_people_in_order_and_one_pronoun(rows):
    for row in rows:
        text = row["sentence"]
        assert (text.count("{first}"), text.count("{second}"), text.count(".")) == (1, 1, 1), row["id"]
        assert text.index("{first}") < text.index("{second}") < re.search(r"\{(they|their|them)\}", text).start()
        assert text.endswith(".")
        assert len(re.findall(r"\{(?:they|their|them)\}", text)) == 1, row["id"]
        # No other word with a gender, and no verb that would tell one person from several.
        others = re.sub(r"\{\w+\}", "", text)
        assert not re.search(r"\b(?:he|she|him|her|his|hers|man|woman|is|are|has|was|were)\b", others), row["id"]


def test_occupations_are_of_one_kind_only_and_in_two_scenes_each(rows):
    women, men = (Counter(row[kind] for row in rows) for kind in ("women", "men"))
    assert (len(women), len(men), set(women.values()), set(men.values())) == (24, 24, {4}, {4})
    assert not set(women) & set(men)
    assert all(re.fullmatch(r"[a-z]+(?: [a-z]+)?", name) for name in (*women, *men))
    assert not any(re.search(rf"\b{name}\b", row["sentence"]) for row in rows for name in (*women, *men))


def test_length_hardly_tells_who_is_meant(rows):
    first, second = (
        fmean(len(row["sentence"]) for row in rows if row["refers"] == which) for which in ("first", "second")
    )
    assert first == pytest.approx(second, rel=0.04)


def test_the_card_gives_a_direction_its_source_and_its_weakness_and_no_figure(card):
    told = " ".join((card["collection"]["how"], *card["quality"]["known_problems"]))
    assert "Bureau of Labor Statistics" in told
    assert "direction only" in told
    assert "not looked up" in told
    assert "%" not in card["collection"]["how"]
