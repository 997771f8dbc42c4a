import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.exposure import (
    MOST_BITS,
    extrapolated,
    null_mean,
    null_means,
    null_tail,
    null_variance,
    planted_mean,
    sampled,
    stratified_mean,
    threshold,
)

SKEWED = stats.skewnorm(4, 3, 1)


# ── one canary ────────────────────────────────────────────────────────────────────────────


def test_the_likeliest_of_all_fills_has_the_logarithm_of_their_number():
    references = np.arange(1, 256) + 10.0
    assert sampled(10.5, references) == 8
    assert sampled(11.5, references) == 7
    assert sampled(1000, references) == 0


def test_a_tie_counts_against_the_model():
    assert sampled(1.0, [1.0, 1.0, 2.0]) == pytest.approx(np.log2(4 / 3))
    assert sampled(0.0, np.zeros(100)) == 0


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.integers(-60, 60), st.integers(1, 20))
def test_a_lower_loss_never_has_less_exposure(references, loss, less):
    assert sampled(loss - less, references) >= sampled(loss, references)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="finite"):
        sampled(float("nan"), [1.0])
    with pytest.raises(ValueError, match="non-empty"):
        sampled(1.0, [])


def test_extrapolation_finds_the_true_exposure_that_so_many_references_could_not_show():
    references = SKEWED.rvs(20_000, random_state=np.random.default_rng(3))
    found = extrapolated(2.6, references)
    assert -SKEWED.logcdf(2.6) / np.log(2) == pytest.approx(7.933, abs=5e-4)
    assert found.bits == pytest.approx(7.933, abs=0.5)
    assert found.fit > 0.01
    beyond = extrapolated(2.0, references).bits
    assert beyond > np.log2(20_001) == pytest.approx(14.29, abs=0.01)
    assert sampled(2.0, references) <= np.log2(20_001)


def test_its_fit_is_as_likely_as_that_of_scipy_and_as_good_in_the_tail():
    references = SKEWED.rvs(500, random_state=np.random.default_rng(4))
    theirs = stats.skewnorm.fit(references)
    expected = -stats.skewnorm.logcdf(2.8, *theirs) / np.log(2)
    assert extrapolated(2.8, references).bits == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_of_the_loss_do_not_matter(scale):
    references = np.random.default_rng(5).normal(7, 1, 200)
    plain, scaled = extrapolated(4.0, references), extrapolated(4.0 * scale, references * scale)
    assert scaled.bits == pytest.approx(plain.bits, rel=1e-3)
    assert scaled.fit == pytest.approx(plain.fit, rel=1e-3)


def test_extrapolation_ends_at_the_space_of_fills():
    references = np.random.default_rng(6).normal(0, 1, 200)
    assert extrapolated(-1000.0, references).bits == pytest.approx(MOST_BITS)
    assert extrapolated(1000.0, references).bits == 0


def test_losses_that_no_skew_normal_fits_are_told_by_their_fit():
    random = np.random.default_rng(7)
    two_heaps = np.concatenate([random.normal(0, 0.1, 100), random.normal(10, 0.1, 100)])
    assert extrapolated(0.0, two_heaps).fit < 1e-4
    with pytest.raises(ValueError, match="one loss"):
        extrapolated(1.0, np.ones(50))


# ── what chance gives ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("n", "mean"), [(1, 0), (10, 1.1428), (100, 1.3962), (1000, 1.4364), (10**6, 1.44268), (10**12, 1.442695)]
)
def test_the_mean_of_chance_is_exact(n, mean):
    assert null_mean(n) == pytest.approx(mean, abs=1e-4)


def test_mean_and_variance_of_chance_are_those_of_a_uniform_rank():
    exposures = np.log2(201 / np.arange(1, 202))
    assert null_mean(201) == pytest.approx(exposures.mean())
    assert null_variance(201) == pytest.approx(exposures.var())
    assert null_variance(10**6) == pytest.approx(np.log2(np.e) ** 2, abs=1e-3)


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_tail_of_chance_is_exact_at_every_rank(n, rank):
    rank = min(rank, n)
    assert null_tail(np.log2(n / rank), n) == pytest.approx(rank / n)


@pytest.mark.parametrize(("bits", "n", "tail"), [(0, 10, 1), (1, 10, 0.5), (3, 10, 0.1), (4, 10, 0), (-1, 10, 1)])
def test_the_tail_of_chance_between_ranks(bits, n, tail):
    assert null_tail(bits, n) == tail


