"""Variants of a question: worst cases in closed form, relative drops, spreads beside their null, recalls."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.stats.rates import proportion
from harness.stats.worst_case import (
    drop_rate,
    expected_worst,
    format_spread,
    held_out_extremes,
    option_recalls,
    over_variants,
    rstd,
    worst_curve,
)

TABLES = hnp.arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.integers(0, 1))


# ── worst, mean and best ──────────────────────────────────────────────────────────────────


def test_worst_mean_and_best_of_a_small_table():
    found = over_variants([[1, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 0]])
    assert found.worst == proportion(1, 4)
    assert found.best == proportion(3, 4)
    assert found.mean.value == pytest.approx(7 / 12)
    assert found.variants == 3


@given(TABLES)
def test_the_curve_is_the_mean_over_all_choices_of_variants(table):
    curve = worst_curve(table)
    for k, found in enumerate(curve, 1):
        choices = combinations(range(table.shape[1]), k)
        expected = np.mean([table[:, list(chosen)].min(axis=1).mean() for chosen in choices])
        assert found.value == pytest.approx(expected)
    assert curve[0].value == pytest.approx(over_variants(table).mean.value)
    assert curve[-1].value == pytest.approx(over_variants(table).worst.value)
    assert all(more.value <= fewer.value + 1e-12 for fewer, more in pairwise(curve))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.integers(1, 7))
def test_the_worst_of_some_values_is_the_mean_over_all_choices_of_them(values, k):
    k = min(k, len(values))
    expected = np.mean([min(chosen) for chosen in combinations(values, k)])
    assert expected_worst(values, k) == pytest.approx(expected, abs=1e-12)


def test_no_worst_is_taken_of_more_values_than_there_are():
    assert expected_worst([1, 1, 0, 1], 2) == 0.5
    for k in (0, 3):
        with pytest.raises(ValueError, match="needs k in 1 to 2"):
            expected_worst([1, 0], k)


def test_a_model_that_always_answers_alike_loses_nothing():
    table = np.repeat([[1], [0], [1]], 4, axis=1)
    found = over_variants(table)
    assert found.worst == found.mean == found.best == proportion(2, 3)


def test_guessing_is_right_in_all_variants_as_often_as_chance_has_it():
    table = np.random.default_rng(0).random((40_000, 3)) < 1 / 4
    assert [its.value for its in worst_curve(table)] == pytest.approx([4**-1, 4**-2, 4**-3], abs=0.006)


def test_clusters_are_the_units():
    table = np.repeat([[1, 1], [0, 1], [0, 0]] * 10, 4, axis=0)
    labels = np.repeat([str(i) for i in range(30)], 4).tolist()
    found = over_variants(table, labels)
    assert (found.worst.n, found.mean.n, found.best.n) == (30, 30, 30)
    assert worst_curve(table, labels)[1] == found.worst


@pytest.mark.parametrize("table", [[], [[]], [[0.5, 2.0]], [[np.nan]], [1, 0]])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(ValueError, match="questions by variants"):
        over_variants(table)


def test_the_curve_counts_variants_that_are_right():
    with pytest.raises(ValueError, match="0 and 1 only"):
        worst_curve([[0.5, 1.0]])


# ── relative drop ─────────────────────────────────────────────────────────────────────────


def test_the_drop_is_relative_to_what_was_right():
    found = drop_rate([1.0] * 80 + [0.0] * 20, [1.0] * 60 + [0.0] * 40, seed=0, resamples=500)
    assert found.value == pytest.approx(0.25)
    assert 0.1 < found.low < 0.25 < found.high < 0.4
    assert found.n == 100


def test_nothing_right_before_has_no_drop():
    with pytest.raises(ValueError, match="nothing that a share of could be lost"):
        drop_rate([0.0] * 50, [1.0] * 50, seed=0)
    with pytest.raises(ValueError, match="5 units were right before the change"):
        drop_rate([1.0] * 5 + [0.0] * 45, [0.0] * 50, seed=0)
    with pytest.raises(ValueError, match="20 independent units, not 16"):
        drop_rate([1.0] * 16, [1.0, 0.0] * 8, seed=0)


def test_no_change_at_all_keeps_a_width():
    found = drop_rate([1.0] * 30 + [0.0] * 30, [1.0] * 30 + [0.0] * 30, seed=0)
    assert found.value == 0
    assert found.low < 0 < found.high < 0.1


def test_the_drop_may_be_a_gain():
    assert drop_rate([1.0, 0.0] * 30, [1.0, 1.0] * 30, seed=0, resamples=200).value == -1


def test_members_of_a_cluster_are_drawn_together():
    rng = np.random.default_rng(0)
    clean, changed = (np.repeat((rng.random(50) < rate).astype(float), 6) for rate in (0.8, 0.6))
    labels = np.repeat([str(i) for i in range(50)], 6).tolist()
    alone, together = (drop_rate(clean, changed, of, seed=0, resamples=300) for of in (None, labels))
    assert alone.value == together.value
    assert together.n == 50
    assert together.high - together.low > 1.8 * (alone.high - alone.low)


def test_guessing_drops_by_nothing_on_average():
    rng = np.random.default_rng(0)
    clean, changed = (rng.random((2000, 200)) < 0.5 for _ in range(2))
    values = 1 - changed.sum(axis=1) / clean.sum(axis=1)
    assert values.mean() == pytest.approx(0, abs=0.01)
    found = drop_rate(clean[0].astype(float), changed[0].astype(float), seed=0, resamples=200)
    assert found.value == pytest.approx(values[0])


# ── spread over formats ───────────────────────────────────────────────────────────────────


def test_a_spread_of_formats_that_make_no_difference_is_what_the_null_shows():
    table = np.random.default_rng(1).random((200, 8)) < 0.5
    found = format_spread(table, seed=0, resamples=300)
    assert found.p > 0.05
    assert found.null.low <= found.value.value <= found.null.high
    # The range of eight normals is 2.85 standard errors.
    assert found.null.value == pytest.approx(2.85 * np.sqrt(0.25 / 200), rel=0.08)
    assert found.formats == 8


def test_a_format_that_is_worse_is_found():
    table = np.random.default_rng(1).random((200, 5)) < [0.7, 0.7, 0.7, 0.7, 0.4]
    found = format_spread(table, seed=0, resamples=300)
    assert found.p == pytest.approx(1 / 301)
    assert found.value.value > found.null.high


def test_formats_that_are_never_told_apart_are_no_finding():
    found = format_spread(np.repeat([[1], [0]] * 20, 3, axis=1), seed=0, resamples=50)
    assert (found.value.value, found.null.value, found.p) == (0.0, 0.0, 1.0)


def test_a_spread_is_of_several_formats():
    with pytest.raises(ValueError, match="at least 2 formats"):
        format_spread([[1]] * 30, seed=0)


def test_clusters_are_exchanged_as_one():
    rng = np.random.default_rng(0)
    table = np.repeat(rng.random((40, 4)) < 0.5, 10, axis=0)
    labels = np.repeat([str(i) for i in range(40)], 10).tolist()
    alone, together = (format_spread(table, of, seed=0, resamples=300) for of in (None, labels))
    assert together.null.value > 2 * alone.null.value
    assert together.value.n == together.null.n == 40


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_formats_that_make_no_difference_are_found_as_rarely_as_claimed(clustered):
    rng, found = np.random.default_rng(0), 0
    labels = [str(i // 4) for i in range(120)] if clustered else None
    for run in range(300):
        ease = rng.random((30, 1, 1)) if clustered else rng.random((120, 1))
        wobble = rng.normal(0, 0.2, size=(30, 1, 5)) if clustered else 0  # formats suit contexts, but none suits all
        table = (rng.random((30, 4, 5) if clustered else (120, 5)) < ease + wobble).reshape(120, 5)
        found += format_spread(table, labels, seed=run, resamples=100).p <= 0.05
    assert found / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "kept"), [(0.8, 0.75), (0.4, 0.9)])
def test_relative_drops_cover(before, kept):
    rng, held = np.random.default_rng(0), 0
    for run in range(200):
        clean = rng.random(120) < before
        changed = np.where(clean, rng.random(120) < kept, rng.random(120) < 0.1)
        found = drop_rate(clean.astype(float), changed.astype(float), seed=run, resamples=400)
        held += found.low <= 1 - (before * kept + (1 - before) * 0.1) / before <= found.high
    assert held / 200 >= 0.9


# ── recalls of options ────────────────────────────────────────────────────────────────────


def test_a_model_that_always_says_a_has_a_known_spread_of_recalls():
    right = ["A", "B", "C", "D"] * 25
    recalls = option_recalls(["A"] * 100, right)
    assert [recalls[option] for option in "ABCD"] == [proportion(25, 25), *[proportion(0, 25)] * 3]
    assert rstd([its.value for its in recalls.values()]) == pytest.approx(np.sqrt(3) / 4)


@pytest.mark.parametrize("preference", [0.0, 0.2, 0.6])
def test_a_preference_for_one_option_spreads_recalls_in_proportion(preference):
    right = ["A", "B", "C", "D"] * 50
    chosen = [None if i % 200 >= 200 * (1 - preference) and its != "A" else its for i, its in enumerate(right)]
    chosen = ["A" if its is None else its for its in chosen]
    found = rstd([its.value for its in option_recalls(chosen, right).values()])
    assert found == pytest.approx(preference * np.sqrt(3) / 4, abs=0.005)


def test_averaging_over_cyclic_shifts_repairs_a_preference():
    recalls = np.array([1.0, 0.4, 0.4, 0.4])
    shifted = np.mean([np.roll(recalls, shift) for shift in range(4)], axis=0)
    assert rstd(shifted) == pytest.approx(0, abs=1e-12)


def test_no_choice_is_a_miss_and_lists_must_fit():
    assert option_recalls([None, "B"], ["A", "B"])["A"].value == 0
    with pytest.raises(ValueError, match="a choice and a right option"):
        option_recalls(["A"], [])
    with pytest.raises(ValueError, match="at least 2 recalls"):
        rstd([0.5])
    with pytest.raises(ValueError, match="at least 2 recalls"):
        rstd([0.5, 1.5])


# ── extremes on other questions ───────────────────────────────────────────────────────────


def test_extremes_are_chosen_in_one_half_and_judged_in_the_other():
    table = [[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]]
    worst, best = held_out_extremes(table, [True, True, False, False])
    # The first half finds the third format worst and the first best, the second half the other way round.
    assert worst.tolist() == [1, 1, 1, 1]
    assert best.tolist() == [0, 0, 0, 0]


def test_formats_that_tie_share_the_choice():
    worst, best = held_out_extremes([[1, 0], [1, 1], [0, 1]], [True, False, False])
    assert worst[0] == 1.0
    assert (best[1], worst[1]) == (1.0, 1.0)
    worst, _ = held_out_extremes([[1, 0], [1, 1], [0, 0]], [True, False, False])
    assert worst[0] == 0.5


def test_formats_without_a_difference_have_no_spread_on_other_questions():
    table = np.random.default_rng(0).random((4000, 6)) < 0.4
    worst, best = held_out_extremes(table, np.arange(4000) % 2 == 0)
    assert best.mean() - worst.mean() == pytest.approx(0.0, abs=0.03)
    assert np.ptp(table[:200].mean(axis=0)) > 0.05


@pytest.mark.parametrize("half", [[True, True], [False, False], [True], [True, False, True]])
def test_each_half_holds_a_question(half):
    with pytest.raises(ValueError, match="two halves"):
        held_out_extremes([[1, 0], [0, 1]], half)
