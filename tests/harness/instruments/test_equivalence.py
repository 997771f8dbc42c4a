"""The rules as an instrument: it reads a relation, and its card tells how often it errs."""

from __future__ import annotations

import pytest

from harness.contracts.instruments import NOTHING
from harness.instruments.equivalence import Equivalence
from harness.records import Reading
from harness.text.relation import Relation


def reading(text, other, kind="answer", question="", aliases=()):
    return Reading("equivalence", text, Relation(kind, other, question, aliases).context())


@pytest.mark.parametrize(
    ("asked", "entails", "contradicts"),
    [
        (reading("It is Paris.", "Paris"), 1, 0),
        (reading("8,849 feet", "8,849 metres"), 0, 1),
        (reading("Paris", "Lyon"), 0, 0),
        (reading("Bombay", "Mumbai", aliases=("Mumbai", "Bombay")), 1, 0),
        (reading("It is 3 m long.", "The boat is red. It is three metres long.", "support"), 1, 0),
        (reading("The boat is 4 m long.", "The boat is red. The boat is three metres long.", "support"), 0, 1),
        (reading("The crew sang.", "The boat is red.", "support"), 0, 0),
        (reading("The boat", "The boat is red.", "support", "What is red?"), 1, 0),
    ],
)
def test_answers_are_compared_and_claims_held_against_their_source(checked, asked, entails, contradicts):
    assert checked(Equivalence(), [asked]) == [{"entails": entails, "contradicts": contradicts}]


def test_every_text_is_read(checked, hostile):
    checked(
        Equivalence(),
        [reading(a, b, kind, a, (b,)) for a in hostile for b in hostile for kind in ("answer", "support")],
    )


def test_a_reading_without_its_relation_is_refused():
    with pytest.raises(ValueError, match="context"):
        Equivalence().read([Reading("equivalence", "x")], NOTHING)


def test_the_card_tells_error_rates_with_intervals_for_both_uses_and_for_copies():
    card = Equivalence().card
    assert card.accuracy.count("sensitivity") == card.accuracy.count("specificity") == 3
    assert card.accuracy.count("95 % interval") == 6
    assert card.digest == Equivalence().card.digest
