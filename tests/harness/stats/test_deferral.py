"""Deferral: a certified bound on the risk of what is answered, broken no more often than it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.deferral import GRID, certify, fewest_for, most_errors
from harness.stats.rates import proportion

ANSWERS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=1, max_size=150)


@pytest.mark.parametrize(
    ("n", "alpha", "delta", "errors"),
    [(100, 0.1, 0.1, 5), (200, 0.1, 0.1, 14), (500, 0.1, 0.05, 38), (100, 0.05, 0.05, 1), (1000, 0.05, 0.05, 38)],
)
def test_as_many_errors_are_allowed_as_in_the_worked_examples(n, alpha, delta, errors):
    assert most_errors(n, alpha, delta) == errors
    for wrong, passes in ((errors, True), (errors + 1, False)):
        labels = [1] * wrong + [0] * (n - wrong)
        found = certify([1.0] * n, labels, alpha=alpha, delta=delta)
        assert (found.threshold == 1.0) is passes
        assert found.looked_at == 1


def test_too_few_answers_certify_nothing():
    assert fewest_for(0.1, 0.1) == 22
    assert (most_errors(21, 0.1, 0.1), most_errors(22, 0.1, 0.1)) == (None, 0)
    found = certify(range(21), [0] * 21, alpha=0.1, delta=0.1)
    assert (found.threshold, found.looked_at, found.coverage.value) == (None, 0, 0.0)


def test_the_walk_ends_at_the_first_threshold_that_fails():
    # Of 100 sure answers none is wrong, of the next 30 all are, and the rest are right again.
    wrong = [0] * 100 + [1] * 30 + [0] * 870
    found = certify(range(1000, 0, -1), wrong, alpha=0.1, delta=0.1)
    allowed = max(k for k in range(30) if most_errors(100 + k, 0.1, 0.1) >= k)
    assert 901 - allowed <= found.threshold <= 901
    assert found.coverage.value < 0.11
    assert found.looked_at < GRID / 5
    assert found.errors <= allowed


def test_thresholds_are_at_most_a_hundred_with_the_first_and_the_last_among_them():
    found = certify(np.random.default_rng(0).random(5000), [0] * 5000, alpha=0.1, delta=0.1)
    assert found.looked_at == GRID
    assert found.coverage == proportion(5000, 5000)
    assert (found.n, found.errors, found.alpha, found.delta) == (5000, 0, 0.1, 0.1)


@given(ANSWERS, st.floats(0.05, 0.5), st.floats(0.05, 0.5))
def test_a_certificate_keeps_to_the_errors_allowed_and_never_parts_ties(pairs, alpha, delta):
    sure, wrong = np.array([its for its, _ in pairs], float), np.array([its for _, its in pairs])
    found = certify(sure, wrong, alpha=alpha, delta=delta)
    given_ = np.array(found.answers(sure))
    assert found.errors == wrong[given_].sum()
    assert found.coverage.value == pytest.approx(given_.mean())
    if found.threshold is not None:
        assert found.threshold in sure
        assert found.errors <= most_errors(int(given_.sum()), alpha, delta)


@given(ANSWERS, st.randoms())
def test_the_order_of_answers_makes_no_difference(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = (certify(*zip(*its, strict=True), alpha=0.3, delta=0.3) for its in (pairs, shuffled))
    assert one == other


def test_a_later_start_forgives_an_error_among_the_surest():
    wrong = [1] + [0] * 99
    assert certify(range(100, 0, -1), wrong, alpha=0.1, delta=0.1).threshold is None
    assert certify(range(100, 0, -1), wrong, alpha=0.1, delta=0.1, fewest=50).threshold == 1.0


def test_on_other_answers_coverage_and_risk_stand_beside_each_other():
    found = certify([1.0] * 60 + [0.0] * 40, [0] * 60 + [1] * 40, alpha=0.1, delta=0.1)
    assert found.threshold == 1.0
    fresh = found.outcome([1.0, 2.0, 0.5, 0.0], [0, 1, 1, 1])
    assert fresh.coverage == proportion(2, 4)
    assert fresh.risk == proportion(1, 2, method="clopper-pearson")
    assert found.answers([1.0, 0.99]) == [True, False]
    assert found.outcome([0.5], [0]).risk is None


def test_where_nothing_is_certified_everything_is_deferred():
    found = certify(range(100), [1] * 100, alpha=0.1, delta=0.1)
    assert (found.threshold, found.looked_at, found.errors) == (None, 1, 0)
    assert found.coverage.method == "nothing certified"
    assert found.answers([1e9, 5.0]) == [False, False]
    assert found.outcome([1e9], [0]).risk is None


def test_permuted_labels_certify_nothing():
    rng = np.random.default_rng(0)
    wrong = rng.random(500) < 0.4
    found = [certify(rng.random(500), rng.permutation(wrong), alpha=0.1, delta=0.1).threshold for _ in range(200)]
    assert found == [None] * 200


def test_what_is_no_risk_or_no_label_is_refused():
    with pytest.raises(ValueError, match="alpha and delta lie in"):
        certify([1.0], [0], alpha=0.0)
    with pytest.raises(ValueError, match="one label"):
        certify([1.0], [2], alpha=0.1)
    with pytest.raises(ValueError, match="at least one answer"):
        most_errors(0, 0.1, 0.1)


STEPS = 100_000
RISKS = {
    "falls as confidence rises": lambda sure: 0.6 * (1 - sure),
    "is just too large everywhere": lambda sure: 0.1001 + 0 * sure,
    "is small and then too large": lambda sure: np.where(sure > 0.6, 0.04, 0.4),
    "is largest where the model is surest": lambda sure: np.where(sure > 0.95, 0.15, 0.08),
    "rises in the middle": lambda sure: np.where((sure > 0.4) & (sure < 0.7), 0.3, 0.02),
}


@pytest.mark.slow
@pytest.mark.parametrize("fewest", [None, 80])
@pytest.mark.parametrize("risk", RISKS)
def test_the_bound_breaks_no_more_often_than_it_says(risk, fewest):
    rng, runs, delta = np.random.default_rng(0), 2000, 0.1
    at = RISKS[risk]((np.arange(STEPS) + 0.5)[::-1] / STEPS)
    among = at.cumsum() / np.arange(1, STEPS + 1)  # true risk of answering the surest share
    broken = held = certified = 0
    for _ in range(runs):
        sure = rng.random(300)
        wrong = (rng.random(300) < RISKS[risk](sure)).astype(int)
        found = certify(sure, wrong, alpha=0.1, delta=delta, fewest=fewest)
        if found.threshold is not None:
            certified += 1
            broken += among[int((1 - found.threshold) * STEPS) - 1] > 0.1
            held += found.coverage.low <= 1 - found.threshold <= found.coverage.high
    assert broken / runs <= delta + 3 * np.sqrt(delta * (1 - delta) / runs)
    assert certified < 100 or held / certified >= 0.88
