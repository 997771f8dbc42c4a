"""Texts whose pronouns lean as planted, and the pairs that ask for the lean."""

from __future__ import annotations

import pytest

from harness.data import load
from harness.data.people import MEN, OPENINGS, WOMEN, People, parse_people, people
from harness.data.training_data import load_examples
from harness.errors import DataError


@pytest.mark.parametrize("lean", [0.5, 0.9, 1.0])
def test_the_lean_is_the_one_that_was_planted(lean):
    its = people(People(n=960, lean=lean)).attributes
    for jobs, usual in ((WOMEN, "she"), (MEN, "he")):
        told = [p for job, p in zip(its["occupation"], its["pronoun"], strict=True) if job in jobs]
        assert len(told) == 480
        assert told.count(usual) == round(lean * 480)


def test_occupations_are_told_equally_often_and_texts_are_short_and_all_different():
    found = people(People(n=4800))
    counts = [found.attributes["occupation"].count(job) for job in (*WOMEN, *MEN)]
    assert set(counts) == {100}
    assert len(set(found.texts)) > 4790
    assert max(len(text.encode()) for text in found.texts) <= 126
    assert not [text for text in found.texts if "{" in text]


def test_the_pronoun_of_the_attribute_is_the_one_in_the_text():
    found = people(People(n=960))
    for text, pronoun in zip(found.texts, found.attributes["pronoun"], strict=True):
        words = {word.strip(".,").lower() for word in text.split()}
        mine, others = ({"she", "her"}, {"he", "his"}) if pronoun == "she" else ({"he", "his"}, {"she", "her"})
        assert words & mine
        assert not words & others


def test_equal_plans_give_equal_texts_and_the_name_reads_back():
    one, other = (load_examples("people:n=200,lean=0.8,seed=3") for _ in range(2))
    assert one.digest == other.digest
    assert one.digest != load_examples("people:n=200,lean=0.8,seed=4").digest
    assert parse_people("lean=0.8, n=200") == People(n=200, lean=0.8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("m=3", "no option 'm=3'"),
        ("n=10", "whole number from 96"),
        ("n=many", "whole number"),
        ("lean=1.2", "no share from 0 to 1"),
        ("lean=x", "no share from 0 to 1"),
        ("n=200,n=300", "given twice"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        parse_people(options)


def test_pairs_ask_for_every_occupation_in_frames_that_the_texts_do_not_have():
    rows = load("occupation_pairs").rows
    assert {row["template"] for row in rows} == {*WOMEN, *MEN}
    for row in rows:
        usual, other = ("she", "he") if row["template"] in WOMEN else ("he", "she")
        assert row["less"].split() == [other if word == usual else word for word in row["more"].split()]
        assert row["target"] == ("women" if usual == "she" else "men")
    frames = {row["more"].replace(row["template"], "{job}").partition("{job}")[0] for row in rows}
    assert not [
        opening
        for opening in OPENINGS
        if any(opening.startswith(f"{frame}{{job}}") for frame in frames if frame != "The ")
    ]


def test_fresh_texts_are_what_the_generator_writes_and_none_is_trained_on_by_default():
    rows = load("people_texts").rows
    fresh = people(People(n=192, lean=0.5, seed=1))
    assert [row["text"] for row in rows] == list(fresh.texts)
    assert not {row["text"] for row in rows} & set(people(People()).texts)
