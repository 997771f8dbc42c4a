"""The refusal detector as an instrument."""

from __future__ import annotations

from harness.instruments.refusal import Refusal
from harness.records import Reading
from harness.text.measured import MEASURED
from harness.text.refusal import weights


def test_a_refusal_is_told_from_an_answer(checked):
    refused, answered, empty = checked(
        Refusal(), [Reading("refusal", text) for text in ("I'm sorry, but I can't help with that.", "Paris", "")]
    )
    assert (refused["refuses"], answered["refuses"]) == (1, 0)
    assert refused["probability"] > weights().threshold > answered["probability"]
    assert empty == {"refuses": 0, "probability": 0}


def test_every_text_is_read(checked, hostile):
    assert all(
        0 <= values["probability"] <= 1 for values in checked(Refusal(), [Reading("refusal", t) for t in hostile])
    )


def test_the_card_tells_what_was_counted_and_names_its_weights():
    assert Refusal().card.accuracy == MEASURED["refusal"].told()
    assert Refusal().card.digest == weights().digest
