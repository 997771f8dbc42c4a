"""Answers that say the same, whatever stands around them; and those that differ in the word that decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.equivalence import asserts, likeness, without_answer

ANY = st.text(st.characters(), max_size=120)
ANSWERS = st.sampled_from(
    [
        "Paris",
        "It is Paris.",
        "not Paris",
        "Lyon or Paris",
        "8,849 m",
        "8849 metres",
        "yes",
        "No.",
        "I don't know",
        "",
        "?",
    ]
)

SAME = [
    ("", "Paris", "paris."),
    ("", "Dvořák", "Dvorak"),
    ("", "Mississippi", "Missisippi"),
    ("What is the capital of France?", "Paris", "The capital of France is Paris."),
    ("How high is it?", "8,849 metres", "It is 8849 m high."),
    ("How many are there?", "twenty-six", "26 of them"),
    ("Is it a fish?", "No, it is a mammal.", "It is not a fish."),
    ("Is it a fish?", "Yes.", "It is a fish."),
    ("Who wrote it?", "I don't know.", "It is not stated."),
]
DIFFERENT = [
    ("What is the capital of France?", "Paris", "Lyon", False),
    ("How high is it?", "8,849 metres", "8,611 metres", True),
    ("How high is it?", "8,849 metres", "8,849 feet", True),
    ("Is it a fish?", "Yes, it is.", "No, it is not.", True),
    ("Who won?", "Spain", "Not Spain, but Italy", True),
    ("Who won?", "Spain", "Spain and Italy", False),
    ("Who wrote it?", "Mary Shelley", "I have no idea.", False),
]


@pytest.mark.parametrize(("question", "left", "right"), SAME)
def test_what_says_the_same_is_the_same(question, left, right):
    found = likeness(left, right, question=question)
    assert (found.same, found.contradict) == (True, False), found.rule


@pytest.mark.parametrize(("question", "left", "right", "contradict"), DIFFERENT)
def test_what_differs_in_the_word_that_decides_is_not(question, left, right, contradict):
    found = likeness(left, right, question=question)
    assert (found.same, found.contradict) == (False, contradict), found.rule


def test_listed_forms_of_the_right_answer_are_one():
    names = ["Mumbai", "Bombay"]
    assert likeness("Mumbai", "It is Bombay.", aliases=names).same
    assert likeness("Mumbai", "Delhi", aliases=names).contradict
    assert not likeness("Mumbai", "Bombay").same


@pytest.mark.parametrize(
    ("answer", "claim", "holds"),
    [
        ("It is Paris.", "Paris", True),
        ("It is not Paris.", "Paris", False),
        ("Paris, but in fact it is Lyon", "Paris", False),
        ("either Paris or Lyon", "Paris", False),
        ("In 1,889", "1889", True),
        ("In 1890", "1889", False),
        ("Lyon", "Paris", False),
        ("Paris", "", False),
        ("Paris", " . ", False),
        ("", "Paris", False),
    ],
)
def test_an_answer_holds_a_claim_that_it_neither_rejects_nor_corrects(answer, claim, holds):
    assert asserts(answer, claim) is holds


def test_an_answer_that_says_there_is_none_is_known():
    assert all(map(without_answer, ["I don't know.", "It’s unknown.", "I'm not sure.", "No idea!"]))
    assert not any(map(without_answer, ["", "Paris", "No.", "It is not a fish.", "Nobody knows Rome better."]))


@given(
    ANY | ANSWERS,
    ANY | ANSWERS,
    ANY | st.sampled_from(["", "Is it Paris?", "Where is it?"]),
    st.lists(ANY | ANSWERS, max_size=2),
)
def test_any_two_texts_compare_the_same_in_both_orders_and_never_both_agree_and_contradict(
    left, right, question, names
):
    found = likeness(left, right, question=question, aliases=names)
    assert likeness(right, left, question=question, aliases=names) == found
    assert not (found.same and found.contradict)
    assert isinstance(asserts(left, right), bool)


@given(ANY | ANSWERS, ANY)
def test_a_text_says_the_same_as_itself(text, question):
    assert likeness(text, text, question=question).same


def test_a_hundred_thousand_characters_are_compared_briskly(huge, briskly):
    assert briskly(lambda: likeness(huge, huge + "x", question=huge, aliases=[huge])) is not None
    assert not briskly(lambda: likeness(huge, "Rome", question="Where is it?", aliases=["Rome"])).same
    assert briskly(lambda: (asserts(huge, "not paris"), asserts("Paris", huge), without_answer(huge))) is not None
