"""E-values: worked examples, and no more false alarms than promised however often one looks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from harness.stats.sequential import always_valid_p, beta_binomial_e


def test_e_values_match_the_worked_examples():
    assert beta_binomial_e(65, 100, 0.5) == pytest.approx(11.46, abs=5e-3)
    assert beta_binomial_e(70, 100, 0.5) == pytest.approx(427.3, abs=0.05)


def test_an_e_value_without_data_is_one():
    assert beta_binomial_e(0, 0, 0.3) == pytest.approx(1.0)


def test_e_values_average_to_one_under_the_null():
    hits = np.arange(41)
    mean = sum(stats.binom.pmf(s, 40, 0.3) * beta_binomial_e(int(s), 40, 0.3) for s in hits)
    assert mean == pytest.approx(1.0)


def test_overwhelming_evidence_stays_finite():
    assert np.isfinite(beta_binomial_e(100_000, 100_000, 0.01))


def test_always_valid_p_never_rises_and_ends_at_the_best_look():
    flags = [1] * 30 + [0] * 30
    ps = always_valid_p(flags, 0.5)
    assert all(later <= earlier for earlier, later in pairwise(ps))
    assert ps[-1] == pytest.approx(1 / beta_binomial_e(30, 30, 0.5))


def test_looking_after_every_item_keeps_false_alarms_below_alpha():
    flags = np.random.default_rng(0).integers(0, 2, size=(1000, 500))
    alarms = np.mean([always_valid_p(run, 0.5)[-1] <= 0.05 for run in flags])
    assert alarms <= 0.05
    assert alarms > 0.01  # about .034: the test is not blind


def test_a_real_effect_is_found():
    flags = (np.random.default_rng(1).random((100, 500)) < 0.65).astype(int)
    assert np.mean([always_valid_p(run, 0.5)[-1] <= 0.05 for run in flags]) > 0.95


def test_no_flags_give_no_p_values():
    assert always_valid_p([], 0.5) == []


def test_what_is_no_count_no_flag_or_no_rate_is_refused():
    with pytest.raises(ValueError, match="successes"):
        beta_binomial_e(5, 4, 0.5)
    with pytest.raises(ValueError, match="rate to test"):
        beta_binomial_e(1, 4, 0.0)
    with pytest.raises(ValueError, match="0 or 1"):
        always_valid_p([0, 2], 0.5)