def test_exposures_of_a_uniform_model_follow_the_law_of_chance():
    random = np.random.default_rng(8)
    found = np.array([sampled(random.random(), random.random(999)) for _ in range(500)])
    ranks = 1000 * 2.0**-found
    assert stats.kstest((ranks - random.random(500)) / 1000, "uniform").pvalue > 0.01
    assert found.mean() == pytest.approx(null_mean(1000), abs=3 * np.sqrt(null_variance(1000) / 500))


def test_extrapolated_exposures_of_a_uniform_model_follow_it_too():
    random = np.random.default_rng(9)
    found = np.array([extrapolated(random.normal(), random.normal(size=200)).bits for _ in range(300)])
    assert stats.kstest(2.0**-found, "uniform").pvalue > 0.01
    assert np.mean(found >= 5) == pytest.approx(2**-5, abs=0.03)


def test_the_band_of_chance_narrows_with_the_number_of_canaries():
    few, many = null_means([201] * 4), null_means([201] * 64)
    for means, canaries in ((few, 4), (many, 64)):
        assert means.mean() == pytest.approx(null_mean(201), abs=0.03)
        assert means.var() == pytest.approx(null_variance(201) / canaries, rel=0.05)
    assert np.array_equal(few, null_means([201] * 4))
    with pytest.raises(ValueError, match="its own"):
        null_means([])


@pytest.mark.parametrize("share", [1.0, 0.25, 1 / 16])
def test_a_fill_among_the_likeliest_share_has_the_mean_that_is_computed(share):
    random = np.random.default_rng(10)
    found = np.array([sampled(random.uniform(0, share), random.random(200)) for _ in range(20_000)])
    assert planted_mean(201, share) == pytest.approx(found.mean(), abs=4 * found.std() / np.sqrt(20_000))
    if share == 1:
        assert planted_mean(201, share) == pytest.approx(null_mean(201))


def test_the_threshold_keeps_its_family_error():
    assert threshold(20) == pytest.approx(8.64, abs=0.005)
    assert 20 * 2 ** -threshold(20) == pytest.approx(0.05)
    for wrong in ((0, 0.05), (5, 0.0), (5, 1.0)):
        with pytest.raises(ValueError, match="at least one canary"):
            threshold(wrong[0], error=wrong[1])


@pytest.mark.parametrize("law", [null_mean, null_variance, lambda n: null_tail(1, n), lambda n: planted_mean(n, 0.5)])
def test_no_fill_has_no_law_of_chance(law):
    with pytest.raises(ValueError, match="at least one fill"):
        law(0)


# ── several canaries ──────────────────────────────────────────────────────────────────────


def test_the_spread_between_levels_is_no_uncertainty():
    values, levels = [0.9, 1.1, 6.9, 7.1], ["1", "1", "64", "64"]
    narrow = stratified_mean(values, levels, least=0.0)
    assert narrow.value == 4
    half = stats.t.ppf(0.975, 2) * np.sqrt(0.02 / 4)
    assert (narrow.low, narrow.high) == pytest.approx((4 - half, 4 + half))
    assert narrow.n == 4
    assert "within levels" in narrow.method


def test_canaries_that_all_show_the_most_have_an_interval_all_the_same():
    found = stratified_mean([7.65] * 4, ["64"] * 4, least=2.0, bounds=(0, 7.65))
    half = stats.t.ppf(0.975, 3) * np.sqrt(2 / 4)
    assert (found.low, found.value, found.high) == pytest.approx((7.65 - half, 7.65, 7.65))


def test_one_canary_of_each_level_shows_no_spread():
    with pytest.raises(ValueError, match="no level has two"):
        stratified_mean([1.0, 2.0], ["1", "4"], least=2.0)
    with pytest.raises(ValueError, match="2 values but 1 level"):
        stratified_mean([1.0, 2.0], ["1"], least=2.0)


@pytest.mark.parametrize("doubling", [0.0, 0.25, 0.5, 1.0])
def test_the_interval_holds_the_true_mean_as_often_as_it_claims(doubling):
    """Losses fall by so many standard deviations with each doubling of repeats: 1, 4, 16, 64."""
    random = np.random.default_rng(11)
    levels = np.repeat([1, 4, 16, 64], 4)
    shifts = doubling * np.log2(levels)

    def exposures(runs):
        ranks = 1 + random.binomial(200, stats.norm.cdf(random.normal(size=(runs, 16)) - shifts))
        return np.log2(201 / ranks)

    truth, names = exposures(20_000).mean(), [str(level) for level in levels]
    least, bounds = null_variance(201), (0, np.log2(201))
    found = [stratified_mean(values, names, least=least, bounds=bounds) for values in exposures(500)]
    held = np.mean([interval.low <= truth <= interval.high for interval in found])
    assert held >= 0.92
