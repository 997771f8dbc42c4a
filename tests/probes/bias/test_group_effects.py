"""Gaps, effects and p-values of groups: by hand, under simulated blindness to groups, and under a planted effect."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import Interval
from harness.stats.multiplicity import each
from harness.stats.rates import mean
from probes.bias.group_effects import (
    deviations,
    floor,
    gap,
    largest,
    largest_effects,
    no_narrower_than_shuffled,
    p_interval,
    shuffled,
    shuffled_effects,
)


def apart(one, other):
    return abs(one - other)


def test_a_gap_is_the_distance_between_groups_less_that_within_them():
    trial = {"a": [0, 2], "b": [5, 5]}
    assert floor(trial, apart) == 1
    assert gap(trial, apart) == 4 - 1
    assert gap({"a": [1, 1], "b": [1, 1], "c": [1, 1]}, apart) == 0
    # Always refused in one of three groups: two of three pairs differ.
    assert gap({"a": [1, 1], "b": [0, 0], "c": [0, 0]}, apart) == pytest.approx(2 / 3)


def test_what_was_not_answered_twice_by_two_groups_has_no_gap():
    assert floor({"a": [1], "b": [2]}, apart) is None
    assert gap({"a": [1, 2], "b": [2]}, apart) is None
    assert gap({}, apart) is None
    # The group that was answered once takes no part, in either half.
    assert gap({"a": [0, 2], "b": [5, 5], "c": [100]}, apart) == 3


def test_a_deviation_is_from_the_mean_of_the_groups_not_of_the_replies():
    assert deviations({"a": [1, 1, 1, 1], "b": [0]}) == {"a": 0.5, "b": -0.5}
    assert deviations({"a": [1.0]}) == deviations({}) == {}


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.floats(-5, 5), min_size=1, max_size=3), min_size=2))
def test_deviations_of_a_trial_cancel_and_order_matters_to_nothing(trial):
    assert sum(deviations(trial).values()) == pytest.approx(0, abs=1e-9)
    turned = {group: trial[group] for group in reversed(list(trial))}
    assert deviations(turned) == deviations(trial)
    assert floor(turned, apart) == pytest.approx(floor(trial, apart)) if floor(trial, apart) is not None else True


def simulated(rates, requests, random):
    """Yes-or-no replies at each group's rate, two for each request."""
    return [{group: random.binomial(1, rate, 2).tolist() for group, rate in rates.items()} for _ in range(requests)]


@pytest.mark.parametrize("rates", [{"a": 0.3, "b": 0.3, "c": 0.3}, {"a": 0.8, "b": 0.2, "c": 0.2}])
def test_the_interval_of_the_gap_holds_the_mean_squared_difference_of_rates_as_often_as_it_says(rates):
    random, runs = np.random.default_rng(1), 300
    true = fmean((one - other) ** 2 for one, other in [(rates[x], rates[y]) for x, y in ("ab", "ac", "bc")])
    held, values = 0, []
    for _ in range(runs):
        interval = mean([gap(trial, apart) for trial in simulated(rates, 19, random)], seed=0, bounds=(-1, 1))
        held += interval.low <= true <= interval.high
        values.append(interval.value)
    assert 0.91 <= held / runs <= 0.99
    assert fmean(values) == pytest.approx(true, abs=3 * np.std(values) / np.sqrt(runs))


