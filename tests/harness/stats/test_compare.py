"""Paired comparisons: worked examples, oracles, and what holds for every table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.compare import independent_difference, mcnemar, paired_difference, tango
from harness.stats.rates import proportion

TABLES = st.integers(1, 500).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n)))
)


def test_mcnemar_matches_the_worked_example():
    assert mcnemar(10, 2) == pytest.approx(0.03857, abs=5e-6)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (10, 2), (3, 30), (200, 240)])
def test_mcnemar_equals_statsmodels(b, c):
    from statsmodels.stats.contingency_tables import mcnemar as oracle

    expected = oracle([[5, b], [c, 5]], exact=True).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9)


def test_tango_interval_matches_the_worked_example():
    found = tango(40, 20, 160)
    assert (found.low, found.high) == pytest.approx((0.0309, 0.2181), abs=5e-5)
    assert found.value == pytest.approx(0.125)


def test_tango_has_a_width_where_no_pair_differs():
    # With b = c = 0 the bounds solve n d^2 = z^2 d (1 - d).
    found = tango(0, 0, 50)
    assert (found.low, found.high) == pytest.approx((-3.841459 / 53.841459, 3.841459 / 53.841459), abs=1e-6)


@given(TABLES)
def test_tango_holds_its_value_and_mirrors(table):
    b, c, n = table
    found, mirrored = tango(b, c, n), tango(c, b, n)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-9)


def test_tango_approaches_walds_interval_with_many_pairs():
    b, c, n = 4000, 3000, 20_000
    half = 1.959964 * np.sqrt((b + c) / n - ((b - c) / n) ** 2) / np.sqrt(n)
    assert tango(b, c, n).high == pytest.approx(0.05 + half, abs=1e-4)


@pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_tables_are_refused(b, c, n):
    with pytest.raises(ValueError, match="discordant pairs"):
        tango(b, c, n)


def test_paired_hits_get_tangos_interval():
    first, second = [1] * 40 + [0] * 20 + [1] * 100, [0] * 40 + [1] * 20 + [1] * 100
    assert paired_difference(first, second, seed=0) == tango(40, 20, 160)


def test_pairing_removes_what_the_items_share():
    rng = np.random.default_rng(0)
    difficulty = rng.normal(0, 5, size=100)
    found = paired_difference(difficulty + 1 + rng.normal(size=100), difficulty + rng.normal(size=100), seed=1)
    assert found.method == "bca bootstrap"
    assert found.high - found.low < 1.0
    assert found.low < 1.0 < found.high


def test_clustered_pairs_are_resampled_by_cluster():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 2, size=120), rng.integers(0, 2, size=120)
    many = paired_difference(first, second, [str(i // 3) for i in range(120)], seed=0)
    few = paired_difference(first, second, [str(i // 12) for i in range(120)], seed=0)
    assert (many.n, many.method) == (40, "bca bootstrap, clustered")
    assert (few.n, few.method) == (10, "student t, clustered")


def test_clusters_that_never_differ_keep_a_width():
    found = paired_difference([1, 1, 0, 0], [1, 1, 0, 0], ["a", "a", "b", "b"], seed=0)
    assert found.low < 0 < found.high


def test_unpaired_lengths_are_refused():
    with pytest.raises(ValueError, match="needs pairs"):
        paired_difference([1, 0], [1], seed=0)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(56, 70, 48, 80), (9, 10, 3, 10), (0, 20, 0, 30), (29, 29, 0, 11)])
def test_the_difference_of_independent_shares_agrees_with_statsmodels(a, n, b, m):
    from statsmodels.stats.proportion import confint_proportions_2indep

    found = independent_difference(proportion(a, n), proportion(b, m))
    low, high = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)
    assert found.n == n + m
