import numpy as np
import pytest
from scipy import stats

from harness.stats.quantiles import fewest, quantile


def test_the_bounds_of_a_median_are_those_of_the_sign_test():
    # n = 20: ranks 6 and 15, as tables of the sign test have them (coverage 0.9586).
    found = quantile(np.arange(1.0, 21.0), 0.5)
    assert (found.value, found.low, found.high, found.n) == (10.0, 6.0, 15.0, 20)
    assert found.method == "order statistics"


@pytest.mark.parametrize(("p", "needed"), [(0.5, 6), (0.9, 36), (0.99, 368), (0.1, 36)])
def test_too_few_values_cannot_bound_a_quantile(p, needed):
    assert fewest(p) == needed
    assert quantile(np.arange(float(needed)), p).n == needed
    with pytest.raises(ValueError, match=f"need {needed} values"):
        quantile(np.arange(float(needed - 1)), p)


SIZES = [(n, p) for n in (36, 37, 60, 400, 1000) for p in (0.1, 0.5, 0.9, 0.95) if n >= fewest(p)]


@pytest.mark.parametrize(("n", "p"), SIZES)
def test_each_side_errs_with_at_most_half_of_what_is_left_and_no_rank_is_given_away(n, p):
    found = quantile(np.arange(1.0, n + 1), p)
    low, high = int(found.low), int(found.high)
    assert stats.binom.cdf(low - 1, n, p) <= 0.025 < stats.binom.cdf(low, n, p)
    assert stats.binom.sf(high - 1, n, p) <= 0.025 < stats.binom.sf(high - 2, n, p)


def test_the_order_of_values_does_not_matter_and_ties_are_allowed():
    values = np.repeat([1.0, 2.0, 3.0], 20)
    assert quantile(values, 0.5) == quantile(values[::-1], 0.5)
    assert quantile(values, 0.5).value == 2.0


def test_what_is_no_quantile_is_refused():
    for p in (0.0, 1.0, -1.0):
        with pytest.raises(ValueError, match=r"lies in \(0, 1\)"):
            quantile([1.0] * 50, p)
    with pytest.raises(ValueError, match="finite"):
        quantile([1.0, float("nan")] * 20, 0.5)
