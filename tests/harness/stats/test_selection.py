"""Selective answering: areas in closed form, ties averaged over all their orders, and intervals that cover."""

from __future__ import annotations

from itertools import permutations
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.roc import auc
from harness.stats.selection import augrc, aurc, coverage_at, references, risk_coverage

ANSWERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=20, max_size=40)


def columns(pairs):
    return [float(sure) for sure, _ in pairs], [float(wrong) for _, wrong in pairs]


def area(sure, losses):
    return float(np.mean(risk_coverage(sure, losses).risk))


def test_the_area_is_that_of_the_worked_example():
    losses = [0, 0, 1, 0, 1]
    assert area([5, 4, 3, 2, 1], losses) == pytest.approx(0.196667, abs=1e-6)
    assert references(losses).aurc_best == pytest.approx(0.13)
    assert references(losses).aurc_random == pytest.approx(0.4)


@pytest.mark.parametrize(("rate", "best"), [(0.1, 0.0052), (0.3, 0.0503), (0.5, 0.1534)])
def test_the_best_area_of_many_answers_has_its_closed_form(rate, best):
    losses = np.arange(100_000) < rate * 100_000
    assert references(losses).aurc_best == pytest.approx(best, abs=1e-4)
    assert best == pytest.approx(rate + (1 - rate) * log(1 - rate), abs=5e-5)
    assert references(losses).augrc_best == pytest.approx(rate**2 / 2, abs=1e-5)


def test_ties_count_as_the_mean_over_all_their_orders():
    sure, losses = np.array([2, 1, 1, 1, 0]), np.array([1, 0, 1, 0, 1])
    orders = [[0, *order, 4] for order in permutations([1, 2, 3])]
    means = [(losses[order].cumsum() / np.arange(1, 6)).mean() for order in orders]
    assert area(sure, losses) == pytest.approx(np.mean(means))


@given(ANSWERS, st.randoms())
def test_the_order_of_answers_makes_no_difference(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert risk_coverage(*columns(shuffled)) == risk_coverage(*columns(pairs))


@given(ANSWERS)
def test_areas_lie_between_the_best_and_the_worst_order(pairs):
    sure, losses = columns(pairs)
    assert references(losses).aurc_best - 1e-12 <= area(sure, losses) <= area(losses, losses) + 1e-12


def test_one_confidence_for_all_is_a_random_order():
    losses = [1.0, 0.0, 0.0, 0.25] * 10
    assert aurc([0.5] * 40, losses, seed=0, resamples=50).value == pytest.approx(references(losses).aurc_random)
    assert augrc([0.5] * 40, losses, seed=0, resamples=50).value == pytest.approx(references(losses).augrc_random)


@given(ANSWERS.filter(lambda pairs: 2 <= sum(wrong for _, wrong in pairs) <= len(pairs) - 2))
def test_the_generalised_area_is_that_of_the_roc_curve_in_other_words(pairs):
    sure, losses = columns(pairs)
    rate, area_ = np.mean(losses), auc(sure, [1 - int(loss) for loss in losses]).value
    expected = (1 - area_) * rate * (1 - rate) + rate**2 / 2
    assert augrc(sure, losses, seed=0, resamples=2).value == pytest.approx(expected)


def test_intervals_count_units_and_stay_in_range():
    rng = np.random.default_rng(0)
    sure = rng.random(120)
    losses = (rng.random(120) > sure).astype(float)
    labels = [str(i // 4) for i in range(120)]
    plain, clustered = (aurc(sure, losses, its, seed=1, resamples=200) for its in (None, labels))
    assert (plain.n, clustered.n) == (120, 30)
    assert plain.value == clustered.value
    assert 0 <= clustered.low < clustered.value < clustered.high <= 1
    assert clustered.method == "bca bootstrap, clustered"


def test_copies_in_a_cluster_count_once():
    rng = np.random.default_rng(0)
    sure = np.repeat(rng.random(40), 5)
    losses = np.repeat((rng.random(40) < 0.3).astype(float), 5)
    labels = np.repeat([str(i) for i in range(40)], 5).tolist()
    widths = [(its := aurc(sure, losses, of, seed=1, resamples=300)).high - its.low for of in (None, labels)]
    assert widths[1] > 1.7 * widths[0]


def test_no_errors_leave_room_for_some():
    found = aurc(range(50), [0.0] * 50, seed=0, resamples=50)
    assert found.value == 0
    assert 0.05 < found.high < 0.1


def test_coverage_at_a_risk_never_parts_ties():
    losses = [0, 0, 1, 0, 1]
    assert coverage_at([5, 4, 3, 2, 1], losses, alpha=0.25) == 0.8
    assert coverage_at([5, 4, 4, 2, 1], losses, alpha=0.25) == 0.8
    assert coverage_at([5, 4, 4, 2, 1], losses, alpha=0.2) == 0.2
    assert coverage_at([1, 1, 1, 1, 1], losses, alpha=0.3) == 0.0
    assert coverage_at([1, 1, 1, 1, 1], losses, alpha=0.4) == 1.0


def test_what_cannot_be_an_answer_is_refused():
    with pytest.raises(ValueError, match="2 confidences but 1 losses"):
        risk_coverage([1.0, 2.0], [0.0])
    with pytest.raises(ValueError, match=r"losses lie in \[0, 1\]"):
        references([2.0])
    with pytest.raises(ValueError, match="20 independent units, not 5"):
        aurc(range(5), [0.0] * 5, seed=0)
    with pytest.raises(ValueError, match="20 independent units, not 2"):
        aurc(range(40), [0.0] * 40, ["a", "b"] * 20, seed=0)
    with pytest.raises(ValueError, match="40 rows but 1 cluster labels"):
        aurc(range(40), [0.0] * 40, ["a"], seed=0)
    with pytest.raises(ValueError, match="a risk lies in"):
        coverage_at([1.0], [0.0], alpha=2)


@pytest.mark.slow
@pytest.mark.parametrize("n", [40, 150])
@pytest.mark.parametrize("rate", [0.1, 0.3])
@pytest.mark.parametrize("tied", [False, True])
def test_areas_cover(n, rate, tied):
    rng = np.random.default_rng(n)

    def draw(size):
        sure = rng.random(size)
        sure = np.round(sure, 1) if tied else sure
        return sure, (rng.random(size) < 2 * rate * (1 - sure)).astype(float)

    many = draw(1_000_000)
    for statistic in (aurc, augrc):
        truth = area(*many) if statistic is aurc else _generalised(*many)
        found = [statistic(*draw(n), seed=run, resamples=300) for run in range(200)]
        assert np.mean([its.low <= truth <= its.high for its in found]) >= 0.88


def _generalised(sure, losses):
    curve = risk_coverage(sure, losses)
    return float((np.array(curve.risk) * np.array(curve.coverage)).mean())
