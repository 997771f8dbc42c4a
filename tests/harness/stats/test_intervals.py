"""Every interval holds its value, stays in its range, and claims certainty only by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.intervals import contained, critical, finite, unseen, wilson


def test_wilson_bounds_equal_those_of_scipy():
    expected = stats.binomtest(7, 30).proportion_ci(method="wilson")
    assert wilson(7 / 30, 30, critical(0.95)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_critical_value_is_normal_without_degrees_of_freedom():
    assert critical(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert critical(0.95, df=9) == pytest.approx(2.262157, abs=1e-6)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.5])
def test_confidence_outside_zero_to_one_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence lies in"):
        critical(confidence)


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")], [[1.0]]])
def test_values_that_are_no_finite_vector_are_refused(values):
    with pytest.raises(ValueError, match="finite numbers"):
        finite(values)


def test_bounds_are_clipped_to_the_range_and_widened_to_the_value():
    found = contained(0.9, (0.95, 1.2), within=(0.0, 1.0), confidence=0.95, n=3, method="x")
    assert (found.low, found.high) == (0.9, 1.0)


def test_rounding_outside_the_range_is_moved_back_and_more_is_refused():
    assert contained(1 + 1e-15, (0.5, 1.0), within=(0.0, 1.0), confidence=0.95, n=3, method="x").value == 1.0
    with pytest.raises(ValueError, match="outside its range"):
        contained(1.1, (0.5, 1.0), within=(0.0, 1.0), confidence=0.95, n=3, method="x")


def test_units_not_seen_to_differ_are_bounded_as_clopper_pearson_does():
    exact = stats.binomtest(0, 50).proportion_ci(method="exact")
    found = unseen(0.0, 50, within=(0.0, 1.0), confidence=0.95)
    assert (found.low, found.high) == pytest.approx((0.0, exact.high), abs=1e-12)


def test_without_a_range_certainty_is_called_degenerate():
    found = unseen(3.0, 50, within=None, confidence=0.95)
    assert found.low == found.high == 3.0
    assert found.method.startswith("degenerate")


@given(value=st.floats(-2, 5), n=st.integers(1, 10_000), confidence=st.floats(0.5, 0.999))
def test_unseen_narrows_with_more_units(value, n, confidence):
    fewer = unseen(value, n, within=(-2.0, 5.0), confidence=confidence)
    more = unseen(value, 2 * n, within=(-2.0, 5.0), confidence=confidence)
    assert more.high - more.low <= fewer.high - fewer.low
