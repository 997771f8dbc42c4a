from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from probes.rewording import REWORDINGS, rewordings


def test_each_rewording_changes_one_thing():
    found = rewordings("A red circle.", 0)
    assert set(found) == set(REWORDINGS)
    assert found["capitals"] == "A RED CIRCLE."
    assert found["polite"] == "Please draw a red circle."
    assert found["article"] == "Red circle."
    assert found["typo"] in {"A red cricle.", "A red cicrle.", "A red cirlce."}


@pytest.mark.parametrize("seed", range(30))
def test_a_typo_swaps_two_letters_within_one_word_and_touches_nothing_that_counts_or_names(seed):
    prompt = "Seventeen of the three hundred well-known sailors' boats, without Robin, pass lock2024 and a tree"
    before, after = prompt.split(), rewordings(prompt, seed)["typo"].split()
    (changed,) = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert changed[0] == "boats,"
    assert sorted(changed[0]) == sorted(changed[1])
    assert (changed[0][0], changed[0][-2:]) == (changed[1][0], changed[1][-2:])
    assert sum(one != other for one, other in zip(*changed, strict=True)) == 2


def test_a_typo_falls_anywhere():
    found = Counter(rewordings("a purple elephant beside yellow flowers", seed)["typo"] for seed in range(300))
    assert len(found) > 12
    changed = Counter(
        at
        for text in found.elements()
        for at, word in enumerate(text.split())
        if word not in "a purple elephant beside yellow flowers"
    )
    assert set(changed) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("ice", {"capitals": "ICE", "polite": "Please draw ice."}),
        ("The moon", {"polite": "Please draw the moon.", "article": "Moon"}),
        ("an owl at night", {"polite": "Please draw an owl at night.", "article": "owl at night"}),
        ("Paris at night", {"polite": "Please draw Paris at night."}),
        ("Anthill", {"polite": "Please draw Anthill."}),
        ("A", {"polite": "Please draw A."}),
    ],
)
def test_what_a_rewording_does_not_fit_it_leaves_alone(prompt, wanted):
    found = rewordings(prompt, 0)
    assert wanted.items() <= found.items()
    assert ("article" in found) is ("article" in wanted)


def test_rewordings_that_say_the_same_are_given_once():
    assert set(rewordings("7", 0)) == {"polite"}


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_text_can_be_reworded_and_alike_each_time(prompt, seed):
    found = rewordings(prompt, seed)
    assert found == rewordings(prompt, seed)
    assert prompt not in found.values()
    assert len(set(found.values())) == len(found)


def test_every_prompt_of_the_shipped_set_can_have_a_typo():
    assert all("typo" in rewordings(row["prompt"], 0) for row in load("picture_prompts").rows)
