from __future__ import annotations

from random import Random

import pytest

from harness.text.perturb import OPERATORS, preserves_label
from harness.text.perturb.meaning import wordings
from harness.text.perturb.templates import ASKED, CLEFTS, SPECIFIC

REWORDED = [
    ("Who wrote Hamlet?", "Name the author of Hamlet."),
    ("Who painted the Mona Lisa?", "Name the painter of the Mona Lisa."),
    ("Who invented the telephone?", "Name the inventor of the telephone."),
    ("Who discovered penicillin?", "Tell me who discovered penicillin."),
    ("Who discovered the electron?", "Name the discoverer of the electron."),
    ("By whom was Middlemarch written?", "Who wrote Middlemarch?"),
    ("By whom was Guernica painted?", "Who painted Guernica?"),
    ("Who was the first person to walk on the Moon?", "Name the first person to walk on the Moon."),
    ("What is the capital of Peru?", "Name the capital of Peru."),
    ("What is the boiling point of water?", "Tell me what the boiling point of water is."),
    ("What is the boiling point of water?", "State the boiling point of water."),
    ("What was a vomitorium?", "Tell me what a vomitorium was."),
    ("When was Marie Curie born?", "What is the date of birth of Marie Curie?"),
    ("When was Marie Curie born?", "Tell me when Marie Curie was born."),
    ("Where was Ada Lovelace born?", "Name the birthplace of Ada Lovelace."),
    ("When did Ludwig van Beethoven die?", "What is the date of death of Ludwig van Beethoven?"),
    ("Where did Magellan die?", "Name the place of death of Magellan."),
    ("How old is the universe?", "What is the age of the universe?"),
    ("How tall is the Eiffel Tower?", "What is the height of the Eiffel Tower?"),
    ("How deep is Lake Baikal?", "What is the depth of Lake Baikal?"),
    ("How far is Rome from Oslo?", "What is the distance from Rome to Oslo?"),
    ("How many states are there in Brazil?", "What is the number of states in Brazil?"),
    ("How much does a new bus cost?", "What is the price of a new bus?"),
    ("How much does an elephant weigh?", "What is the weight of an elephant?"),
    ("What does the word moot mean?", "What is the meaning of the word moot?"),
    ("What does the word moot mean?", "Tell me what the word moot means."),
    ("What is the meaning of the word moot?", "What does the word moot mean?"),
    ("What does NASA stand for?", "Tell me what NASA stands for."),
    ("What is a female fox called?", "What is the name of a female fox?"),
    ("What is the name of the longest bone?", "What is the longest bone called?"),
    ("What colour is the sky?", "What is the colour of the sky?"),
    ("What is the difference between frogs and toads?", "How do frogs and toads differ?"),
    ("How do frogs and toads differ?", "What is the difference between frogs and toads?"),
    ("Which city is the seat of the court?", "Name the city that is the seat of the court."),
    ("Which of these is a berry?", "Tell me which of these is a berry."),
    ("What causes rainbows to appear?", "Tell me what causes rainbows to appear."),
    ("Who built the pyramids?", "Tell me who built the pyramids."),
    ("Who was in command at sea?", "Tell me who was in command at sea."),
    ("Why do cats purr?", "Tell me why cats purr."),
    ("During which hours do owls hunt?", "Tell me during which hours owls hunt."),
    ("How fast do sound waves travel?", "Tell me how fast sound waves travel."),
    ("What must you do after a bite?", "Tell me what you must do after a bite."),
    ("How cold must it be?", "Tell me how cold it must be."),
    ("Where is it found?", "Tell me where it is found."),
    ("Is it true that bats are blind?", "Tell me whether it is true that bats are blind."),
    ("Are there wolves in Spain?", "Tell me whether there are wolves in Spain."),
    ("Do bats sleep in winter?", "Tell me whether bats sleep in winter."),
    ("Can you get warts from toads?", "Tell me whether you can get warts from toads."),
]


@pytest.mark.parametrize(("question", "wanted"), REWORDED)
def test_a_question_is_asked_in_other_words(question, wanted):
    assert wanted in wordings(question)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in (*SPECIFIC, *ASKED)], ids=lambda one: one.pattern[:30])
def test_every_wording_of_every_template_passes_the_check(pattern):
    met = [question for question, _ in REWORDED if pattern.fullmatch(question)]
    for question in met:
        assert all(preserves_label(question, other).passed for other in wordings(question))


def test_there_are_many_templates():
    assert len(SPECIFIC) + len(ASKED) >= 30
    met = [
        pattern for pattern, _ in (*SPECIFIC, *ASKED) if any(pattern.fullmatch(question) for question, _ in REWORDED)
    ]
    assert len(met) >= 30


@pytest.mark.parametrize(
    "question",
    [
        "What is typical of schizophrenia?",
        "What is a typical person under hypnosis like?",
        "What are the bubbles in boiling water made of?",
        "What is the dog doing?",
        "What are the Geneva Conventions chiefly about?",
        "Which planet is the Moon orbiting?",
        "Which book has the boy written?",
        "Who did the king see?",
        "Who can the king see?",
        "Why do cats not bark?",
        "How should someone with a nosebleed hold their head?",
        "What can you and I do?",
        "Two cats sleep. What do they want?",
    ],
)
def test_where_english_is_not_plain_the_question_itself_stays_whole(question):
    assert [other for other in wordings(question) if not other.endswith(question)] == []


def test_what_was_written_has_an_author_and_a_place_has_none():
    assert not any(other.startswith("Name") for other in wordings("Who wrote in the margin?"))


def test_what_is_no_question_has_no_paraphrase():
    assert wordings("A red fox in the snow") == []
    assert not OPERATORS["paraphrase"].apply("Cats purr.", Random(0)).changed


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("Rome is the capital of Italy.", "It is Rome that is the capital of Italy."),
        ("The Nile is the longest river in Africa.", "It is the Nile that is the longest river in Africa."),
        ("It was Marie Curie who discovered radium.", "Marie Curie discovered radium."),
        ("Marie Curie discovered the element radium.", "It was Marie Curie who discovered the element radium."),
        ("Cats purr.", "Cats purr."),
    ],
)
def test_statements_and_their_clefts_stand_for_each_other(statement, wanted):
    assert OPERATORS["cleft"].apply(statement, Random(0)).text == wanted
    assert preserves_label(statement, wanted).passed
    assert len(CLEFTS) == 3
