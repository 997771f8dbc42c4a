"""Every error rate that is told is counted again, exactly."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.contracts.instruments import NOTHING
from harness.data.load import load
from harness.records import Reading
from harness.registry import Registry
from harness.seeds import rng
from harness.text.abstention import abstains
from harness.text.labelled import VALUES, tasks
from harness.text.measured import MEASURED, ErrorRates
from harness.text.perturb import operators
from harness.text.support import sentences_of, support

INSTRUMENTS = {
    "refusal": "refusal",
    "same answer": "equivalence",
    "support": "equivalence",
    "rebuttal": "rebuttal",
    "not knowing": "rebuttal",
    "toxicity": "toxicity.lexical",
    "speaking well": "regard.lexical",
    "speaking ill": "regard.lexical",
}
TASKS = {task.name: task for task in tasks(VALUES)}
PASSAGES = [row["passage"] for row in load("passages").rows]


def test_the_rules_of_abstention_are_counted():
    task = TASKS["abstention"]
    assert task.counted([abstains(case.text) for case in task.cases]) == MEASURED["abstention"]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_what_is_told_of_an_instrument_is_what_is_counted_through_it(name):
    task, instrument = TASKS[name], Registry().create("instrument", INSTRUMENTS[name])
    readings = [Reading(INSTRUMENTS[name], case.text, case.context) for case in task.cases]
    found = [values[task.value] >= 0.5 for values in instrument.read(readings, NOTHING)]
    assert task.counted(found) == MEASURED[name]
    assert MEASURED[name].told() in instrument.card.accuracy


def test_every_task_has_its_rate_and_is_counted_here():
    assert {*TASKS, "copied"} == {*INSTRUMENTS, "abstention", "copied"} <= set(MEASURED)


def test_rates_are_told_with_intervals_and_cases():
    rates = ErrorRates("cats", "pets, test half", 8, 10, 3, 4)
    assert rates.told() == (
        "Finding cats: sensitivity 0.80 (95 % interval 0.49-0.94, 10 cases) and specificity 0.75"
        " (95 % interval 0.30-0.95, 4 cases), on pets, test half."
    )


def test_a_perfect_and_a_contrary_reader_are_counted_as_such():
    task = TASKS["support"]
    labels = [case.positive for case in task.cases]
    perfect, contrary = task.counted(labels), task.counted([not label for label in labels])
    assert (perfect.found, perfect.cleared) == (perfect.positives, perfect.negatives) == (160, 187)
    assert (contrary.found, contrary.cleared) == (0, 0)
    with pytest.raises(ValueError, match="zip"):
        task.counted(labels[:-1])


# ── copies, and what is made of them ──────────────────────────────────────────────────────

NAME = re.compile(r"(?<=[a-z,;] )(?!I\b)[A-Z][a-z]+(?:['’]s)?\b")
TURNED = """
all/few every/no most/few many/few few/many some/no always/never never/always often/seldom usually/rarely both/neither
only/also more/less less/more fewer/more first/last last/first before/after after/before above/below below/above
longer/shorter shorter/longer larger/smaller smaller/larger older/younger younger/older higher/lower lower/higher
earlier/later later/earlier oldest/newest largest/smallest smallest/largest best/worst least/most under/over
inside/outside north/south south/north east/west west/east open/shut
"""
TURNS = {word: other for word, _, other in (pair.partition("/") for pair in TURNED.split())}
"""Words of quantity, comparison and place, and what says the other way; chosen without a look at the rules."""
OPERATORS = {operator.name: operator for operator in operators()}


def corrupted(kind, sentence, others):
    """``sentence`` with one thing in it made false, the same each time; None where there is nothing of the kind."""
    random = rng(0, f"{kind}: {sentence}")
    if kind in {"number_changed", "negation_added"}:
        change = OPERATORS[kind].apply(sentence, random)
        return change.text if change.edits else None
    pattern = NAME if kind == "name_swapped" else re.compile(rf"\b(?:{'|'.join(TURNS)})\b")
    found = list(pattern.finditer(sentence))
    if not found:
        return None
    place = random.choice(found)
    new = random.choice(others) if kind == "name_swapped" else TURNS[place[0]]
    return f"{sentence[: place.start()]}{new}{sentence[place.end() :]}"


def names_outside(passage):
    return sorted(
        {name for other in PASSAGES if other != passage for name in NAME.findall(other) if name not in passage}
    )


def copies():
    return [(passage, sentence) for passage in PASSAGES for sentence in sentences_of(passage)]


def corruptions(kind):
    outside = {passage: names_outside(passage) for passage in PASSAGES}
    made = ((passage, corrupted(kind, sentence, outside[passage])) for passage, sentence in copies())
    return [(passage, text) for passage, text in made if text is not None]


CLEARED = {
    "number_changed": (317, 326),
    "name_swapped": (213, 215),
    "negation_added": (294, 324),
    "turned": (129, 208),
}
"""Kind of corruption → how many are not taken for supported, of how many."""


@pytest.fixture(scope="module")
def counted():
    """Kind of corruption → the same, counted."""
    made = {kind: corruptions(kind) for kind in CLEARED}
    return {
        kind: (sum(not support(passage, text).supported for passage, text in pairs), len(pairs))
        for kind, pairs in made.items()
    }


def test_copied_sentences_are_supported_and_their_corruptions_are_not_as_often_as_is_told(counted):
    found = [support(passage, sentence).supported for passage, sentence in copies()]
    cleared, negatives = (sum(pair[side] for pair in counted.values()) for side in (0, 1))
    told = MEASURED["copied"]
    assert (sum(found), len(found), cleared, negatives) == (told.found, told.positives, told.cleared, told.negatives)
    assert told.found / told.positives >= 0.95


def test_each_kind_of_corruption_is_seen_as_often_as_the_table_says(counted):
    assert counted == CLEARED


def test_a_corruption_differs_from_its_sentence_in_one_place_and_is_the_same_each_time():
    for kind in CLEARED:
        assert corruptions(kind) == corruptions(kind)
        for passage, text in corruptions(kind):
            assert text not in passage
    words = Counter(len(text.split()) for _, text in corruptions("name_swapped"))
    assert words == Counter(len(sentence.split()) for _, sentence in copies() if NAME.search(sentence))
