"""Semantic entropy: closed forms, groups that no order changes, and how much a greedy way depends on it."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.entropy import consistency, groups, order_sensitivity, semantic_entropy

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15)


def test_entropy_is_that_of_the_worked_examples():
    assert semantic_entropy(["a"] * 10).value == 0.0
    assert semantic_entropy(range(10)).value == pytest.approx(log(10))
    found = semantic_entropy([0] * 5 + [1] * 3 + [2] * 2)
    assert found.value == pytest.approx(1.029653, abs=1e-6)
    assert (found.most, found.answers, found.meanings, found.method) == (pytest.approx(log(10)), 10, 3, "counts")


@given(st.lists(st.integers(0, 5), min_size=2, max_size=20))
def test_entropy_lies_between_nothing_and_its_most(meanings):
    for correction in ("none", "miller-madow"):
        found = semantic_entropy(meanings, correction=correction)
        assert 0 <= found.value <= found.most + 1e-12
    assert semantic_entropy(meanings * 3).value == pytest.approx(semantic_entropy(meanings).value)


def test_miller_and_madows_correction_is_named_and_undoes_most_of_the_bias():
    rng, true = np.random.default_rng(0), log(4)
    drawn = rng.integers(0, 4, size=(2000, 10)).tolist()
    plain, corrected = (
        np.mean([semantic_entropy(its, correction=name).value for its in drawn]) for name in ("none", "miller-madow")
    )
    assert true - plain == pytest.approx(3 / 20, abs=0.03)
    assert abs(true - corrected) < 0.04
    found = semantic_entropy([0, 0, 1, 2], correction="miller-madow")
    assert found.method == "counts, miller-madow"
    assert found.value == pytest.approx(1.5 * log(2) + 2 / 8)
    assert found.most == pytest.approx(log(4) + 3 / 8)


def test_likely_answers_weigh_more():
    found = semantic_entropy([0, 1, 0], likelihoods=np.log([0.2, 0.5, 0.3]))
    assert found.value == pytest.approx(log(2))
    assert found.method == "likelihoods"
    heavy = semantic_entropy(["a", "b"], likelihoods=np.log([0.9, 0.1]))
    assert heavy.value == pytest.approx(-0.9 * log(0.9) - 0.1 * log(0.1))


@given(st.lists(st.integers(0, 4), min_size=2, max_size=15), st.floats(-2000, 0))
def test_equal_likelihoods_count_answers_however_small_they_are(meanings, level):
    found = semantic_entropy(meanings, likelihoods=[level] * len(meanings))
    assert found.value == pytest.approx(semantic_entropy(meanings).value, abs=1e-9)


def test_answers_at_random_have_more_entropy_than_answers_that_stay():
    rng = np.random.default_rng(0)
    at_random = [semantic_entropy(rng.integers(0, 50, size=10).tolist()).value for _ in range(50)]
    assert min(at_random) > semantic_entropy([7] * 10).value == 0


def test_entropy_of_one_answer_is_refused():
    with pytest.raises(ValueError, match="at least 2 answers"):
        semantic_entropy(["a"])
    with pytest.raises(ValueError, match="as many likelihoods"):
        semantic_entropy(["a", "b"], likelihoods=[-1.0])
    with pytest.raises(ValueError, match="no correction"):
        semantic_entropy(["a", "b"], likelihoods=[-1.0, -1.0], correction="miller-madow")


# ── groups ────────────────────────────────────────────────────────────────────────────────


def test_groups_are_numbered_by_their_first_members():
    assert groups(5, []) == [0, 1, 2, 3, 4]
    assert groups(5, [(3, 1), (4, 0)]) == [0, 1, 2, 1, 0]
    assert groups(6, [(5, 4), (4, 2), (1, 0)]) == [0, 0, 1, 2, 1, 1]
    assert groups(0, []) == []


@given(PAIRS, st.randoms())
def test_the_order_of_pairs_and_their_direction_make_no_difference(pairs, random):
    turned = [pair[::-1] if random.random() < 0.5 else pair for pair in pairs]
    random.shuffle(turned)
    assert groups(10, turned) == groups(10, pairs)


@given(PAIRS)
def test_groups_hold_what_pairs_reach_and_no_more(pairs):
    reach = np.eye(10, dtype=bool)
    for one, other in pairs:
        reach[one, other] = reach[other, one] = True
    for _ in range(4):
        reach = reach @ reach
    found = np.array(groups(10, pairs))
    assert (np.equal.outer(found, found) == reach).all()
    first = [int(np.flatnonzero(found == number)[0]) for number in range(found.max() + 1)]
    assert first == sorted(first)


def test_a_place_that_is_not_there_is_refused():
    for pair in ((0, 3), (-1, 0)):
        with pytest.raises(ValueError, match="places lie in 0 to 2"):
            groups(3, [pair])
        with pytest.raises(ValueError, match="places lie in 0 to 2"):
            order_sensitivity(3, [pair], seed=0)


# ── order ─────────────────────────────────────────────────────────────────────────────────


def test_greedy_groups_of_a_chain_depend_on_the_order():
    # With the middle one first all three are one group; with an end first, two or one more is left over.
    chain = [(0, 1), (1, 2)]
    assert order_sensitivity(3, chain, seed=0) == pytest.approx(log(3) - 2 / 3 * log(2))
    assert order_sensitivity(3, chain, seed=0) == order_sensitivity(3, chain, seed=0)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=10))
def test_where_sameness_is_transitive_the_order_makes_no_difference(meanings):
    same = [(i, j) for i, one in enumerate(meanings) for j, other in enumerate(meanings) if one == other]
    assert order_sensitivity(len(meanings), same, seed=0) == pytest.approx(0, abs=1e-12)


def test_one_answer_or_no_shuffle_has_no_order():
    with pytest.raises(ValueError, match="at least 2 answers and one shuffle"):
        order_sensitivity(1, [], seed=0)
    with pytest.raises(ValueError, match="at least 2 answers and one shuffle"):
        order_sensitivity(2, [], seed=0, shuffles=0)


# ── consistency ───────────────────────────────────────────────────────────────────────────


def test_consistency_counts_each_pair_once():
    assert consistency([4, 1]) == pytest.approx(0.6)
    assert consistency([5]) == 1.0
    assert consistency([1, 1, 1]) == 0.0
    with pytest.raises(ValueError, match="at least 2 answers"):
        consistency([1])
    with pytest.raises(ValueError, match="at least 2 answers"):
        consistency([-1, 4])


@pytest.mark.parametrize("options", [2, 4, 10])
def test_answers_at_random_agree_in_one_pair_of_as_many_as_there_are_options(options):
    drawn = np.random.default_rng(0).multinomial(6, [1 / options] * options, size=5000)
    assert np.mean([consistency(its) for its in drawn.tolist()]) == pytest.approx(1 / options, abs=0.01)
