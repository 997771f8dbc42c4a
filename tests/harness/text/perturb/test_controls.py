from __future__ import annotations

from random import Random

import pytest

from harness.text.perturb import OPERATORS, preserves_label
from harness.text.perturb.lexicon import ANTONYMS, DIRECTIONS, ENTITIES


def made(name, text):
    changes = [OPERATORS[name].apply(text, Random(seed)) for seed in range(60)]
    return {change.text for change in changes if change.changed}


@pytest.mark.parametrize(
    ("affirmed", "denied"),
    [
        ("Cats are mammals.", "Cats are not mammals."),
        ("The Sun was shining.", "The Sun was not shining."),
        ("It can swim.", "It cannot swim."),
        ("You must leave.", "You must not leave."),
        ("They may stay.", "They may not stay."),
        ("He has a dog.", "He does not have a dog."),
        ("They have two dogs.", "They do not have two dogs."),
        ("She had the key.", "She did not have the key."),
        ("He has often slept here.", "He has often slept here."),
        ("He has often been here.", "He has not often been here."),
        ("They do the work.", "They do not do the work."),
        ("Why are cats furry?", "Why aren't cats furry?"),
        ("What will happen?", "What won't happen?"),
        ("What can a cat do?", "What can't a cat do?"),
        ("Is the sky blue?", "Isn't the sky blue?"),
        ("Does he know?", "Doesn't he know?"),
        ("Which planet has the most moons?", "Which planet does not have the most moons?"),
        ("What has research found?", "What hasn't research found?"),
        ("If it is wet, what do cats do?", "If it is not wet, what do cats do?"),
        ("How tall is the tower?", "How tall is the tower?"),
        ("Why may he leave?", "Why may he leave?"),
        ('He said "it is so" to them.', 'He said "it is so" to them.'),
        ("Cats purr.", "Cats purr."),
    ],
)
def test_a_verb_is_denied_in_correct_english_or_left_alone(affirmed, denied):
    assert made("negation_added", affirmed) == ({denied} if denied != affirmed else set())


@pytest.mark.parametrize(
    ("denied", "affirmed"),
    [
        ("Cats are not fish.", "Cats are fish."),
        ("It cannot swim.", "It can swim."),
        ("He won’t go.", "He will go."),
        ("Why don't cats bark?", "Why do cats bark?"),
        ("He has never been here.", "He has been here."),
        ("The drug has no effect.", "The drug has some effect."),
        ("There is no longer any.", "There is no longer any."),
        ("Cats purr.", "Cats purr."),
    ],
)
def test_a_denial_is_taken_out(denied, affirmed):
    assert made("negation_removed", denied) == ({affirmed} if denied != affirmed else set())


def test_a_denied_text_is_affirmed_again():
    for text in ("Cats are mammals.", "It can swim.", "What will happen?", "Why do cats purr?"):
        (denied,) = made("negation_added", text)
        assert made("negation_removed", denied) == {text}


def test_a_number_becomes_another_everywhere_it_stands():
    assert made("number_changed", "two of two cats") == {
        f"{word} of {word} cats"
        for word in [
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    }
    assert made("number_changed", "in 1980") == {f"in 19{digit}0" for digit in "12345679"}
    assert made("number_changed", "p of 0.03") == {f"p of 0.0{digit}" for digit in "12456789"}
    assert made("number_changed", 'say "7" to one of them') == set()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the largest city", {"the smallest city"}),
        ("an older tree", {"a younger tree"}),
        ("The first voyage", {"The last voyage"}),
        ("It lasts; at first, first aid helps to last", set()),
        ("more than a year", {"less than a year"}),
        ("for more years", {"for fewer years"}),
        ("no more, and no longer", set()),
        ("Most of the ground", set()),
        ("the most people", {"the fewest people"}),
        ("the most common bird", {"the least common bird"}),
        ("at least a day", {"at most a day"}),
        ("What are they named after?", set()),
        ("more or fewer cats above a hill", {"more or more cats above a hill", "more or fewer cats below a hill"}),
    ],
)
def test_a_comparison_or_direction_is_turned_round(text, wanted):
    assert made("antonym_swap", text) == wanted


def test_every_antonym_is_a_direction():
    assert set(ANTONYMS) | set(ANTONYMS.values()) <= DIRECTIONS
    assert all(word != other for word, other in ANTONYMS.items())


def test_a_name_becomes_another_of_its_kind_that_is_not_there():
    found = made("entity_swap", "Is Rome's mayor from Oslo?")
    assert "Is Rome's mayor from Oslo?" not in found
    assert "Is Paris's mayor from Oslo?" in found
    assert not any(text.count("Oslo") == 2 or text.count("Rome") == 2 for text in found)
    assert made("entity_swap", "a Roman road") == {"a Greek road"}
    assert all(len(set(kind)) == len(kind) > 1 for kind in ENTITIES)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who built the pyramids?", "Why is it that nobody built the pyramids?"),
        ("Which planet has the hottest surface?", "Why is it that no planet has the hottest surface?"),
        ("Which of these is a berry?", "Why is it that none of these is a berry?"),
        ("What causes rainbows to appear?", "Why is it that nothing causes rainbows to appear?"),
        ("What is the capital of Peru?", "Why is there no such thing as the capital of Peru?"),
        ("Which planet is the Moon orbiting?", None),
        ("Who did the king see?", None),
        ("Cats purr.", None),
    ],
)
def test_a_question_takes_for_granted_that_there_is_no_answer(question, wanted):
    assert made("false_premise", question) == ({wanted} if wanted else set())
    if wanted:
        assert preserves_label(question, wanted).failed[0] == "negation"
