"""Adjusted p-values: the worked example, and statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.multiplicity import benjamini_hochberg, holm

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
