from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.discoverable import is_discoverable, queries
from harness.stats.rates import proportion


@pytest.mark.parametrize(
    ("probability", "confidence", "n"), [(0.01, 0.5, 69), (0.001, 0.9, 2302), (0.1, 0.99, 44), (0.5, 0.5, 1)]
)
def test_the_number_of_queries_is_exact(probability, confidence, n):
    assert queries(log(probability), confidence) == n
    assert is_discoverable(log(probability), samples=n, confidence=confidence)
    assert n == 1 or not is_discoverable(log(probability), samples=n - 1, confidence=confidence)


def test_a_certain_text_needs_one_query_and_an_impossible_one_is_never_had():
    assert queries(0.0, 0.99) == 1
    assert is_discoverable(0.0, samples=1, confidence=0.99)
    assert queries(-5000.0, 0.5) == inf
    assert queries(-inf, 0.5) == inf
    assert not is_discoverable(-inf, samples=10**18, confidence=0.5)


def test_probabilities_too_small_to_write_down_are_still_compared():
    # p = e^-40: 0.6931 e^40 queries for an even chance; one minus p is 1 in floating point.
    assert queries(-40.0, 0.5) == pytest.approx(log(2) * exp(40), rel=1e-9)


@given(st.floats(-200, -1e-9), st.floats(0.01, 0.99), st.integers(1, 10**9))
def test_both_forms_agree(log_probability, confidence, samples):
    needed = queries(log_probability, confidence)
    if abs(needed - samples) > 1:
        assert is_discoverable(log_probability, samples=samples, confidence=confidence) == (needed <= samples)


def test_samples_of_a_toy_model_hit_as_often_as_it_says():
    random = np.random.default_rng(0)
    probabilities = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    text = [0, 2, 1]  # of five tokens, drawn independently
    log_probability = float(np.log(probabilities[text]).sum())
    drawn = random.choice(5, size=(20_000, 3), p=probabilities)
    hits = int((drawn == text).all(axis=1).sum())
    interval = proportion(hits, 20_000, method="clopper-pearson")
    assert interval.low <= exp(log_probability) <= interval.high
    n = int(queries(log_probability, 0.9))
    tries = (drawn[: 20_000 // n * n] == text).all(axis=1).reshape(-1, n).any(axis=1)
    found = proportion(int(tries.sum()), len(tries), confidence=0.999)
    assert found.low <= 0.9 <= found.high


@pytest.mark.parametrize(("log_probability", "confidence"), [(0.1, 0.5), (-1.0, 0.0), (-1.0, 1.0), (float("nan"), 0.5)])
def test_what_is_no_probability_is_refused(log_probability, confidence):
    with pytest.raises(ValueError, match="log p"):
        queries(log_probability, confidence)
    with pytest.raises(ValueError, match="samples"):
        is_discoverable(-1.0, samples=0, confidence=0.5)
