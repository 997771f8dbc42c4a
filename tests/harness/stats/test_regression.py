"""The adjusted mean: statsmodels' cluster-robust regression, a planted effect that comes back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.clusters import clustered_mean
from harness.stats.regression import clustered_intercept


@pytest.fixture
def frames():
    """Values that two covariates explain in part, in 40 clusters of uneven size that are alike inside."""
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 6, size=40)
    labels = np.repeat([f"frame {i}" for i in range(40)], sizes)
    covariates = np.column_stack([rng.integers(-2, 3, size=sizes.sum()), rng.normal(1, 2, size=sizes.sum())])
    noise = np.repeat(rng.normal(size=40), sizes) + rng.normal(size=sizes.sum())
    return 0.7 + covariates @ [-4.0, 1.5] + noise, covariates, labels.tolist()


def test_the_interval_is_that_of_statsmodels(frames):
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools import add_constant

    values, covariates, labels = frames
    codes = np.unique(labels, return_inverse=True)[1]
    fit = OLS(values, add_constant(covariates)).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    found = clustered_intercept(values, covariates, labels, confidence=0.9)
    assert found.value == pytest.approx(fit.params[0], abs=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int(alpha=0.1)[0]), abs=1e-9)
    assert (found.n, found.method) == (40, "student t, clustered, intercept")


def test_a_worked_example():
    # y = 1 + 2x but for the residuals 1, -1, -1, 1, of which those of a and b are one cluster each.
    found = clustered_intercept([2.0, 2.0, 4.0, 8.0], [[0.0], [1.0], [2.0], [3.0]], list("aabc"))
    assert found.value == pytest.approx(1.0)
    # Shares of the residuals in the intercept: .7 .4 .1 -.2; by cluster .3, -.1, -.2, squared .14; 3/2 * 3/2 * .14.
    assert (found.high - found.low) / 2 == pytest.approx(4.302653 * np.sqrt(0.315), abs=1e-5)


def test_covariates_that_are_nought_throughout_leave_the_clustered_mean(frames):
    values, _, labels = frames
    found = clustered_intercept(values, np.zeros((len(values), 2)), labels)
    plain = clustered_mean(values, labels)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_what_a_covariate_explains_wholly_is_taken_out(planted, slope):
    covariate = np.linspace(-1, 3, 12)
    found = clustered_intercept(planted + slope * covariate, covariate[:, None], [str(i) for i in range(12)])
    assert found.value == pytest.approx(planted, abs=1e-9)
    assert found.method == "degenerate, constant data"


@pytest.mark.parametrize(
    ("covariates", "clusters", "says"),
    [
        ([[1.0], [1.0], [1.0], [1.0]], "abcd", "cannot be told from each other"),
        ([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [0.0, 0.0]], "abcd", "cannot be told from each other"),
        ([[1.0], [2.0], [3.0], [4.0]], "aabb", "2 coefficients need more than 2 clusters, not 2"),
        ([[1.0], [2.0], [3.0]], "abcd", r"covariates have shape \[4, covariates\]"),
        ([[1.0], [2.0], [3.0], [float("nan")]], "abcd", "finite"),
    ],
)
def test_what_says_nothing_about_the_mean_is_refused(covariates, clusters, says):
    with pytest.raises(ValueError, match=says):
        clustered_intercept([1.0, 2.0, 4.0, 3.0], covariates, list(clusters))


def test_it_covers_the_planted_effect_as_often_as_it_claims():
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        labels = np.repeat(np.arange(40), 3).astype(str)
        x = rng.normal(1, 1, size=(120, 2))
        y = 0.5 + x @ [2.0, -1.0] + np.repeat(rng.normal(size=40), 3) + rng.normal(size=120)
        found = clustered_intercept(y, x, labels.tolist())
        held += found.low <= 0.5 <= found.high
    assert 0.91 <= held / 300 <= 0.98, held
