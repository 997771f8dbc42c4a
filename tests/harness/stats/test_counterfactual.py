"""Counterfactual memorisation: golden numbers, coverage with few models, and nothing under permuted coins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.counterfactual import crossed_mean, mean_memorisation, memorisation, memorised
from harness.stats.multiplicity import benjamini_hochberg


def table(models=8, n=120, *, effect=0.0, between=0.0, uneven=False, level=0.0, noise=1.0, seed=0):
    """Scores and coins: a record gains ``effect`` times its own exponential, in models that differ by ``between``."""
    rng = np.random.default_rng(seed)
    inside = rng.random((n, models)) < 0.5
    inside[~(inside.any(axis=1) & ~inside.all(axis=1)), 0] ^= True
    gain = rng.exponential(1, (n, 1)) if uneven else np.ones((n, 1))
    strength = rng.normal(effect, between, models)
    difficulty, levels = rng.normal(0, 3, (n, 1)), rng.normal(0, level, models)
    return difficulty + levels + inside * strength * gain + rng.normal(0, noise, (n, models)), inside


def test_it_is_the_mean_with_the_record_less_the_mean_without():
    scores = np.array([[2.0, 4.0, -1.0, -1.0], [-2.0, -4.0, 1.0, 1.0]])
    inside = np.array([[True, True, False, False], [False, False, True, True]])
    # Less the means of the records, 1 and -1, what each model gives its two records adds up to 0: that is its level.
    assert memorisation(scores, inside).tolist() == [3.0 + 1.0, 1.0 + 3.0]


def test_a_model_that_fits_everything_better_counts_for_nothing():
    scores, inside = table(effect=1.0)
    better = scores + np.arange(8) * 10
    assert np.allclose(memorisation(better, inside), memorisation(scores, inside))
    assert mean_memorisation(better, inside).high == pytest.approx(mean_memorisation(scores, inside).high)


@pytest.mark.parametrize("models", [4, 5, 8, 16])
@pytest.mark.parametrize(
    "world",
    [
        {},
        {"level": 2.0},
        {"effect": 5.0, "noise": 0.1},
        {"effect": 1.0, "uneven": True},
        {"effect": 1.0, "between": 0.3, "uneven": True},
    ],
)
def test_the_interval_holds_the_mean_as_often_as_it_says_with_however_few_models(models, world):
    held = []
    for seed in range(150):
        found = mean_memorisation(*table(models, n=60, seed=seed, **world))
        held.append(found.low <= world.get("effect", 0.0) <= found.high)
        assert found.n == models
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize("models", [4, 8, 32])
def test_under_permuted_coins_nothing_is_memorised_and_few_records_seem_to_be(models):
    rng = np.random.default_rng(models)
    scores, inside = table(models, n=400, effect=2.0, seed=3)
    means, beyond, found = [], [], 0
    for _ in range(40):
        coins = rng.permuted(inside, axis=1)
        means.append(mean_memorisation(scores - 2.0 * inside, coins).value)
        # Two-sided |t| > 2 has probability 0.0455 for many degrees of freedom.
        ps = memorised(scores - 2.0 * inside, coins)
        beyond.append(np.mean(np.minimum(ps, 1 - ps) < stats.norm.sf(2)))
        found += sum(p <= 0.05 for p in benjamini_hochberg(ps.tolist()))
    assert np.mean(means) == pytest.approx(0, abs=4 * np.std(means) / np.sqrt(40))
    assert np.mean(beyond) == pytest.approx(0.0455, abs=0.006)
    assert found / (40 * 400) < 0.005


def test_variances_that_differ_between_records_raise_no_false_alarms():
    rng = np.random.default_rng(0)
    scores, inside = table(6, n=3000, noise=0.0)
    scores = scores + rng.normal(size=scores.shape) * np.sqrt(1 / rng.gamma(3.0, 1 / 3.0, (3000, 1)))
    ps = memorised(scores, inside)
    # A pooled variance would call the noisy ones memorised: its p-values are too small.
    assert stats.kstest(ps, "uniform").pvalue > 0.001
    effects = memorisation(scores, inside)
    reach = 1 / inside.sum(1) + 1 / (~inside).sum(1)
    pooled = stats.norm.sf(effects / np.sqrt(np.mean(effects**2 / reach) * reach))
    assert np.mean(pooled < 0.001) > 2 * np.mean(ps < 0.001)


def test_records_that_are_memorised_are_found_and_most_where_models_are_many():
    shares = []
    for models in (4, 8, 16):
        scores, inside = table(models, n=200, effect=3.0)
        scores[:150] -= 3.0 * inside[:150]
        adjusted = np.array(benjamini_hochberg(memorised(scores, inside).tolist()))
        shares.append(np.mean(adjusted[150:] <= 0.05))
        assert np.mean(adjusted[:150] <= 0.05) < 0.05
    assert shares == sorted(shares)
    assert shares[-1] > 0.95


def test_equal_scores_have_no_width_and_say_so():
    inside = np.array([[True, False, True, False], [False, True, True, False]])
    found = mean_memorisation(np.zeros((2, 4)), inside)
    assert (found.low, found.high, found.method) == (0.0, 0.0, "degenerate, constant data")
    assert memorised(np.zeros((2, 4)), inside).tolist() == [0.5, 0.5]


def test_records_on_one_side_few_models_and_odd_shapes_are_refused():
    inside = np.array([[True, False, True], [True, True, True]])
    with pytest.raises(ValueError, match="one trained without it"):
        memorisation(np.zeros((2, 3)), inside)
    with pytest.raises(ValueError, match="differ in shape"):
        memorisation(np.zeros((2, 3)), inside[:, :2])
    with pytest.raises(ValueError, match="4 models are needed, not 3"):
        mean_memorisation(np.zeros((1, 3)), inside[:1])
    with pytest.raises(ValueError, match="three models"):
        memorised(np.zeros((1, 2)), inside[:1, :2])
    with pytest.raises(ValueError, match="two of each"):
        crossed_mean(np.zeros((1, 5)))


def test_a_single_pair_on_either_side_is_too_little_to_leave_one_out():
    inside = np.array([[True, False, False, False]])
    with pytest.raises(ValueError, match="more models are needed"):
        mean_memorisation(np.zeros((1, 4)), inside)


def test_a_mean_over_few_rows_and_columns_is_held_as_often_as_it_says():
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        values = 1 + rng.normal(0, 1, (4, 1)) + rng.normal(0, 0.5, (1, 6)) + rng.normal(0, 0.5, (4, 6))
        found = crossed_mean(values)
        held.append(found.low <= 1 <= found.high)
    assert np.mean(held) >= 0.95
    assert found.n == 4
