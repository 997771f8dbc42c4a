"""The blind baseline: it finds what tells two sets apart, and does not find what is not there."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.blind import blind_auc
from harness.stats.roc import auc


def records(n=60, features=140, shift=0.0, seed=0):
    """Features of ``n`` records of either side, the first shifted by so many standard deviations, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1], n))
    values = rng.normal(size=(2 * n, features))
    values[:, 0] += shift * labels
    return values, labels


def test_one_feature_in_a_hundred_and_forty_gives_the_sides_away():
    found = blind_auc(*records(shift=4.0), seed=0)
    assert found.low > 0.5
    assert (found.confidence, found.n) == (0.99, 120)


def test_a_difference_of_one_standard_deviation_in_every_feature_is_found_as_theory_says():
    # The best area there is: Phi(d / sqrt 2) for normals d apart; 2 features, each shifted by 1: d = sqrt 2.
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.repeat([0, 1], 1000))
    values = rng.normal(size=(2000, 2)) + labels[:, None]
    found = blind_auc(values, labels, seed=0)
    assert found.low <= 0.841 <= found.high
    assert found.high - found.low < 0.1


def test_sides_of_different_sizes_are_told_apart_as_well():
    values, labels = records(n=100, shift=4.0)
    kept = (labels == 1) | (np.cumsum(labels == 0) <= 30)
    assert blind_auc(values[kept], labels[kept], seed=0).low > 0.5


@pytest.mark.parametrize("n", [30, 120])
def test_where_there_is_nothing_to_tell_the_interval_holds_one_half(n):
    found = [blind_auc(*records(n=n, seed=seed), seed=0) for seed in range(60)]
    held = [its.low <= 0.5 <= its.high for its in found]
    assert np.mean(held) >= 0.95
    areas = [its.value for its in found]
    assert abs(np.mean(areas) - 0.5) < 3 * np.std(areas) / np.sqrt(60)


def test_its_error_is_the_spread_of_areas_which_delongs_of_cross_validated_scores_is_not():
    areas = [blind_auc(*records(seed=seed), seed=0) for seed in range(100)]
    spread = np.std([its.value for its in areas])
    told = np.mean([(its.high - its.low) / 2 / 2.5758 for its in areas])
    assert told == pytest.approx(spread, rel=0.2)
    values, labels = records()
    independent = auc(values[:, 0].tolist(), labels.tolist())
    assert told > 1.2 * (independent.high - independent.low) / 2 / 1.96


def test_records_that_are_all_alike_tie():
    labels = np.repeat([0, 1], 20)
    found = blind_auc(np.ones((40, 3)), labels, seed=0)
    assert found.value == 0.5
    assert found.low < 0.4
    assert found.high > 0.6


def test_a_feature_that_only_the_left_out_part_has_changes_nothing():
    values, labels = records(features=3)
    more = np.column_stack([values, np.zeros(120)])
    more[0, 3] = 1e6
    assert blind_auc(more, labels, seed=0).value == pytest.approx(blind_auc(values, labels, seed=0).value, abs=0.05)


@pytest.mark.parametrize(("rows", "labels"), [(12, [0, 1] * 6), (40, [0, 1] * 19), (40, [0] * 40)])
def test_too_few_records_or_other_shapes_are_refused(rows, labels):
    with pytest.raises(ValueError, match=r"10 records of either side|a row of finite features"):
        blind_auc(np.zeros((rows, 2)), labels, seed=0)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="finite"):
        blind_auc(np.full((40, 2), np.nan), [0, 1] * 20, seed=0)
