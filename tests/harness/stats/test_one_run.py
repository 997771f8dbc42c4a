from __future__ import annotations

from math import comb, exp, log, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from harness.privacy.distinguishing import gaussian_epsilon
from harness.stats.one_run import (
    LOWER_BOUND,
    Guesses,
    all_correct,
    epsilon_bound,
    guess,
    guesses_needed,
    log_tail,
    lower_bound,
)

GOLDEN = [
    # canaries, guesses, correct, delta, bound at significance 0.05
    (100, 100, 100, 0, 3.493),
    (1000, 1000, 1000, 0, 5.809),
    (100, 100, 75, 0, 0.7022),
    (1000, 1000, 750, 1e-5, 0.9764),
    (1000, 100, 95, 0, 2.172),
    (1000, 100, 95, 1e-5, 2.165),
    (1000, 100, 95, 1e-3, 0.594),
    (5000, 1500, 1429, 1e-5, 2.795),
    (100000, 1500, 1429, 1e-5, 2.669),
    (500, 500, 280, 1e-5, 0.089),
]


@pytest.mark.parametrize(("canaries", "guesses", "correct", "delta", "bound"), GOLDEN)
def test_the_bound_matches_the_worked_examples(canaries, guesses, correct, delta, bound):
    assert epsilon_bound(Guesses(canaries, guesses, correct), delta=delta) == pytest.approx(bound, abs=1e-3)


@pytest.mark.parametrize("guesses", [5, 100, 10_000, 10_000_000])
def test_all_guesses_right_has_a_closed_form(guesses):
    q = 0.05 ** (1 / guesses)
    assert all_correct(guesses) == pytest.approx(log(q / (1 - q)), rel=1e-6)
    assert epsilon_bound(Guesses(guesses, guesses, guesses), delta=0) == pytest.approx(all_correct(guesses), abs=1e-8)


def test_four_right_guesses_refute_nothing():
    # Even a coin is right four times of four in 1 of 16.
    assert all_correct(4) == 0.0
    assert epsilon_bound(Guesses(4, 4, 4), delta=0) == 0.0
    assert epsilon_bound(Guesses(4, 0, 0), delta=0) == 0.0


@given(st.floats(0, 12), st.floats(0.001, 0.5))
def test_the_fewest_guesses_that_can_refute_an_epsilon_do(epsilon, significance):
    needed = guesses_needed(epsilon, significance=significance)
    assert all_correct(needed, significance=significance) >= epsilon - 1e-9
    assert all_correct(needed - 1, significance=significance) <= epsilon + 1e-9


@given(st.integers(1, 14), st.data(), st.floats(0, 4), st.sampled_from([0.0, 1e-6, 1e-3, 0.1]))
def test_the_tail_equals_the_sum_written_out(guesses, data, epsilon, delta):
    correct = data.draw(st.integers(0, guesses))
    canaries = guesses + data.draw(st.integers(0, 20))
    q = exp(epsilon) / (1 + exp(epsilon))
    chance = [comb(guesses, k) * q**k * (1 - q) ** (guesses - k) for k in range(guesses + 1)]
    beta = sum(chance[correct:])
    alpha = max((sum(chance[correct - i : correct]) / i for i in range(1, correct + 1)), default=0.0)
    found = log_tail(Guesses(canaries, guesses, correct), epsilon=epsilon, delta=delta)
    assert exp(found) == pytest.approx(beta + 2 * canaries * delta * alpha, rel=1e-9)


@given(st.integers(1, 400), st.data())
def test_more_right_guesses_never_lower_the_bound_and_delta_never_raises_it(guesses, data):
    correct = data.draw(st.integers(0, guesses - 1))
    bound = epsilon_bound(Guesses(400, guesses, correct), delta=1e-4)
    assert epsilon_bound(Guesses(400, guesses, correct + 1), delta=1e-4) >= bound - 1e-8
    assert epsilon_bound(Guesses(400, guesses, correct), delta=1e-3) <= bound + 1e-8


def test_a_tail_far_below_the_range_of_floats_keeps_its_digits():
    everything = Guesses(100_000, 100_000, 100_000)
    assert log_tail(everything, epsilon=0.0, delta=0.0) == pytest.approx(-100_000 * log(2), rel=1e-9)
    assert log_tail(everything, epsilon=5.0, delta=0.0) == pytest.approx(-100_000 * log1p(exp(-5)), rel=1e-9)


def test_the_highest_are_called_in_and_the_lowest_out():
    scores = [5.0, 4.0, 3.0, 2.0, 1.0]
    included = [True, False, True, False, True]
    assert guess(scores, included, 2, 2) == Guesses(5, 4, 2)
    assert guess(scores, included, 1, 0) == Guesses(5, 1, 1)
    assert guess(scores, included, 0, 1) == Guesses(5, 1, 0)


def test_ties_go_against_the_auditor():
    included = [True, True, False, False]
    assert guess([1.0, 1.0, 1.0, 1.0], included, 2, 2) == Guesses(4, 4, 0)
    assert guess([1.0, 1.0, 1.0, 1.0], included[::-1], 1, 1) == Guesses(4, 2, 0)
    assert guess([2.0, 1.0, 1.0, 0.0], [True, True, False, False], 2, 2) == Guesses(4, 4, 2)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=30), st.data())
