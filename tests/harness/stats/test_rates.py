"""Shares and means: worked examples, oracles, and what holds for every input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.rates import mean, proportion, share

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def bounds(interval):
    return (interval.low, interval.high)


def test_wilson_interval_matches_the_worked_example():
    assert bounds(proportion(5, 500)) == pytest.approx((0.00428, 0.02319), abs=5e-6)


def test_clopper_pearson_interval_matches_the_worked_example():
    assert bounds(proportion(5, 500, method="clopper-pearson")) == pytest.approx((0.00325, 0.02318), abs=5e-6)


def test_nothing_seen_in_a_thousand_has_the_exact_upper_bound():
    assert proportion(0, 1000, method="clopper-pearson").high == pytest.approx(0.00368, abs=5e-6)


@pytest.mark.parametrize(("method", "oracle"), [("wilson", "wilson"), ("clopper-pearson", "beta")])
@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 30), (411, 977)])
def test_proportion_equals_statsmodels(hits, n, method, oracle):
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(hits, n, alpha=0.1, method=oracle)
    assert bounds(proportion(hits, n, confidence=0.9, method=method)) == pytest.approx(expected, abs=1e-9)


@given(COUNTS, st.floats(0.5, 0.999), st.sampled_from(["wilson", "clopper-pearson"]))
def test_a_proportion_mirrors_its_complement(counts, confidence, method):
    hits, n = counts
    one = proportion(hits, n, confidence=confidence, method=method)
    other = proportion(n - hits, n, confidence=confidence, method=method)
    assert bounds(one) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)
    assert 0 <= one.low <= one.value <= one.high <= 1


@pytest.mark.parametrize(("hits", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits, n):
    with pytest.raises(ValueError, match=r"hits lie in 0\.\.n"):
        proportion(hits, n)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="wilson and clopper-pearson"):
        proportion(1, 5, method="wald")


@given(st.lists(st.sampled_from([0, 1]), min_size=1, max_size=60))
def test_share_of_independent_hits_is_wilsons_interval(values):
    assert share(values) == proportion(sum(values), len(values))
    assert share(values, [str(i) for i in range(len(values))]) == share(values)


def test_fractions_make_the_interval_narrower_than_hits_of_the_same_rate():
    fractions, hits = share([0.5, 0.5, 1.0, 0.0] * 10), share([1.0, 0.0] * 20)
    assert fractions.value == hits.value
    assert hits.low < fractions.low < fractions.high < hits.high
    assert fractions.method == "wilson, fractions"


def test_all_ties_keep_a_width():
    found = share([0.5] * 20)
    assert 0.05 < found.high - found.low < 0.2


def test_members_that_always_agree_count_once():
    values = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0] * 40
    labels = [str(i // 2) for i in range(len(values))]
    clustered, single = share(values, labels), share(values[::2])
    assert clustered.n == single.n == 120
    assert bounds(clustered) == pytest.approx(bounds(single), abs=2e-3)  # t with 119 degrees for the normal
    assert clustered.method == "wilson, clustered"


def test_independent_members_count_one_by_one():
    values = np.random.default_rng(3).random(4000) < 0.4
    found = share(values.astype(float), [str(i // 4) for i in range(4000)])
    plain = share(values.astype(float))
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.05)


def test_nothing_seen_counts_each_cluster_once():
    found = share([0.0] * 60, [str(i // 3) for i in range(60)])
    assert 0.16 < found.high < 0.20  # 20 clusters; 60 cases would give 0.06
    assert found.n == 20


@pytest.mark.parametrize(("clusters", "members"), [(20, 3), (20, 10), (100, 2), (150, 24)])
def test_no_hits_at_all_have_the_lowest_upper_bound(clusters, members):
    labels = [str(i % clusters) for i in range(clusters * members)]
    highs = [share([1.0] * hits + [0.0] * (len(labels) - hits), labels).high for hits in range(len(labels) // 2)]
    assert min(highs) == highs[0]


def test_values_next_to_zero_are_bounded_as_zeros_are():
    assert bounds(share([1e-9] * 20)) == pytest.approx(bounds(share([0] * 20)), abs=1e-6)


def test_one_cluster_says_nothing_about_others():
    assert bounds(share([1.0, 0.0, 1.0], ["a", "a", "a"])) == (0.0, 1.0)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.sampled_from("abcdefgh")), min_size=1, max_size=40),
    st.floats(0.5, 0.999),
)
def test_share_holds_its_value_within_zero_and_one(cases, confidence):
    values, labels = [value for value, _ in cases], [label for _, label in cases]
    found = share(values, labels, confidence=confidence)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low
    assert found.value == pytest.approx(sum(values) / len(values))


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcd")), min_size=1, max_size=30))
def test_share_mirrors_its_complement(cases):
    values, labels = np.array([value for value, _ in cases]), [label for _, label in cases]
    one, other = share(values, labels), share(1 - values, labels)
    assert bounds(one) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-6)


@pytest.mark.parametrize("values", [[], [float("nan")], [1.2], [-0.1, 0.5]])
def test_share_refuses_what_is_no_share(values):
    with pytest.raises(ValueError, match=r"finite|in \[0, 1\]"):
        share(values)


def test_share_refuses_another_number_of_labels():
    with pytest.raises(ValueError, match="2 values but 1 cluster labels"):
        share([0.0, 1.0], ["a"])


def test_mean_of_many_values_is_bca_and_close_to_students_interval():
    values = np.random.default_rng(0).normal(3, 2, size=400)
    found = mean(values, seed=1)
    half = 1.966 * values.std(ddof=1) / 20
    assert found.method == "bca bootstrap"
    assert bounds(found) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_mean_of_few_values_is_students_interval():
    found = mean([1, 2, 3, 4, 10], seed=0)
    assert found.method == "student t"
    assert bounds(found) == pytest.approx((4 - 4.38995, 4 + 4.38995), abs=1e-5)


def test_mean_is_the_same_for_the_same_seed():
    values = np.random.default_rng(0).exponential(size=60)
    assert mean(values, seed=5) == mean(values, seed=5)
    assert mean(values, seed=5) != mean(values, seed=6)


def test_mean_of_constants_is_bounded_where_the_range_is_known():
    found = mean([0.0] * 1000, seed=0, bounds=(0.0, 1.0))
    assert found.high == pytest.approx(0.00368, abs=5e-6)
    assert found.method == "clopper-pearson, constant data"


def test_mean_of_constants_without_a_range_says_that_it_is_degenerate():
    assert mean([0.1] * 5, seed=0).method == "degenerate, constant data"


def test_mean_of_one_value_needs_bounds():
    assert bounds(mean([0.5], seed=0, bounds=(0.0, 1.0))) == pytest.approx((0.0125, 0.9875))
    with pytest.raises(ValueError, match="one value without bounds"):
        mean([0.5], seed=0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_mean_stays_in_its_range(values):
    found = mean(values, seed=0, resamples=50, bounds=(0.0, 1.0))
    assert 0 <= found.low <= found.value <= found.high <= 1
