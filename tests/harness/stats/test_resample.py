"""Bootstrap and permutation: worked examples, refusals, and repeatability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.clusters import clustered_mean
from harness.stats.resample import bootstrap, cluster_bootstrap_mean, permutation_p


def average(rows):
    return float(rows.mean())


def test_bca_interval_matches_the_worked_example():
    found = bootstrap(average, np.array([1.0, 2, 3, 4, 10]), seed=0)
    assert (found.low, found.high) == pytest.approx((2.0, 7.6))


def test_bca_interval_equals_that_of_all_resamples_when_there_are_many():
    # Of all 5^5 resamples, BCa takes the quantiles .0619 and .9946: 2.0 and 8.2.
    found = bootstrap(average, np.array([1.0, 2, 3, 4, 10]), seed=0, resamples=20_000)
    assert (found.low, found.high) == pytest.approx((2.0, 8.2))


def test_bootstrap_takes_units_of_any_shape():
    pairs = np.random.default_rng(0).normal(size=(50, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    found = bootstrap(lambda rows: float(np.corrcoef(rows.T)[0, 1]), pairs, seed=1, resamples=500, bounds=(-1.0, 1.0))
    assert found.n == 50
    assert 0.4 < found.low < found.value < found.high < 1.0


def test_bootstrap_repeats_itself_for_one_seed():
    values = np.random.default_rng(0).normal(size=30)
    assert bootstrap(average, values, seed=3, resamples=200) == bootstrap(average, values, seed=3, resamples=200)


def test_bootstrap_of_constants_says_so():
    found = bootstrap(average, np.ones(30), seed=0, resamples=50, bounds=(0.0, 1.0))
    assert found.method == "clopper-pearson, constant resamples"
    assert found.low == pytest.approx(0.025 ** (1 / 30))


def test_bootstrap_falls_back_to_percentiles_by_name():
    # Leaving one unit out never moves the median of these, so BCa's acceleration does not exist.
    values = np.array([0.0] * 15 + [1.0] * 9)
    found = bootstrap(lambda rows: float(np.median(rows)), values, seed=0, resamples=200, method_name="median")
    assert found.method == "median, percentile"
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_statistic_that_is_not_finite_on_a_resample_is_refused():
    def share_of_last(rows):
        return float("nan") if 5 not in rows else 1.0

    with pytest.raises(ValueError, match="not finite on"):
        bootstrap(share_of_last, np.arange(6.0), seed=0, resamples=50)


def test_one_unit_cannot_be_resampled():
    with pytest.raises(ValueError, match="at least 2 units"):
        bootstrap(average, np.ones(1), seed=0)


def test_resampling_clusters_agrees_with_the_clustered_standard_error():
    rng = np.random.default_rng(4)
    labels = [str(i // 5) for i in range(400)]
    values = np.repeat(rng.normal(size=80), 5) + rng.normal(size=400)
    resampled = cluster_bootstrap_mean(values, labels, seed=0)
    analytic = clustered_mean(values, labels)
    assert resampled.n == 80
    assert (resampled.low, resampled.high) == pytest.approx((analytic.low, analytic.high), abs=0.03)


def test_fewer_than_twenty_clusters_are_refused():
    with pytest.raises(ValueError, match="20 clusters, not 19"):
        cluster_bootstrap_mean(np.arange(38.0), [str(i // 2) for i in range(38)], seed=0)


def test_permutation_p_counts_the_observed_draw_and_is_never_zero():
    assert permutation_p(5.0, [1.0, 2.0, 5.0, 7.0]) == pytest.approx(3 / 5)
    assert permutation_p(9.0, list(range(9))) == pytest.approx(0.1)


@pytest.mark.parametrize(("observed", "null"), [(float("nan"), [1.0]), (1.0, [float("nan")]), (1.0, [])])
def test_permutation_p_refuses_what_is_no_number(observed, null):
    with pytest.raises(ValueError, match="finite"):
        permutation_p(observed, null)


def test_permutation_p_agrees_with_scipy_on_a_shuffle():
    rng = np.random.default_rng(0)
    left, right = rng.normal(0.6, 1, size=20), rng.normal(size=20)

    def gap(a, b, axis=-1):
        return np.mean(a, axis=axis) - np.mean(b, axis=axis)

    found = stats.permutation_test(
        (left, right), gap, n_resamples=999, alternative="greater", vectorized=True, rng=np.random.default_rng(1)
    )
    assert permutation_p(found.statistic, found.null_distribution) == pytest.approx(found.pvalue)
