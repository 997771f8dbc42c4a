"""A whole curve: the same numbers by hand and by scikit-learn, and never more points than a screen tells apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.rates import proportion
from harness.stats.roc_curve import roc_curve

np = pytest.importorskip("numpy")
metrics = pytest.importorskip("sklearn.metrics")
SCORES = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12)


def test_the_numbers_are_those_of_a_count_by_hand():
    points = roc_curve([0.9, 0.8, 0.3, 0.3], [0.8, 0.5, 0.1])
    # 0.9 stands above all; 0.8 is shared by a record of either side, and so are both or neither.
    assert [(its.accused, its.true.value) for its in points] == [(0, 0.25), (1, 0.5), (2, 1.0), (3, 1.0)]
    assert [its.false for its in points] == [0, 1 / 3, 2 / 3, 1]
    assert points[1].true == proportion(2, 4, method="clopper-pearson")


@settings(max_examples=40)
@given(SCORES, SCORES)
def test_it_is_the_upper_end_of_the_curve_of_scikit_learn(positives, negatives):
    false, true, _ = metrics.roc_curve(
        [1] * len(positives) + [0] * len(negatives), [*positives, *negatives], drop_intermediate=False
    )
    upper = {}
    for x, y in zip(false, true, strict=True):
        upper[round(x * len(negatives))] = max(y, upper.get(round(x * len(negatives)), 0.0))
    points = roc_curve(positives, negatives)
    assert {its.accused: pytest.approx(its.true.value) for its in points} == upper


def test_of_many_records_the_ends_stay_and_the_strict_part_is_not_thinned_out():
    random = np.random.default_rng(0)
    points = roc_curve(random.normal(1, 1, 30_000), random.normal(0, 1, 30_000), most=100)
    assert len(points) <= 100
    assert (points[0].accused, points[-1].accused, points[-1].true.value) == (0, 30_000, 1.0)
    accused = [its.accused for its in points]
    assert {1, 2, 3, 4, 5} <= set(accused)
    assert accused == sorted(set(accused))


@pytest.mark.parametrize(
    ("positives", "negatives", "most"), [([], [1.0], 9), ([1.0], [float("nan")], 9), ([1], [0], 1)]
)
def test_what_makes_no_curve_is_refused(positives, negatives, most):
    with pytest.raises(ValueError, match=r"finite|at least 2 points"):
        roc_curve(positives, negatives, most=most)
