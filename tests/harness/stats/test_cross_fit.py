"""Two texts of each unit told apart: no unit sees itself, and nothing is told where there is nothing to tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.cross_fit import LEAST, paired_auc, told_apart
from harness.stats.roc import auc


def texts(units, features, shift, random):
    base = random.normal(0, 1, (units, features))
    first, second = (base + random.normal(0, 1, (units, features)) for _ in range(2))
    first[:, 0] += shift
    return first, second


# ── without a classifier ──────────────────────────────────────────────────────────────────


def test_the_area_of_a_score_is_that_of_all_pairs():
    first, second = [3.0, 1.0, 2.0], [0.0, 1.0, 2.0]
    # Of nine pairs 3 beats three; 1 beats one and ties one; 2 beats two and ties one: 6 and two halves.
    assert paired_auc(first, second).value == pytest.approx(7 / 9)
    assert paired_auc(second, first).value == pytest.approx(2 / 9)
    scores, labels = [*first, *second], [1, 1, 1, 0, 0, 0]
    assert paired_auc(first, second).value == pytest.approx(auc(scores, labels).value)


def test_what_both_texts_of_a_unit_share_is_no_noise():
    random = np.random.default_rng(0)
    topic = random.normal(0, 5, 60)
    first, second = topic + 1 + random.normal(0, 0.1, 60), topic + random.normal(0, 0.1, 60)
    paired = paired_auc(first, second)
    apart = auc([*first, *second], [1] * 60 + [0] * 60)
    assert paired.value == pytest.approx(apart.value)
    assert paired.high - paired.low < (apart.high - apart.low) / 2


def test_an_area_at_its_end_keeps_a_width():
    its = paired_auc(np.ones(20), np.zeros(20))
    assert (its.value, its.high) == (1, 1)
    assert its.low < 0.9


@pytest.mark.parametrize(("first", "second"), [([1.0], [0.0]), ([1.0, 2.0], [0.0]), ([np.nan, 1.0], [0.0, 1.0])])
def test_what_is_no_pairs_of_scores_is_refused(first, second):
    with pytest.raises(ValueError, match=r"."):
        paired_auc(first, second)


# ── with one ──────────────────────────────────────────────────────────────────────────────


def test_a_shift_of_one_feature_is_found_and_chances_say_so():
    found = told_apart(*texts(120, 6, 3.0, np.random.default_rng(1)), seed=0)
    assert found.area.low > 0.8
    assert found.first.mean() > 0.7
    assert found.second.mean() < 0.3
    assert ((found.first >= 0) & (found.first <= 1)).all()


def test_no_unit_sees_itself():
    # Every unit has a mark of its own in its first text: whoever saw the unit would know it, nobody else can.
    units = 60
    first, second = np.zeros((units, units)), np.zeros((units, units))
    first[np.arange(units), np.arange(units)] = 1.0
    area = told_apart(first, second, seed=0).area
    assert area.value == pytest.approx(0.5, abs=0.02)


def test_units_that_give_nothing_away_are_not_taken_for_the_other_kind():
    # 14 of 20 first texts lie far off, in all features; the other six are like second texts, and tie with them on
    # average. Pooled over classifiers, each centred on the units it knows, the six would come out lower than they are.
    random, areas = np.random.default_rng(7), []
    for run in range(25):
        first, second = random.normal(0, 1, (2, 20, 16))
        first[:14] += 8
        order = random.permutation(20)
        areas.append(told_apart(first[order], second[order], seed=run).area.value)
    assert np.mean(areas) == pytest.approx(0.7 + 0.3 / 2, abs=0.03)


def test_a_missing_feature_and_one_that_never_varies_weigh_nothing():
    random = np.random.default_rng(2)
    first, second = texts(80, 3, 3.0, random)
    bare = told_apart(first, second, seed=0)
    empty, constant = np.full((80, 1), np.nan), np.ones((80, 1))
    more = told_apart(np.hstack([first, empty, constant]), np.hstack([second, empty, constant]), seed=0)
    assert more.area == bare.area
    assert np.allclose(more.first, bare.first)


def test_equal_texts_tie_and_every_chance_is_one_half():
    same = np.random.default_rng(3).normal(0, 1, (40, 4))
    found = told_apart(same, same, seed=0)
    assert found.area.value == 0.5
    assert (found.first == found.second).all()
    assert np.allclose(found.first, 0.5, atol=0.05)


def test_the_same_texts_give_the_same_numbers():
    random = np.random.default_rng(4)
    first, second = texts(40, 4, 1.0, random)
    one, other = told_apart(first, second, seed=0), told_apart(first, second, seed=0)
    assert one.area == other.area
    assert (one.first == other.first).all()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros((LEAST - 1, 2)), np.zeros((LEAST - 1, 2))),
        (np.zeros((LEAST, 0)), np.zeros((LEAST, 0))),
        (np.zeros((LEAST, 2)), np.zeros((LEAST, 3))),
        (np.full((LEAST, 2), np.inf), np.zeros((LEAST, 2))),
    ],
)
def test_tables_that_cannot_be_told_apart_are_refused(first, second):
    with pytest.raises(ValueError, match=r"units|rows"):
        told_apart(first, second, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(("units", "features"), [(20, 16), (46, 16), (100, 4)])
def test_where_there_is_nothing_to_tell_the_area_holds_one_half_as_often_as_it_says(units, features):
    random, runs = np.random.default_rng(5), 150
    held = 0
    for run in range(runs):
        its = told_apart(*texts(units, features, 0.0, random), seed=run).area
        held += its.low <= 0.5 <= its.high
    assert held >= stats.binom(runs, 0.95).ppf(0.005)


@pytest.mark.slow
def test_chances_are_as_often_right_as_they_say():
    random, chances, truth = np.random.default_rng(6), [], []
    for run in range(25):
        its = told_apart(*texts(80, 5, 1.5, random), seed=run)
        chances += [*its.first, *its.second]
        truth += [1] * 80 + [0] * 80
    told, true = np.array(chances), np.array(truth)
    for low in (0.2, 0.4, 0.6):
        part = (told >= low) & (told < low + 0.2)
        assert true[part].mean() == pytest.approx(told[part].mean(), abs=0.06)
