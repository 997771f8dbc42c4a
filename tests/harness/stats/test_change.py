"""A change between two arms: its interval holds the truth as often as it says, whatever the number is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.change import change


def parts(values, groups=20):
    """The mean of ``values`` without each group, as items fall into groups in turn."""
    place = np.arange(len(values)) % groups
    return [float(values[place != group].mean()) for group in range(groups)]


def of_means(before, after, **settings):
    """Change of a mean; arrays of shape ``[seeds, items]``."""
    steps = after - before
    return change(
        steps.mean(axis=1), [parts(row) for row in steps], units=steps.shape[1], **{"drawn_anew": False, **settings}
    )


def test_of_a_mean_with_as_many_groups_as_items_it_is_the_paired_t_interval():
    random = np.random.default_rng(1)
    before, after = random.normal(size=(2, 1, 20))
    found = of_means(before, after).interval
    expected = stats.ttest_rel(after[0], before[0])
    low, high = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert of_means(before, after).p_above() == pytest.approx(
        stats.ttest_rel(after[0], before[0], alternative="greater").pvalue
    )


def test_seeds_that_draw_the_model_anew_widen_it_and_others_do_not():
    random = np.random.default_rng(2)
    items = random.normal(size=(3, 400))
    shifted = items + np.array([[0.0], [0.3], [0.6]])
    once, anew = of_means(items, shifted), of_means(items, shifted, drawn_anew=True)
    assert anew.interval.value == once.interval.value == pytest.approx(0.3)
    assert once.error == pytest.approx(0, abs=1e-9)
    assert anew.error == pytest.approx(0.3 / np.sqrt(3))
    assert anew.freedom == pytest.approx(2)
    assert anew.interval.low < 0 < anew.interval.high


def test_where_nothing_varies_a_share_is_bounded_by_what_was_not_seen_and_claims_no_certainty():
    same = np.ones((1, 60))
    found = of_means(same, same, bounds=(-1.0, 1.0))
    reach = 1 - 0.025 ** (1 / 60)
    assert (found.interval.low, found.interval.high) == pytest.approx((-reach, reach))
    assert (found.p_above(), found.p_below()) == (1.0, 1.0)
    assert found.least() == pytest.approx(-reach)
    assert "degenerate" in of_means(same, same).interval.method


@pytest.mark.parametrize(("before", "after"), [(0.5, 0.4), (0.8, 0.5), (0.1, 0.05)])
def test_intervals_of_paired_shares_hold_the_truth_as_often_as_they_say(before, after):
    random = np.random.default_rng(3)
    runs, hits, false = 1000, 0, 0
    for _ in range(runs):
        # Half of the items come out alike in both arms where they can: pairs, not two samples.
        toss = random.random((1, 200))
        other = np.where(random.random((1, 200)) < 0.5, toss, random.random((1, 200)))
        found = of_means((toss < before).astype(float), (other < after).astype(float), bounds=(-1.0, 1.0))
        hits += found.interval.low <= after - before <= found.interval.high
        false += found.p_above(after - before) < 0.05
    assert 0.93 <= hits / runs <= 0.97
    assert false / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_three_trained_models_give_an_interval_that_holds_the_truth():
    random = np.random.default_rng(4)
    hits, runs = 0, 1000
    for _ in range(runs):
        models = random.normal(0.1, 0.1, size=(3, 1))
        noise = random.normal(0, 0.5, size=(3, 100))
        found = of_means(np.zeros((3, 100)), models + noise, drawn_anew=True)
        hits += found.interval.low <= 0.1 <= found.interval.high
    # Items and seeds are reckoned apart, so that what both hold is reckoned twice: never too narrow.
    assert hits / runs >= 0.93


@pytest.mark.parametrize(
    ("whole", "left"), [([], []), ([1.0], [[1.0]]), ([1.0, 2.0], [[1.0, 1.0]]), ([float("nan")], [[1.0, 1.0]])]
)
def test_shapes_that_do_not_fit_and_numbers_that_are_none_are_refused(whole, left):
    with pytest.raises(ValueError, match=r"a change"):
        change(whole, left, units=3, drawn_anew=False)