def test_no_way_of_breaking_ties_does_worse(canaries, data):
    scores, included = zip(*canaries, strict=True)
    k_plus = data.draw(st.integers(0, len(scores)))
    k_minus = data.draw(st.integers(0, len(scores) - k_plus))
    noise = data.draw(st.permutations(range(len(scores))))
    broken = [score + 0.01 * extra / len(scores) for score, extra in zip(scores, noise, strict=True)]
    assert guess(scores, included, k_plus, k_minus).correct <= guess(broken, included, k_plus, k_minus).correct


@pytest.mark.parametrize(
    ("scores", "included", "k_plus", "k_minus"),
    [
        ([1.0, float("nan")], [True, False], 1, 1),
        ([1.0, float("inf")], [True, False], 1, 1),
        ([1.0], [True, False], 1, 0),
        ([1.0, 2.0], [True, False], 2, 1),
        ([1.0, 2.0], [True, False], -1, 1),
    ],
)
def test_guesses_that_do_not_fit_are_refused(scores, included, k_plus, k_minus):
    with pytest.raises(ValueError, match="canaries|canary"):
        guess(scores, included, k_plus, k_minus)


@pytest.mark.parametrize(("epsilon", "delta"), [(-1.0, 0.0), (float("nan"), 0.0), (1.0, 1.0), (1.0, -1e-5)])
def test_parameters_out_of_range_are_refused(epsilon, delta):
    with pytest.raises(ValueError, match="epsilon is at least 0"):
        log_tail(Guesses(10, 10, 9), epsilon=epsilon, delta=delta)


def test_counts_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="correct <= guesses <= canaries"):
        Guesses(10, 5, 6)
    with pytest.raises(ValueError, match="significance"):
        epsilon_bound(Guesses(10, 5, 5), delta=0.0, significance=0.0)


def bounds_of(correct, *, canaries, guesses, delta):
    """The bound for each number of right guesses, each number computed once."""
    table = {int(v): epsilon_bound(Guesses(canaries, guesses, int(v)), delta=delta) for v in np.unique(correct)}
    return np.array([table[int(v)] for v in correct])


def test_randomised_response_is_bounded_as_often_as_claimed():
    # Randomised response of 500 bits at epsilon 1 is the mechanism at which the bound is tight.
    runs, truth = 400, 1.0
    correct = np.random.default_rng(1).binomial(500, expit(truth), size=runs)
    bounds = bounds_of(correct, canaries=500, guesses=500, delta=0.0)
    exceeded = int((bounds > truth).sum())
    assert stats.binomtest(exceeded, runs, 0.05).pvalue > 0.01
    assert bounds.mean() == pytest.approx(0.835, abs=0.02)


def gaussian_bounds(rng, *, sigma, canaries, k, runs, delta=1e-5):
    """Bounds for one step of the Gaussian mechanism with a coordinate for each canary."""
    coins = rng.random((runs, canaries)) < 0.5
    scores = coins + sigma * rng.standard_normal((runs, canaries))
    correct = [guess(row, bits, k, k).correct for row, bits in zip(scores, coins, strict=True)]
    return bounds_of(np.array(correct), canaries=canaries, guesses=2 * k, delta=delta)


@pytest.mark.parametrize(
    ("sigma", "canaries", "k", "mean"),
    [(1.0, 500, 25, 1.48), (1.0, 2000, 40, 1.89), (0.5, 500, 75, 3.01), (2.0, 500, 75, 0.55)],
)
def test_the_bound_of_one_gaussian_step_is_loose_and_never_above_the_truth(sigma, canaries, k, mean):
    bounds = gaussian_bounds(np.random.default_rng(2), sigma=sigma, canaries=canaries, k=k, runs=100)
    truth = gaussian_epsilon(mu=1 / sigma, delta=1e-5)
    assert (bounds <= truth).all()
    assert bounds.mean() == pytest.approx(mean, abs=0.15)


def test_under_exact_gaussian_noise_the_bound_exceeds_the_truth_in_one_run_of_twenty_at_most():
    # Large noise and no abstention, where the bound is closest to the truth.
    bounds = gaussian_bounds(np.random.default_rng(3), sigma=8.0, canaries=60, k=30, runs=2000)
    truth = gaussian_epsilon(mu=1 / 8, delta=1e-5)
    assert stats.binomtest(int((bounds > truth).sum()), 2000, 0.05, alternative="greater").pvalue > 0.01


def test_noise_ten_times_too_small_refutes_the_claim():
    claim = gaussian_epsilon(mu=1.0, delta=1e-5)
    bounds = gaussian_bounds(np.random.default_rng(4), sigma=0.1, canaries=500, k=125, runs=20)
    assert claim == pytest.approx(4.377, abs=1e-3)
    assert (bounds > claim).all()
    assert epsilon_bound(Guesses(500, 250, 250), delta=1e-5) == pytest.approx(4.405, abs=1e-3)


@given(st.integers(1, 60), st.data(), st.floats(0.6, 0.99))
def test_the_interval_begins_at_the_bound_and_ends_at_what_so_many_guesses_could_show(guesses, data, confidence):
    found = Guesses(200, guesses, data.draw(st.integers(0, guesses)))
    interval = lower_bound(found, delta=1e-5, confidence=confidence)
    bound, most = (
        epsilon_bound(its, delta=1e-5, significance=1 - confidence) for its in (found, Guesses(200, guesses, guesses))
    )
    assert (interval.low, interval.value) == (bound, bound)
    assert interval.high == max(bound, most)
    assert (interval.n, interval.confidence) == (guesses, confidence)
    assert interval.method.startswith(LOWER_BOUND)