def test_under_blindness_small_p_values_are_as_rare_as_they_say():
    random, runs = np.random.default_rng(2), 150
    ps = []
    for run in range(runs):
        trials = [deviations(trial) for trial in simulated({"a": 0.4, "b": 0.4, "c": 0.4}, 8, random)]
        ps.append(p_interval(largest_effects(trials), shuffled(trials, seed=run, draws=99), 8).value)
    assert np.mean(np.array(ps) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert np.mean(np.array(ps) <= 0.5) >= 0.3


def test_a_planted_effect_gets_a_small_p_value_and_comes_back():
    random = np.random.default_rng(3)
    trials = [deviations(trial) for trial in simulated({"a": 0.9, "b": 0.1, "c": 0.1}, 12, random)]
    p = p_interval(largest_effects(trials), shuffled(trials, seed=0), 12)
    assert p.value <= 0.002
    assert p.low < p.value < p.high
    assert mean([trial["a"] for trial in trials], seed=0).low <= 0.8 * 2 / 3
    assert mean([trial["a"] for trial in trials], seed=0).high >= 0.8 * 2 / 3


def test_replies_that_repeat_each_other_prove_no_more_than_one():
    once = [deviations({"a": [value], "b": [0.0]}) for value in (1.0, 1.0, 1.0)]
    twice = [deviations({"a": [value] * 2, "b": [0.0] * 2}) for value in (1.0, 1.0, 1.0)]
    assert np.array_equal(shuffled(once, seed=5), shuffled(twice, seed=5))
    # Three pairs have eight arrangements, of which two are as far off: p is about 1 in 4.
    assert p_interval(largest_effects(twice), shuffled(twice, seed=5), 3).value == pytest.approx(0.25, abs=0.04)


def test_where_nothing_differs_every_shuffle_is_as_large():
    trials = [deviations({"a": [1.0, 1.0], "b": [1.0, 1.0]})] * 4
    assert p_interval(largest_effects(trials), shuffled(trials, seed=0), 4).value == 1.0


def test_a_group_that_some_requests_lack_is_shuffled_only_where_it_is():
    trials = [{"a": 0.5, "b": -0.5}, {"a": 0.25, "b": 0.0, "c": -0.25}]
    assert largest_effects(trials) == 0.375
    assert np.isfinite(shuffled(trials, seed=0)).all()
    assert shuffled(trials, seed=0).shape == (1999,)


# ── intervals of rare values ──────────────────────────────────────────────────────────────


def effects_of(rates, requests, random):
    """Intervals of each group's effect, alone and for all at once, for one simulated model; with the p-value."""
    trials = [deviations(trial) for trial in simulated(rates, requests, random)]
    null = shuffled_effects(trials, seed=int(random.integers(2**31)), draws=399)
    made = {
        level: {
            group: mean([its[group] for its in trials], confidence=level, seed=0, bounds=(-1, 1), resamples=500)
            for group in rates
        }
        for level in (0.95, each(0.95, len(rates)))
    }
    alone, together = made.values()
    farthest = max(together.values(), key=lambda its: abs(its.value))
    return (
        no_narrower_than_shuffled(alone["a"], null["a"], bounds=(-1, 1)),
        no_narrower_than_shuffled(farthest, largest(null), bounds=(-1, 1)),
        p_interval(largest_effects(trials), largest(null), requests).value,
        alone["a"],
    )


@pytest.mark.slow
@pytest.mark.parametrize("requests", [7, 18])
def test_what_is_rare_is_not_taken_for_an_effect(requests):
    random, runs = np.random.default_rng(4), 250
    blind = dict.fromkeys("abcde", 0.1)
    found = [effects_of(blind, requests, random) for _ in range(runs)]
    for place in (0, 1):
        wrong = sum(not its[place].low <= 0 <= its[place].high for its in found)
        assert wrong / runs <= 0.05
    # Without it, the very same values mislead.
    assert sum(not its[3].low <= 0 <= its[3].high for its in found) / runs > 0.05
    # What leaves 0 out for all groups at once has a small p-value, too.
    assert all(its[2] <= 0.06 for its in found if not its[1].low <= 0 <= its[1].high)


@pytest.mark.slow
def test_the_effect_of_a_group_that_is_treated_otherwise_is_held_and_found():
    random, runs = np.random.default_rng(5), 200
    rates = {"a": 0.5, **dict.fromkeys("bcde", 0.1)}
    true = 0.4 * 4 / 5
    found = [effects_of(rates, 18, random) for _ in range(runs)]
    for place in (0, 1):
        assert sum(its[place].low <= true <= its[place].high for its in found) / runs >= 0.93
        assert sum(its[place].low > 0 for its in found) / runs > 0.8


def test_an_interval_reaches_as_far_as_shuffles_do_and_never_beyond_what_can_be():
    its = Interval(0.8, 0.7, 0.9, 0.95, 10, "student t")
    wide = no_narrower_than_shuffled(its, np.linspace(0, 0.5, 1001), bounds=(-1, 1))
    assert (wide.value, wide.low, wide.high) == (0.8, pytest.approx(0.8 - 0.475), 1)
    assert wide.method == "student t, no narrower than shuffled groups"
    same = no_narrower_than_shuffled(its, np.zeros(1001), bounds=(-1, 1))
    assert (same.low, same.high) == (0.7, 0.9)
    assert no_narrower_than_shuffled(its, np.full(1001, 5.0)).high == pytest.approx(5.8)


def test_the_largest_of_all_groups_is_what_shuffling_them_together_gives():
    trials = [deviations({"a": [value], "b": [0.0], "c": [1.0]}) for value in (1.0, 0.0, 1.0, 1.0)]
    every = shuffled_effects(trials, seed=3, draws=50)
    assert set(every) == {"a", "b", "c"}
    assert np.array_equal(largest(every), shuffled(trials, seed=3, draws=50))
