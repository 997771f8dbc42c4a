import numpy as np
import pytest

from harness.stats.jackknife import jackknife


def gap(first, second):
    return lambda rows: float(first[rows[0]].mean() - second[rows[1]].mean())


def test_it_covers_the_difference_of_two_means_as_often_as_it_claims():
    hits = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        found = jackknife(gap(random.normal(1, 1, 60), random.normal(0, 2, 90)), [60, 90], seed=seed)
        hits += found.low <= 1 <= found.high
    assert 273 <= hits <= 297


def test_its_width_is_that_of_the_textbook_for_a_mean():
    values = np.random.default_rng(0).normal(0, 1, 400)
    found = [jackknife(lambda rows: float(values[rows[0]].mean()), [400], seed=seed) for seed in range(40)]
    assert np.mean([interval.high - interval.low for interval in found]) == pytest.approx(
        2 * 2.09 * values.std() / 20, rel=0.1
    )


def test_a_sample_too_small_to_part_is_refused():
    with pytest.raises(ValueError, match="need 40 units"):
        jackknife(lambda _: 0.0, [39, 100], seed=0)
