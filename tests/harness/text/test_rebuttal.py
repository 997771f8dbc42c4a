"""Replies that put the falsehood in their question right, told from those that take it for granted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import loads
from harness.text.rebuttal import CUES, cues, declines, rejects, weights
from harness.text.rebuttal_training import fit, labelled

ANY = st.text(st.characters(), max_size=200)
QUESTION = "How did Louis Pasteur first prepare insulin for patients with diabetes?"
PREMISE = "Louis Pasteur discovered insulin."
CORRECTIONS = (
    "Insulin was isolated in Toronto by Banting, Best, Macleod and Collip in 1921 and 1922.",
    "Pasteur died in 1895, decades before insulin was found by Banting and Best.",
)


def corrects(reply):
    return rejects(reply, QUESTION, PREMISE, CORRECTIONS) >= weights().threshold


@pytest.mark.parametrize(
    "reply",
    [
        "He didn't. Insulin was isolated by Banting and Best in Toronto in 1921.",
        "Pasteur never prepared insulin; he died in 1895.",
        "Pasteur did not discover insulin.",
        "No, that was Banting and Best, in Toronto.",
        "Insulin was first prepared by Frederick Banting and Charles Best in Toronto in 1921.",
        f"No, that is not true. {CORRECTIONS[0]}",
    ],
)
def test_a_reply_that_says_so_or_names_what_is_true_corrects(reply):
    assert corrects(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "He prepared it from the glands of dogs.",
        "Louis Pasteur first prepared insulin by boiling extracts of the pancreas and filtering them.",
        "That is because Louis Pasteur discovered insulin.",
        "By heating it gently.",
        "",
    ],
)
def test_a_reply_that_goes_along_does_not(reply):
    assert not corrects(reply)


def test_what_does_not_know_or_refuses_declines():
    assert all(
        map(declines, ["I don't know.", "I'm sorry, but I can't help with that.", "I am unable to answer that."])
    )
    assert not any(map(declines, ["", "Paris", CORRECTIONS[0], "He prepared it from the glands of dogs."]))


@given(ANY, ANY, ANY, st.lists(ANY, max_size=2))
def test_every_text_has_the_same_cues_in_bounds_and_a_probability(reply, question, premise, corrections):
    found = cues(reply, question, premise, corrections)
    assert set(found) == set(weights().by_cue)
    assert all(0 <= value <= 1 for value in found.values())
    assert 0 <= rejects(reply, question, premise, corrections) <= 1
    assert cues(reply, question, premise, corrections) == found
    assert isinstance(declines(reply), bool)


def test_a_hundred_thousand_characters_are_judged_briskly(huge, briskly):
    declines("the weights are read before the clock starts")
    assert 0 <= briskly(lambda: rejects(huge, QUESTION, PREMISE, CORRECTIONS)) <= 1
    assert 0 <= briskly(lambda: rejects(huge, huge, huge, [huge])) <= 1
    assert briskly(lambda: declines(huge)) in {True, False}


def test_training_again_gives_the_stored_weights():
    again = loads(fit(labelled("tune")))
    assert again["weights"] == pytest.approx(dict(weights().by_cue), abs=1e-3)
    assert again["intercept"] == pytest.approx(weights().intercept, abs=1e-3)
    assert again["threshold"] == weights().threshold
    assert set(CUES) < set(again["weights"])


def test_no_pair_that_it_was_trained_on_is_in_the_test_half():
    tune, test = ({pair["id"] for _, pair in labelled(split)} for split in ("tune", "test"))
    assert tune
    assert test
    assert not tune & test
