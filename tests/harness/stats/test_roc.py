"""ROC: areas counted pair by pair, and exact intervals at a fixed false-positive rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.rates import proportion
from harness.stats.roc import auc, negatives_for, tpr_at_fpr

GRADES = st.lists(st.integers(0, 6), min_size=2, max_size=25)


def labelled(positives, negatives):
    return [*positives, *negatives], [1] * len(positives) + [0] * len(negatives)


@given(GRADES, GRADES)
def test_area_is_the_share_of_pairs_in_order_with_ties_one_half(positives, negatives):
    pairs = np.sign(np.subtract.outer(positives, negatives)) / 2 + 0.5
    found = auc(*labelled(positives, negatives))
    assert found.value == pytest.approx(pairs.mean())
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_area_has_delongs_variance():
    rng = np.random.default_rng(0)
    positives, negatives = rng.normal(1, 1, size=300), rng.normal(size=400)
    pairs = np.sign(np.subtract.outer(positives, negatives)) / 2 + 0.5
    variance = pairs.mean(axis=1).var(ddof=1) / 300 + pairs.mean(axis=0).var(ddof=1) / 400
    found = auc(*labelled(positives, negatives))
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * np.sqrt(variance), rel=0.01)


def test_area_is_never_turned_round():
    scores, labels = labelled([1, 2, 3], [4, 5, 6])
    assert auc(scores, labels).value == 0.0
    assert auc([-score for score in scores], labels).value == 1.0


def test_perfect_separation_of_few_keeps_a_width():
    assert auc(*labelled(range(10, 20), range(10))).low == pytest.approx(proportion(10, 10).low)


@given(GRADES, GRADES)
def test_area_mirrors_when_the_classes_are_swapped(positives, negatives):
    one, other = auc(*labelled(positives, negatives)), auc(*labelled(negatives, positives))
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@pytest.mark.parametrize(("n", "spread"), [(100, 0.0409), (1000, 0.0129)])
def test_where_nothing_is_to_be_told_the_interval_is_as_wide_as_the_exact_spread_of_areas(n, spread):
    rng = np.random.default_rng(n)
    widths = [auc(*labelled(rng.normal(size=n), rng.normal(size=n))) for _ in range(40)]
    mean = np.mean([(found.high - found.low) / 2 for found in widths])
    assert np.sqrt((2 * n + 1) / (12 * n * n)) == pytest.approx(spread, abs=5e-5)
    assert mean == pytest.approx(1.959964 * spread, rel=0.03)


def test_rates_are_counted_above_a_threshold_that_others_have_set():
    calibration, positives = list(range(100)), [94.0, 94.5, 95.5, 99.0, 120.0]
    negatives = [94.0] * 97 + [95.0] * 3
    # Five of a hundred exceed 94.
    tpr, fpr = tpr_at_fpr(positives, negatives, calibration=calibration, fpr=0.05)
    assert tpr == proportion(4, 5, method="clopper-pearson")
    assert fpr == proportion(3, 100, method="clopper-pearson")


def test_ties_at_the_threshold_never_raise_the_false_positive_rate():
    calibration = [0.0] * 90 + [1.0] * 10
    tpr, _ = tpr_at_fpr([1.0, 1.0, 2.0], [0.0] * 100, calibration=calibration, fpr=0.05)
    assert tpr.value == pytest.approx(1 / 3)


def test_a_thousand_negatives_without_one_above_bound_their_rate_at_that():
    _, fpr = tpr_at_fpr([1.0], [0.0] * 1000, calibration=[0.0] * 9000, fpr=0.001)
    assert (fpr.value, fpr.high) == (0.0, pytest.approx(0.00368, abs=5e-6))


def test_the_rate_that_was_meant_is_inside_the_interval_of_the_rate_that_was_had():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(200, 2000))
    # The threshold errs too, by as much as the count of a half does: a little wider than the count's own interval.
    found = [tpr_at_fpr(row[:10], row[:1000], calibration=row[1000:], fpr=0.05)[1] for row in scores]
    assert np.mean([its.low - 0.005 <= 0.05 <= its.high + 0.005 for its in found]) > 0.93
    assert np.mean([its.value for its in found]) == pytest.approx(0.05, abs=0.002)


def test_a_rate_that_the_negatives_cannot_resolve_is_refused():
    assert [negatives_for(fpr) for fpr in (0.1, 0.05, 0.01, 0.001)] == [100, 200, 1000, 10_000]
    with pytest.raises(ValueError, match="needs 10000 negatives, not 200"):
        tpr_at_fpr([1.0, 2.0], range(100), calibration=range(100), fpr=0.001)
    with pytest.raises(ValueError, match="set more apart"):
        tpr_at_fpr([1.0, 2.0], range(995), calibration=range(5), fpr=0.01)
    with pytest.raises(ValueError, match="lies in"):
        tpr_at_fpr([1.0, 2.0], range(100), calibration=range(100), fpr=0.0)


@pytest.mark.parametrize(("scores", "labels"), [([1.0, 2.0], [0, 1]), ([1.0] * 4, [0, 0, 1, 2]), ([1.0] * 3, [0, 1])])
def test_classes_that_cannot_be_compared_are_refused(scores, labels):
    with pytest.raises(ValueError, match=r"two of each class|one label"):
        auc(scores, labels)
