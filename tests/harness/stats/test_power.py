"""Power: worked examples, oracles, and simulated detection at the smallest detectable effect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.records import Better
from harness.stats.power import can_pass, mde_paired, mde_proportion, mde_two_arms, n_for_difference
from harness.stats.rates import share


def test_the_published_example_needs_969_items():
    assert n_for_difference(0.03, variance=1 / 9) == 969


def test_noise_within_items_adds_to_what_is_needed():
    assert n_for_difference(0.03, variance=1 / 9, noise_a=1 / 6, noise_b=1 / 6) == 3876


def test_smallest_effects_match_the_worked_examples():
    assert mde_two_arms(500, 0.5) == pytest.approx(0.0886, abs=5e-5)
    assert mde_paired(500, 0.2) == pytest.approx(0.0560, abs=5e-5)
    assert mde_paired(1000, 0.2) == pytest.approx(0.0396, abs=5e-5)


def test_two_arms_have_the_power_statsmodels_gives_them():
    from statsmodels.stats.proportion import power_proportions_2indep

    found = power_proportions_2indep(mde_two_arms(500, 0.5), 0.5, 500).power
    assert found == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("p0", [0.0, 0.02, 0.25, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("n", [20, 120, 1000])
def test_the_smallest_departure_is_found_four_times_in_five(n, p0):
    departure = mde_proportion(n, p0=p0)
    assert 0 < departure < 1
    truth = p0 + departure if p0 <= 0.5 else p0 - departure
    hits = np.arange(n + 1)
    tail = np.minimum(stats.binom.sf(hits - 1, n, p0), stats.binom.cdf(hits, n, p0))
    assert stats.binom.pmf(hits, n, truth)[tail <= 0.025].sum() == pytest.approx(0.8, abs=1e-5)


def test_the_exact_departure_is_near_the_textbook_one_for_many_units():
    assert mde_proportion(10_000) == pytest.approx(2.8016 * 0.5 / 100, rel=0.02)


def test_no_departure_is_found_where_unanimity_is_not_significant():
    assert mde_proportion(5) == 1.0


def test_an_effect_of_nothing_and_impossible_plans_are_refused():
    with pytest.raises(ValueError, match="difference of 0"):
        n_for_difference(0.0, variance=1.0)
    with pytest.raises(ValueError, match="n at least 1"):
        mde_proportion(0)


@pytest.mark.parametrize(
    ("n", "limit", "better", "possible"),
    [
        (16, 0.8, Better.HIGHER, False),
        (17, 0.8, Better.HIGHER, True),
        (16, 0.2, Better.LOWER, False),
        (17, 0.2, Better.LOWER, True),
    ],
)
def test_a_plan_too_small_for_its_limit_is_known_before_the_run(n, limit, better, possible):
    # By hand: the exact 95 % bound of n hits in n is 0.025 ** (1 / n): 0.794 at 16, 0.805 at 17.
    assert can_pass([str(unit) for unit in range(n)], limit=limit, better=better) is possible


def test_clusters_make_the_bound_that_a_gate_will_see_wider():
    clusters = [str(unit // 3) for unit in range(30)]
    bound = share([0.0] * 30, clusters).high
    assert bound > share([0.0] * 10).high
    assert can_pass(clusters, limit=bound, better=Better.LOWER)
    assert not can_pass(clusters, limit=bound - 0.001, better=Better.LOWER)


def test_no_result_is_perfect_where_a_null_value_is_best():
    with pytest.raises(ValueError, match="no perfect result"):
        can_pass(["a", "b"], limit=0.1, better=Better.NULL)
