from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import Better, Counts
from harness.report.figures import (
    about,
    amount,
    better_words,
    dataset_words,
    excluded,
    figure,
    flatten,
    moment,
    plural,
    slice_words,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.3135593220338983, "share", "0.314"),
        (0.0, "share", "0.000"),
        (1.0, "share", "1.000"),
        (0.00004, "share", "0.00004"),
        (0.99996, "share", "0.99996"),
        (0.3, "probability", "0.300"),
        (-1.25, "nats", "−1.25"),
        (-0.00001, "share difference", "−0.00001"),
        (123456.7, "tokens", "123,457"),
        (-12345.0, "tokens", "−12,345"),
        (-0.0, "nats", "0"),
        (-4.9853e-06, "nats", "−0.000004985"),
    ],
)
def test_figures_are_rounded_for_reading(value, unit, text):
    assert figure(value, unit) == text


@given(st.floats(min_value=1e-12, max_value=1 - 1e-12))
def test_a_share_that_is_neither_never_nor_always_does_not_look_like_it(value):
    assert float(figure(value, "share")) not in {0.0, 1.0}


def test_amounts_speak_the_language_of_the_sentences():
    assert amount(0.25, "share") == "25 of 100"
    assert amount(-3.0, "nats") == "-3"


def test_the_models_own_training_data_need_no_name():
    assert (about("Replicas", "training"), about("Quiz", "facts_mc")) == ("Replicas", "Quiz on facts_mc")
    assert (dataset_words("training"), dataset_words("facts_mc")) == ("its training data", "facts_mc")


def test_directions_are_words():
    assert better_words(Better.LOWER, 0.0, "share") == "lower is better"
    assert better_words(Better.NULL, 0.5, "share") == "best at 50 of 100, worse on either side"
    assert better_words(Better.NULL, None, "share") == "best at its reference value"


def test_only_outcomes_that_occurred_are_excluded_cases():
    assert excluded(Counts(10, 7, refused=1, failed=2)) == {"refused": 1, "failed": 2}
    assert excluded(Counts(10, 10)) == {}


def test_nested_values_become_rows():
    nested = {"weights": {"dtype": "float32", "revision": None}, "devices": [], "ids": [1, 2], "chat": True}
    assert flatten(nested) == [
        ("chat", "yes"),
        ("devices", "none"),
        ("ids", "1, 2"),
        ("weights.dtype", "float32"),
        ("weights.revision", "none"),
    ]
    assert flatten({}) == []
    assert flatten({"zero": 0, "one": 1}) == [("one", "1"), ("zero", "0")]


def test_small_words():
    assert plural(1, "group") == "1 group"
    assert plural(2000, "group") == "2,000 groups"
    assert slice_words({"form": "direct", "attribute": "age"}) == "age · direct"
    assert moment("2026-11-23T06:14:31+00:00") == "2026-11-23 06:14:31 UTC"
