"""Non-inferiority and equivalence: three rulings, and error rates at the margin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.records import Better, Interval, Ruling
from harness.stats.equivalence import equivalent, non_inferior


def interval(low, high, *, confidence=0.9, n=100):
    return Interval((low + high) / 2, low, high, confidence, n, "test")


@pytest.mark.parametrize(
    ("low", "high", "ruling"),
    [(-0.02, 0.10, Ruling.PASS), (-0.20, -0.06, Ruling.FAIL), (-0.08, 0.01, Ruling.INCONCLUSIVE)],
)
def test_non_inferiority_compares_the_bound_not_the_point(low, high, ruling):
    assert non_inferior(interval(low, high), margin=0.05, better=Better.HIGHER).ruling is ruling
    assert non_inferior(interval(-high, -low), margin=0.05, better=Better.LOWER).ruling is ruling


@pytest.mark.parametrize(
    ("low", "high", "ruling"),
    [
        (-0.02, 0.03, Ruling.PASS),
        (0.06, 0.10, Ruling.FAIL),
        (-0.10, -0.06, Ruling.FAIL),
        (-0.02, 0.06, Ruling.INCONCLUSIVE),
        (-0.06, 0.02, Ruling.INCONCLUSIVE),
    ],
)
def test_equivalence_needs_the_whole_interval_inside_the_margin(low, high, ruling):
    assert equivalent(interval(low, high), margin=0.05).ruling is ruling


def test_an_inconclusive_ruling_says_how_many_units_it_needs():
    found = non_inferior(interval(-0.08, 0.08, n=100), margin=0.05, better=Better.HIGHER)
    # The half-width .08 must shrink to .05 / (1 + .8416/1.6449).
    assert found.n_needed == 585
    # Both sides must pass: 1.2816 in place of .8416.
    assert equivalent(interval(-0.08, 0.08, n=100), margin=0.05).n_needed == 811


def test_no_number_of_units_helps_where_the_estimate_is_beyond_the_margin():
    assert non_inferior(interval(-0.14, 0.02), margin=0.05, better=Better.HIGHER).n_needed is None
    assert equivalent(interval(-0.02, 0.14), margin=0.05).n_needed is None


def test_a_settled_ruling_needs_nothing():
    assert non_inferior(interval(-0.01, 0.01), margin=0.05, better=Better.HIGHER).n_needed is None


def test_a_margin_of_nothing_too_little_confidence_and_no_direction_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        equivalent(interval(0, 0.1), margin=0.0)
    with pytest.raises(ValueError, match="at least 90%"):
        equivalent(interval(0, 0.1, confidence=0.8), margin=0.1)
    with pytest.raises(ValueError, match="use equivalent"):
        non_inferior(interval(0, 0.1), margin=0.1, better=Better.NULL)


def paired_intervals(truth, *, n, runs, seed):
    """90 % t intervals of the mean of ``n`` paired differences around ``truth``, one a simulated run."""
    draws = np.random.default_rng(seed).normal(truth, 0.3, size=(runs, n))
    means = draws.mean(axis=1)
    half = stats.t.ppf(0.95, n - 1) * draws.std(axis=1, ddof=1) / np.sqrt(n)
    return [interval(m - h, m + h, n=n) for m, h in zip(means, half, strict=True)]


def test_at_the_margin_no_more_than_five_percent_pass():
    runs = paired_intervals(-0.05, n=60, runs=4000, seed=0)
    passed = np.mean([non_inferior(run, margin=0.05, better=Better.HIGHER).ruling is Ruling.PASS for run in runs])
    assert passed <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
    alike = np.mean([equivalent(run, margin=0.05).ruling is Ruling.PASS for run in runs])
    assert alike <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)


def test_without_a_difference_the_planned_number_passes_four_times_in_five():
    pilot = Interval(0.0, -0.08, 0.08, 0.9, 38, "pilot")  # 1.645 * .3 / sqrt(38)
    planned = non_inferior(pilot, margin=0.05, better=Better.HIGHER).n_needed
    runs = paired_intervals(0.0, n=planned, runs=2000, seed=1)
    passed = np.mean([non_inferior(run, margin=0.05, better=Better.HIGHER).ruling is Ruling.PASS for run in runs])
    assert passed >= 0.8 - 3 * np.sqrt(0.8 * 0.2 / 2000)
    planned = equivalent(pilot, margin=0.05).n_needed
    alike = [equivalent(run, margin=0.05).ruling for run in paired_intervals(0.0, n=planned, runs=2000, seed=2)]
    assert alike.count(Ruling.PASS) / 2000 >= 0.8 - 3 * np.sqrt(0.8 * 0.2 / 2000)


def test_equivalence_rules_as_two_one_sided_tests_do():
    from statsmodels.stats.weightstats import DescrStatsW

    rng = np.random.default_rng(2)
    for _ in range(50):
        draws = rng.normal(rng.uniform(-0.06, 0.06), 0.1, size=40)
        half = stats.t.ppf(0.95, 39) * draws.std(ddof=1) / np.sqrt(40)
        ruling = equivalent(interval(draws.mean() - half, draws.mean() + half), margin=0.05).ruling
        assert (ruling is Ruling.PASS) == (DescrStatsW(draws).ttost_mean(-0.05, 0.05)[0] < 0.05)
