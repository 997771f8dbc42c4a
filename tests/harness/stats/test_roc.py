"""ROC: areas counted pair by pair, and exact intervals at a fixed false-positive rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.rates import proportion
from harness.stats.roc import auc, tpr_at_fpr

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


def test_true_positives_are_counted_above_the_threshold_of_the_negatives():
    negatives, positives = list(range(100)), [94.0, 94.5, 95.5, 99.0, 120.0]
    found = tpr_at_fpr(*labelled(positives, negatives), fpr=0.05)  # five negatives, 95 to 99, exceed 94
    assert found == proportion(4, 5, method="clopper-pearson")


def test_ties_at_the_threshold_never_raise_the_false_positive_rate():
    negatives = [0.0] * 90 + [1.0] * 10
    assert tpr_at_fpr(*labelled([1.0, 1.0, 2.0], negatives), fpr=0.05).value == pytest.approx(1 / 3)


def test_a_rate_that_the_negatives_cannot_resolve_is_refused():
    with pytest.raises(ValueError, match="needs 1000 negatives, not 100"):
        tpr_at_fpr(*labelled([1.0, 2.0], range(100)), fpr=0.001)
    with pytest.raises(ValueError, match="lies in"):
        tpr_at_fpr(*labelled([1.0, 2.0], range(100)), fpr=0.0)


@pytest.mark.parametrize(("scores", "labels"), [([1.0, 2.0], [0, 1]), ([1.0] * 4, [0, 0, 1, 2]), ([1.0] * 3, [0, 1])])
def test_classes_that_cannot_be_compared_are_refused(scores, labels):
    with pytest.raises(ValueError, match=r"two of each class|one label"):
        auc(scores, labels)
