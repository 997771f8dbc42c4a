"""Clustered standard errors: the worked example, and statsmodels' cluster-robust regression on a constant."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.clusters import clustered_mean, standard_error


@pytest.fixture
def essays():
    """Scores of 30 texts of uneven length, with the text's label."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, 9, size=30)
    labels = np.repeat([f"text {i}" for i in range(30)], sizes)
    return np.repeat(rng.normal(size=30), sizes) + rng.normal(size=sizes.sum()), labels.tolist()


def test_clustered_standard_error_matches_the_worked_example():
    values, labels = [1, 1, 0, 0, 1, 0], list("aabbcc")
    assert standard_error(values, labels) == pytest.approx(0.2357, abs=5e-5)
    assert standard_error(values, list("abcdef")) == pytest.approx(0.2041, abs=5e-5)


def test_clustered_mean_equals_statsmodels_regression_on_a_constant(essays):
    from statsmodels.regression.linear_model import OLS

    values, labels = essays
    codes = np.unique(labels, return_inverse=True)[1]
    fit = OLS(values, np.ones_like(values)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    found = clustered_mean(values, labels, confidence=0.9)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(alpha=0.1)[0]), abs=1e-9)
    assert found.n == 30


def test_order_of_cases_does_not_matter(essays):
    values, labels = essays
    order = np.random.default_rng(1).permutation(len(values))
    shuffled = clustered_mean(values[order], [labels[i] for i in order])
    assert shuffled.low == pytest.approx(clustered_mean(values, labels).low, abs=1e-12)


def test_one_cluster_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        clustered_mean([1.0, 2.0], ["a", "a"])


def test_constant_clusters_keep_a_width_where_the_range_is_known():
    found = clustered_mean([1.0] * 8, list("aabbccdd"), bounds=(0.0, 1.0))
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 4), 1.0))
