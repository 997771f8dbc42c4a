from __future__ import annotations

from math import erfc, exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.privacy.distinguishing import (
    Errors,
    auc,
    epsilon_bound,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_epsilon_bound,
    mu_bound,
    tpr_at_fpr,
)


@pytest.mark.parametrize(("models", "bound"), [(100, 3.281), (500, 4.906), (1000, 5.601), (5000, 7.212)])
def test_a_perfect_attack_shows_no_more_than_its_number_of_models_allows(models, bound):
    perfect = Errors(0, models, 0, models)
    assert epsilon_bound(perfect, delta=1e-5) == pytest.approx(bound, abs=1e-3)


def test_the_upper_bounds_are_clopper_pearsons_at_half_the_error_each():
    # 1 - 0.025^(1/100) for none of 100, and the whole range for all of them.
    assert Errors(0, 100, 100, 100).upper(confidence=0.95) == (pytest.approx(1 - 0.025**0.01, rel=1e-9), 1.0)
    low, high = Errors(3, 50, 7, 60).upper(confidence=0.9)
    assert low == pytest.approx(stats.binomtest(3, 50).proportion_ci(0.9, method="exact").high, rel=1e-9)
    assert high == pytest.approx(stats.binomtest(7, 60).proportion_ci(0.9, method="exact").high, rel=1e-9)


def test_either_form_of_the_bound_counts():
    # Few false positives and many false negatives, and the other way round.
    cautious, eager = Errors(0, 1000, 700, 1000), Errors(700, 1000, 0, 1000)
    assert epsilon_bound(cautious, delta=1e-5) == epsilon_bound(eager, delta=1e-5) > 3


def test_guessing_refutes_nothing():
    assert epsilon_bound(Errors(50, 100, 50, 100), delta=1e-5) == 0.0
    assert epsilon_bound(Errors(100, 100, 100, 100), delta=1e-5) == 0.0
    assert mu_bound(Errors(50, 100, 50, 100)) == 0.0
    assert gaussian_epsilon_bound(Errors(100, 100, 0, 100), delta=1e-5) == 0.0


def test_counts_and_levels_out_of_range_are_refused():
    with pytest.raises(ValueError, match="both worlds"):
        Errors(0, 0, 0, 10)
    with pytest.raises(ValueError, match="mistakes"):
        Errors(11, 10, 0, 10)
    with pytest.raises(ValueError, match="confidence"):
        epsilon_bound(Errors(0, 10, 0, 10), delta=0.0, confidence=1.0)
    with pytest.raises(ValueError, match="delta"):
        gaussian_epsilon(mu=1.0, delta=0.0)
    with pytest.raises(ValueError, match="mu is positive"):
        gaussian_delta(mu=0.0, epsilon=1.0)
    with pytest.raises(ValueError, match="false-positive rate"):
        tpr_at_fpr(1.0, fpr=0.0)


@pytest.mark.parametrize(("mu", "epsilon"), [(0.5, 1.993), (1.0, 4.3772), (2.0, 9.997)])
def test_the_exact_epsilon_of_gaussian_noise(mu, epsilon):
    found = gaussian_epsilon(mu=mu, delta=1e-5)
    assert found == pytest.approx(epsilon, abs=5e-4 if mu != 1.0 else 1e-4)
    assert gaussian_delta(mu=mu, epsilon=found) == pytest.approx(1e-5, rel=1e-9)


def test_sixteen_steps_at_four_times_the_noise_cost_what_one_step_costs():
    assert gaussian_epsilon(mu=sqrt(16) / 4, delta=1e-5) == gaussian_epsilon(mu=1.0, delta=1e-5)


@given(st.floats(0.05, 8), st.floats(0, 6))
def test_delta_is_the_difference_of_two_normal_tails(mu, epsilon):
    def tail(x):
        return erfc(x / sqrt(2)) / 2

    plain = tail(epsilon / mu - mu / 2) - exp(epsilon) * tail(epsilon / mu + mu / 2)
    assert gaussian_delta(mu=mu, epsilon=epsilon) == pytest.approx(plain, rel=1e-6, abs=1e-13)


@given(st.floats(1e-3, 20), st.floats(1e-12, 0.5))
def test_epsilon_inverts_delta(mu, delta):
    epsilon = gaussian_epsilon(mu=mu, delta=delta)
    if epsilon == 0.0:
        assert gaussian_delta(mu=mu, epsilon=0.0) <= delta * (1 + 1e-9)
    else:
        assert gaussian_delta(mu=mu, epsilon=epsilon) == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize(("mu", "area"), [(0.5, 0.638), (1, 0.760), (2, 0.921), (3, 0.983)])
def test_the_best_membership_test_against_gaussian_noise(mu, area):
    assert auc(mu) == pytest.approx(area, abs=5e-4)
    rng = np.random.default_rng(5)
    members, others = rng.normal(mu, size=4000), rng.normal(size=4000)
    observed = stats.mannwhitneyu(members, others).statistic / 4000**2
    assert observed == pytest.approx(auc(mu), abs=0.03)


def test_the_best_true_positive_rate_at_one_percent():
    assert tpr_at_fpr(1.0, fpr=0.01) == pytest.approx(0.0924, abs=1e-4)


def test_gaussian_bounds_are_tighter_and_hold():
    # One thousand models of either world; the test calls "seen" above mu / 2.
    rng, models, mu, delta, runs = np.random.default_rng(6), 1000, 1.0, 1e-5, 200
    truth, above, plain = gaussian_epsilon(mu=mu, delta=delta), 0, []
    for _ in range(runs):
        false_positives = int((rng.normal(size=models) > mu / 2).sum())
        false_negatives = int((rng.normal(mu, size=models) <= mu / 2).sum())
        errors = Errors(false_positives, models, false_negatives, models)
        plain.append(epsilon_bound(errors, delta=delta))
        tight = gaussian_epsilon_bound(errors, delta=delta)
        assert plain[-1] < tight
        above += tight > truth
    assert stats.binomtest(above, runs, 0.05, alternative="greater").pvalue > 0.01
    assert max(plain) < truth
