"""Rates corrected for their judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import Interval
from harness.stats.judges import rogan_gladen
from harness.stats.rates import proportion


def known(value):
    return Interval(value, value, value, 0.95, 1, "known")


def test_correction_matches_the_worked_example():
    assert rogan_gladen(known(0.62), known(0.9), known(0.85)).value == pytest.approx(0.626667, abs=5e-7)


def test_a_perfect_judge_changes_nothing():
    observed = proportion(30, 100)
    found = rogan_gladen(observed, known(1.0), known(1.0))
    assert (found.value, found.low, found.high) == pytest.approx((observed.value, observed.low, observed.high))


def test_interval_is_the_delta_methods_for_symmetric_inputs():
    def around(value, half):
        return Interval(value, value - half, value + half, 0.95, 500, "symmetric")

    found = rogan_gladen(around(0.62, 0.04), around(0.9, 0.03), around(0.85, 0.05))
    share = 0.47 / 0.75
    half = (0.04**2 + (share * 0.03) ** 2 + ((1 - share) * 0.05) ** 2) ** 0.5 / 0.75
    assert (found.low, found.high) == pytest.approx((share - half, share + half))


def test_an_uncertain_judge_widens_the_interval():
    sure = rogan_gladen(proportion(310, 500), proportion(900, 1000), proportion(850, 1000))
    unsure = rogan_gladen(proportion(310, 500), proportion(18, 20), proportion(17, 20))
    assert unsure.high - unsure.low > 1.5 * (sure.high - sure.low)


@given(st.integers(0, 100), st.integers(60, 100), st.integers(60, 100))
def test_corrected_share_stays_between_zero_and_one(hits, sensitivity, specificity):
    found = rogan_gladen(proportion(hits, 100), proportion(sensitivity, 100), proportion(specificity, 100))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_a_judge_no_better_than_chance_is_refused():
    with pytest.raises(ValueError, match="no better than chance"):
        rogan_gladen(known(0.5), known(0.4), known(0.6))


def test_mixed_confidences_are_refused():
    with pytest.raises(ValueError, match="one confidence"):
        rogan_gladen(proportion(5, 10, confidence=0.9), known(0.9), known(0.9))
