from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.watermark.synthid import layer_weights
from harness.watermark.tails import binomial, gamma, hypergeometric, weighted_binomials


@pytest.mark.parametrize(
    ("hits", "n", "share", "tail"), [(15, 25, 0.25, 2.145e-4), (45, 100, 0.25, 1.092e-5), (80, 200, 0.25, 2.225e-6)]
)
def test_green_tokens_have_exact_tails_where_normal_ones_are_far_off(hits, n, share, tail):
    assert float(binomial(hits, n, share)) == pytest.approx(tail, rel=1e-3)
    normal = stats.norm.sf((hits - n * share) / np.sqrt(n * share * (1 - share)))
    assert normal < tail / 4


def test_the_rule_of_z_above_4_has_another_size_than_it_seems():
    for n, size in ((10, 4.158e-4), (50, 1.225e-4), (200, 6.153e-5)):
        least = int(np.floor(0.25 * n + 4 * np.sqrt(n * 0.25 * 0.75))) + 1
        assert float(binomial(least, n, 0.25)) == pytest.approx(size, rel=1e-3)
        assert size > 1.9 * stats.norm.sf(4)


@given(st.integers(0, 60), st.integers(0, 60), st.fractions("1/20", "19/20", max_denominator=20))
def test_a_binomial_tail_equals_the_sum_of_fractions(hits, n, share):
    hits = min(hits, n)
    exact = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(hits, n + 1))
    assert float(binomial(hits, n, float(share))) == pytest.approx(float(exact), rel=1e-10)


def test_golden_gamma_and_hypergeometric_tails():
    assert float(gamma(150, 100)) == pytest.approx(5.9245e-6, rel=1e-3)
    exact = Fraction(sum(comb(25, k) * comb(75, 10 - k) for k in range(6, 11)), comb(100, 10))
    assert float(hypergeometric(6, 10, marked=25, total=100)) == pytest.approx(float(exact), rel=1e-10)
    assert float(hypergeometric(0, 10, marked=25, total=100)) == 1


def convolved(n, share, weights):
    """Tail at every total, by convolution."""
    masses = np.ones(1)
    for weight in weights:
        spread = np.zeros(n * weight + 1)
        spread[::weight] = stats.binom.pmf(np.arange(n + 1), n, share)
        masses = np.convolve(masses, spread)
    return masses[::-1].cumsum()[::-1]


@pytest.mark.parametrize(
    ("n", "share", "weights"), [(1, 0.5, [3, 1]), (7, 0.4996, [20, 11, 2]), (12, 0.3, [10, 7, 4, 1]), (9, 0.5, [5])]
)
def test_a_weighted_tail_equals_the_convolution_from_end_to_end(n, share, weights):
    exact = convolved(n, share, weights)
    ours = [weighted_binomials(total, n, share, weights) for total in range(len(exact))]
    assert ours == pytest.approx(exact.tolist(), rel=1e-9)
    assert weighted_binomials(len(exact), n, share, weights) == 0


@given(st.integers(1, 400), st.floats(0, 1), st.floats(0.05, 0.95))
def test_with_one_weight_it_is_the_binomial_tail_however_small(n, where, share):
    total = round(where * n)
    assert weighted_binomials(3 * total, n, share, [3]) == pytest.approx(float(binomial(total, n, share)), rel=1e-8)


def test_synthids_thirty_layers_agree_with_drawing_them():
    weights, n = layer_weights(30), 60
    draws = np.random.default_rng(0).binomial(n, 0.4996, size=(40_000, 30)) @ weights
    for share in (0.5, 0.1, 0.01):
        total = int(np.quantile(draws, 1 - share))
        p = weighted_binomials(total, n, 0.4996, weights.tolist())
        assert stats.binomtest(int((draws >= total).sum()), len(draws), p).pvalue > 0.001
