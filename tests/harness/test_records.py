from __future__ import annotations

import math

import pytest

from harness.records import (
    Better,
    Counts,
    Estimate,
    GenerateAsk,
    Interval,
    Metric,
    Outcome,
    Score,
    ScoreAsk,
)

COUNTS = Counts(10, 9, refused=1)
INTERVAL = Interval(0.5, 0.4, 0.6, 0.95, 9, "wilson")
METRIC = Metric("f.p/m", "Title", "it happened", "share", "items", Better.LOWER, 0.5)


@pytest.mark.parametrize("missing", ["interval", "n_unit", "unit", "better", "counts"])
def test_an_estimate_cannot_be_made_without(missing):
    whole = {
        "metric": "a/b",
        "interval": INTERVAL,
        "n_unit": "items",
        "unit": "share",
        "better": Better.LOWER,
        "counts": COUNTS,
    }
    del whole[missing]
    with pytest.raises(TypeError, match=missing):
        Estimate(**whole)


@pytest.mark.parametrize("missing", ["value", "low", "high", "confidence", "n", "method"])
def test_an_interval_cannot_be_made_without(missing):
    whole = {"value": 0.5, "low": 0.4, "high": 0.6, "confidence": 0.95, "n": 9, "method": "wilson"}
    del whole[missing]
    with pytest.raises(TypeError, match=missing):
        Interval(**whole)


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": math.nan},
        {"high": math.inf},
        {"low": 0.55},
        {"high": 0.45},
        {"confidence": 1.0},
        {"n": 0},
        {"method": ""},
    ],
)
def test_an_interval_that_means_nothing_is_refused(wrong):
    whole = {"value": 0.5, "low": 0.4, "high": 0.6, "confidence": 0.95, "n": 9, "method": "wilson"}
    with pytest.raises(ValueError, match="an interval"):
        Interval(**(whole | wrong))


@pytest.mark.parametrize("name", ["metric", "n_unit", "unit"])
def test_an_estimate_names_what_it_is(name):
    whole = {
        "metric": "a/b",
        "interval": INTERVAL,
        "n_unit": "items",
        "unit": "share",
        "better": Better.LOWER,
        "counts": COUNTS,
    }
    with pytest.raises(ValueError, match="names its metric"):
        Estimate(**(whole | {name: ""}))


def test_a_metric_makes_estimates_in_its_own_name():
    estimate = METRIC.estimate(INTERVAL, COUNTS, slice={"topic": "x"}, null=0.2)
    assert (estimate.metric, estimate.null, estimate.slice) == ("f.p/m", 0.2, {"topic": "x"})
    assert METRIC.estimate(INTERVAL, COUNTS).null == 0.5


def test_denominators_add_up_or_are_refused():
    with pytest.raises(ValueError, match="add up to 9"):
        Counts(10, 9)
    with pytest.raises(ValueError, match="add up"):
        Counts(10, 11, failed=-1)


def test_a_score_has_values_exactly_when_it_is_scored():
    with pytest.raises(ValueError, match="exactly when"):
        Score(Outcome.SCORED)
    with pytest.raises(ValueError, match="exactly when"):
        Score(Outcome.UNREADABLE, {"correct": 0.0})
    with pytest.raises(ValueError, match="finite"):
        Score(Outcome.SCORED, {"correct": math.nan})


def test_asks_that_cannot_be_answered_are_refused():
    with pytest.raises(ValueError, match="at least one continuation"):
        ScoreAsk("x", ())
    with pytest.raises(ValueError, match="none of them empty"):
        ScoreAsk("x", ("a", ""))
    for wrong in ({"max_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}):
        with pytest.raises(ValueError, match="max_tokens"):
            GenerateAsk("x", **wrong)
