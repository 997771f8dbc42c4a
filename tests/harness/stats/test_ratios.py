import numpy as np
import pytest
from scipy import stats

from harness.stats.ratios import mapped, ratio


def test_a_ratio_is_that_of_the_sums_and_not_the_mean_of_ratios():
    found = ratio([1.0, 30.0, 5.0], [1.0, 10.0, 4.0], seed=0)
    assert found.value == pytest.approx(36 / 15)
    assert found.method == "student t of a ratio"
    # By hand: residuals y - R x of -1.4, 6 and -4.6, squared and summed 59.12; times 3 / 2, root, over 15.
    half = stats.t.ppf(0.975, 2) * (59.12 * 1.5) ** 0.5 / 15
    assert (found.low, found.high) == pytest.approx((2.4 - half, 2.4 + half))


def test_members_of_a_cluster_are_one_unit():
    rows = np.arange(1.0, 61.0)
    apart, together = ratio(rows, rows + 1, seed=0), ratio(rows, rows + 1, [str(n // 2) for n in range(60)], seed=0)
    assert (apart.n, together.n) == (60, 30)
    assert apart.value == pytest.approx(together.value)
    assert together.method == "bca bootstrap of a ratio"


def test_units_that_agree_show_no_spread_and_say_so():
    found = ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], seed=0)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)
    assert "degenerate" in found.method
    bounded = ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], seed=0, bounds=(0.0, 8.0))
    assert bounded.low < 2 < bounded.high


@pytest.mark.parametrize(
    ("above", "below", "clusters"),
    [([1.0], [1.0], None), ([1.0, 2.0], [1.0, 0.0], None), ([1.0, 2.0], [1.0, 1.0], ["a", "a"]), ([1.0], [1, 2], None)],
)
def test_what_is_no_ratio_is_refused(above, below, clusters):
    with pytest.raises(ValueError, match="at least 2|above 0|labels"):
        ratio(above, below, clusters, seed=0)


def test_a_function_of_a_number_has_the_function_of_its_bounds():
    interval = ratio([1.0, 30.0, 5.0], [1.0, 10.0, 4.0], seed=0, bounds=(0.5, 9.0))
    falling = mapped(interval, lambda x: 1 / x)
    assert (falling.low, falling.high) == (1 / interval.high, 1 / interval.low)
    assert mapped(interval, np.exp).value == pytest.approx(np.exp(2.4))


@pytest.mark.parametrize("units", [8, 40])
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(units):
    random, held = np.random.default_rng(units), 0
    for seed in range(300):
        below = random.gamma(4.0, 1.0, units)
        above = below * random.lognormal(0.0, 0.2, units)
        found = ratio(above, below, seed=seed, resamples=500)
        held += found.low <= np.exp(0.02) <= found.high
    assert 0.91 <= held / 300 <= 0.985
