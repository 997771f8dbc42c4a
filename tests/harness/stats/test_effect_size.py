from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from harness.stats.effect_size import shuffled_p, standardised_difference

VALUES = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def test_the_difference_is_told_in_pooled_standard_deviations():
    assert standardised_difference([1, 2, 3], [0, 1, 2]).value == pytest.approx(1.0)
    # Sums of squares 2 and 10 about the means, on 2 + 3 degrees of freedom.
    found = standardised_difference([4, 5, 6], [0, 1, 1, 4])
    assert found.value == pytest.approx((5 - 1.5) / sqrt((2 + 9) / 5))
    assert (found.n, found.confidence) == (7, 0.95)


def test_where_nothing_parts_groups_of_one_size_the_error_is_that_of_welchs_test():
    values = np.array([-1.0, 0.0, 1.0] * 8)
    found = standardised_difference(values, values)
    assert found.value == 0.0
    assert found.high == pytest.approx(student.ppf(0.975, 46) * sqrt(1 / 24 + 1 / 24))


@given(VALUES, VALUES, st.floats(0.1, 10), st.floats(-50, 50))
def test_it_knows_no_unit_and_no_zero_and_turns_with_its_groups(first, second, scale, shift):
    if len(set(first)) == len(set(second)) == 1:
        with pytest.raises(ValueError, match="all alike"):
            standardised_difference(first, second)
        return
    found = standardised_difference(first, second)
    turned = standardised_difference(second, first)
    assert (turned.value, turned.low) == (pytest.approx(-found.value), pytest.approx(-found.high))
    assert found.low <= found.value <= found.high
    if np.std(first) > 0.01 and np.std(second) > 0.01:
        moved = standardised_difference(*(np.array(group) * scale + shift for group in (first, second)))
        assert moved.value == pytest.approx(found.value, rel=1e-6, abs=1e-6)
        assert moved.high == pytest.approx(found.high, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("first", [[], [1.0], [float("nan"), 1.0], [2.0, 2.0]])
def test_groups_without_spread_or_number_are_refused(first):
    with pytest.raises(ValueError, match="two units|finite numbers|all alike"):
        standardised_difference(first, [1.0, 1.0])


@pytest.mark.parametrize(("apart", "spread"), [(0.0, 1.0), (1.0, 1.0), (1.0, 2.0)])
def test_the_interval_holds_the_truth_as_often_as_it_says_even_where_spreads_differ(apart, spread):
    random, held = np.random.default_rng(1), 0
    pooled = sqrt((19 * spread**2 + 39) / 58)
    for _ in range(500):
        first, second = random.normal(apart * pooled, spread, 20), random.normal(size=40)
        found = standardised_difference(first, second)
        held += found.low <= apart <= found.high
    assert 0.92 <= held / 500 <= 0.98


def test_the_p_value_is_that_of_all_deals():
    first, second = [3.1, 4.0, 2.2, 5.5], [1.0, 2.5, 0.3, 3.3]
    both = first + second
    sums = [sum(both[place] for place in deal) for deal in combinations(range(8), 4)]
    exact = np.mean([its >= sum(first) - 1e-9 for its in sums])
    found = shuffled_p(first, second, seed=0)
    assert found.value == pytest.approx(exact, abs=0.01)
    assert found.low <= found.value <= found.high
    assert (found.n, found.method) == (8, "permutation, 9,999 shuffles")


def test_a_p_value_is_never_0_and_is_1_where_all_is_alike():
    assert shuffled_p([10.0] * 20, [0.0] * 20, seed=0).value == pytest.approx(1e-4)
    assert shuffled_p([0.1] * 20, [0.1] * 20, seed=0).value == 1.0
    assert shuffled_p([0.0] * 20, [10.0] * 20, seed=0).value == 1.0
    with pytest.raises(ValueError, match="non-empty"):
        shuffled_p([], [1.0], seed=0)
