"""The detector of corrected premises as an instrument."""

from __future__ import annotations

import pytest

from harness.contracts.instruments import NOTHING
from harness.instruments.rebuttal import Rebuttal
from harness.records import Reading
from harness.text.relation import Premise

PREMISE = Premise(
    "How did Louis Pasteur first prepare insulin?",
    "Louis Pasteur discovered insulin.",
    ("Insulin was isolated in Toronto by Banting and Best in 1921.",),
)


def reading(text, premise=PREMISE):
    return Reading("rebuttal", text, premise.context())


def test_a_reply_rejects_the_premise_declines_or_goes_along(checked):
    found = checked(
        Rebuttal(),
        [
            reading("He didn't: insulin was isolated by Banting and Best in Toronto in 1921."),
            reading("I don't know."),
            reading("He boiled extracts of the pancreas and filtered them."),
        ],
    )
    assert [(one["rejects"], one["declines"]) for one in found] == [(1, 0), (0, 1), (0, 0)]


def test_who_corrects_has_answered_whatever_else_he_does_not_know(checked):
    text = "He did not; Banting and Best isolated it in Toronto in 1921. I don't know how they prepared it."
    (found,) = checked(Rebuttal(), [reading(text)])
    assert (found["rejects"], found["declines"]) == (1, 0)


def test_every_text_is_read(checked, hostile):
    checked(Rebuttal(), [reading(a, Premise(b, a, (b, a))) for a in hostile for b in hostile])


def test_a_reading_without_its_premise_is_refused():
    with pytest.raises(ValueError, match="context"):
        Rebuttal().read([Reading("rebuttal", "x")], NOTHING)


def test_the_card_tells_both_error_rates():
    assert Rebuttal().card.accuracy.count("sensitivity") == 2
