"""Adjusted p-values: the worked example, and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records import Interval
from harness.stats.multiplicity import benjamini_hochberg, each, holm, largest, smallest
from harness.stats.rates import proportion

PS = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_holm_matches_the_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_matches_the_worked_example():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@pytest.fixture(scope="module")
def oracle():
    from statsmodels.stats.multitest import multipletests

    return lambda ps, method: pytest.approx(multipletests(ps, method=method)[1].tolist(), abs=1e-12)


@settings(max_examples=20)  # the oracle takes tens of milliseconds a call
@given(PS)
def test_adjusted_p_values_equal_statsmodels(oracle, ps):
    assert holm(ps) == oracle(ps, "holm")
    assert benjamini_hochberg(ps) == oracle(ps, "fdr_bh")


@given(PS)
def test_holm_is_stricter_than_benjamini_hochberg_which_is_stricter_than_nothing(ps):
    for strict, lenient, raw in zip(holm(ps), benjamini_hochberg(ps), ps, strict=True):
        assert raw <= lenient + 1e-12 <= strict + 2e-12 <= 1 + 3e-12


def test_no_tests_need_no_adjustment():
    assert holm([]) == benjamini_hochberg([]) == []


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("ps", [[1.5], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(adjust, ps):
    with pytest.raises(ValueError, match="p-values lie in"):
        adjust(ps)


# ── the worst of several ──────────────────────────────────────────────────────────────────


def test_the_largest_lies_between_the_largest_bounds():
    intervals = [Interval(value, low, high, 0.975, 10, "m") for value, low, high in ((0.5, 0.1, 0.6), (0.4, 0.3, 0.9))]
    found = largest(intervals)
    assert (found.value, found.low, found.high, found.confidence) == (0.5, 0.3, 0.9, 0.95)
    assert found.method == "largest of 2, each m"


def test_the_smallest_lies_between_the_smallest_bounds():
    intervals = [Interval(value, low, high, 0.975, 10, "m") for value, low, high in ((0.5, 0.1, 0.6), (0.4, 0.3, 0.9))]
    found = smallest(intervals)
    assert (found.value, found.low, found.high) == (0.4, 0.1, 0.6)


def test_one_interval_is_its_own_largest():
    its = Interval(0.5, 0.1, 0.6, 0.95, 10, "m")
    assert largest([its]) == smallest([its]) == its


def test_intervals_that_do_not_hold_together_are_refused():
    with pytest.raises(ValueError, match=r"0\.975"):
        largest([Interval(0.5, 0.1, 0.6, 0.95, 10, "m")] * 2)
    with pytest.raises(ValueError, match="at least one"):
        smallest([])


def test_the_largest_of_equal_shares_is_covered_where_its_own_interval_is_not():
    held, alone, random = 0, 0, np.random.default_rng(0)
    for _ in range(400):
        hits = random.binomial(100, 0.5, size=8)
        held += largest([proportion(int(k), 100, confidence=each(0.95, 8)) for k in hits]).low <= 0.5
        alone += proportion(int(max(hits)), 100).low <= 0.5
    assert held >= 380
    assert alone < 370
