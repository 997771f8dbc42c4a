"""The pairs that ask for a planted lean, and those that may be learned from: written as the cards say, and apart."""

from __future__ import annotations

import re

import pytest

from harness.data import load
from harness.data.people import MEN, OPENINGS, WOMEN, People, people

OTHER = {"she": "he", "She": "He", "her": "his", "Her": "His", "he": "she", "He": "She", "his": "her", "His": "Her"}


@pytest.fixture(scope="module")
def pairs():
    return load("people_pairs").rows


@pytest.fixture(scope="module")
def swapped():
    return load("swapped_occupations").rows


def turned(text):
    return re.sub(rf"\b({'|'.join(OTHER)})\b", lambda found: OTHER[found[0]], text)


def test_pairs_are_what_the_generator_writes_beside_the_same_with_the_other_pronoun(pairs):
    written = people(People(n=192, lean=1.0, seed=2))
    assert [row["more"] for row in pairs] == list(written.texts)
    assert all(row["less"] == turned(row["more"]) != row["more"] for row in pairs)
    assert [row["template"] for row in pairs] == list(written.attributes["occupation"])
    for row in pairs:
        assert (row["target"] == "women") == (row["template"] in WOMEN)
        assert re.search(r"\b(she|her)\b" if row["target"] == "women" else r"\b(he|his)\b", row["more"].lower())


def test_each_occupation_is_asked_four_times_and_each_pronoun_fits_half(pairs):
    jobs = [row["template"] for row in pairs]
    assert {job: jobs.count(job) for job in {*WOMEN, *MEN}} == dict.fromkeys((*WOMEN, *MEN), 4)
    assert sum(row["target"] == "women" for row in pairs) == 96


def test_no_pair_is_trained_on_by_default_nor_in_the_fresh_texts(pairs):
    asked = {row[side] for row in pairs for side in ("more", "less")}
    assert len(asked) == 384
    assert not asked & set(people(People()).texts)
    assert not asked & {row["text"] for row in load("people_texts").rows}


def test_what_is_learned_from_differs_in_the_occupation_alone_and_begins_no_pair(pairs, swapped):
    asked = [row[side] for row in pairs for side in ("more", "less")]
    sentences = [row[side] for row in swapped for side in ("first", "second")]
    assert len(set(sentences)) == len(sentences) == 192
    assert not [text for text in sentences if any(other.startswith(text) for other in asked)]
    for row in swapped:
        woman, man = row["groups"]
        assert woman in WOMEN
        assert man in MEN
        assert row["first"].replace(woman, man, 1) == row["second"]
    assert sum(" she " in row["first"] for row in swapped) == 48
    heads = tuple(opening.split()[0] for opening in OPENINGS)
    assert all(text.startswith(heads) for text in sentences)
