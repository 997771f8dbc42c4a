import numpy as np
import pytest
from scipy import stats

from harness.stats.ranks import spearman


def test_any_steady_rise_is_a_perfect_correlation():
    found = spearman([1, 4, 16, 64, 256, 1024], [0, 1, 1.1, 7, 7.5, 100])
    assert found.value == 1
    assert found.low > 0.3
    assert found.high == 1
    assert spearman([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]).value == -1


def test_ties_take_their_middle_rank_as_scipy_has_it():
    random = np.random.default_rng(0)
    repeats = np.repeat([1, 4, 16, 64], 4)
    exposures = random.normal(size=16) + np.log2(repeats)
    assert spearman(repeats, exposures).value == pytest.approx(stats.spearmanr(repeats, exposures).statistic)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_interval_holds_the_truth_as_often_as_it_claims(correlation):
    random = np.random.default_rng(1)
    truth = 6 / np.pi * np.arcsin(correlation / 2)  # Spearman's, of two normals
    held = 0
    for _ in range(600):
        first = random.normal(size=24)
        second = correlation * first + np.sqrt(1 - correlation**2) * random.normal(size=24)
        found = spearman(first, second)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 600 <= 0.98


@pytest.mark.parametrize(
    ("first", "second"), [([1, 2, 3, 4], [1, 2, 3, 4]), ([1, 2, 3, 4, 5], [1, 2]), ([1] * 5, [1, 2, 3, 4, 5])]
)
def test_too_few_pairs_and_constant_values_are_refused(first, second):
    with pytest.raises(ValueError, match=r"rank correlation|no ranks"):
        spearman(first, second)
