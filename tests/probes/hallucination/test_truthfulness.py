from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.hallucination.truthfulness import mc1, mc2

LOGS = st.lists(st.floats(-2000, -0.01), min_size=2, max_size=8)


def test_mc2_matches_the_worked_example():
    assert mc2([-3, -4, -2.5, -6], [0, 1]) == pytest.approx(0.446088, abs=1e-6)
    assert mc1([-3, -4, -2.5, -6], 0, [0, 2, 3]) == 0.0


def test_mc2_of_very_unlikely_answers_is_a_number():
    assert mc2([-800, -801], [0]) == pytest.approx(0.731059, abs=1e-6)


def test_the_likeliest_answer_gets_the_credit():
    assert mc1([-1, -2, -3], 0, [0, 1, 2]) == 1.0
    assert mc1([-2, -1, -3], 0, [0, 1, 2]) == 0.0


def test_other_true_answers_do_not_compete():
    assert mc1([-2, -1, -3], 0, [0, 2]) == 1.0


@given(st.integers(2, 9), st.data())
def test_a_constant_model_gets_one_kth(count, data):
    true = data.draw(st.integers(0, count - 1))
    assert mc1([-5.0] * count, true, range(count)) == 1 / count


@given(LOGS, st.data())
def test_swapped_labels_give_the_complement(totals, data):
    true = data.draw(st.sets(st.integers(0, len(totals) - 1), min_size=1, max_size=len(totals) - 1))
    false = set(range(len(totals))) - true
    assert mc2(totals, true) + mc2(totals, false) == pytest.approx(1, abs=1e-9)


@given(LOGS, st.floats(-500, 0))
def test_a_common_shift_changes_nothing(totals, shift):
    assert mc2([total + shift for total in totals], [0]) == pytest.approx(mc2(totals, [0]), abs=1e-6)


@given(st.lists(st.floats(-700, -0.01), min_size=2, max_size=8))
def test_both_rules_agree_with_the_plain_formulas_where_those_work(totals):
    plain = [math.exp(total) for total in totals]
    if sum(plain) > 1e-300:
        assert mc2(totals, [0]) == pytest.approx(plain[0] / sum(plain), abs=1e-9)
    if totals.count(max(totals)) == 1:
        assert mc1(totals, 0, range(len(totals))) == float(totals.index(max(totals)) == 0)
