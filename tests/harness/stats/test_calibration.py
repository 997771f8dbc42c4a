"""Calibration: parts that add up exactly, bins that part no ties, and bands that a calibrated model stays in."""

from __future__ import annotations

from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.calibration import brier, calibrated_ece, diagram, ece, log_loss, murphy
from harness.stats.clusters import clustered_mean
from harness.stats.rates import mean, proportion

STATED = [0.1] * 2 + [0.4] * 3 + [0.8] * 5
CAME = [0, 0, 0, 1, 0, 1, 1, 1, 0, 1]
FORECASTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.7, 0.9, 1.0]) | st.floats(0, 1), st.integers(0, 1)),
    min_size=1,
    max_size=60,
)


def columns(pairs):
    return [stated for stated, _ in pairs], [came for _, came in pairs]


def sample(rng, n, exponent, shape=(1, 1)):
    """Confidences, and outcomes whose log-odds are ``exponent`` times what is stated: 1 is calibrated."""
    stated = rng.beta(*shape, size=n) * 0.998 + 0.001
    odds = (stated / (1 - stated)) ** exponent
    return stated, (rng.random(n) < odds / (1 + odds)).astype(int)


# ── parts of the score ────────────────────────────────────────────────────────────────────


def test_the_brier_score_parts_as_in_the_worked_example():
    found = murphy(STATED, CAME)
    parts = (found.score, found.reliability, found.resolution, found.uncertainty, found.within)
    assert parts == pytest.approx((0.15, 0.0033333, 0.1033333, 0.25, 0.0), abs=1e-6)
    assert found.over == "distinct confidences"


@given(FORECASTS, st.none() | st.integers(1, 20))
def test_parts_add_up_to_the_score_in_bins_and_without(pairs, bins):
    stated, came = columns(pairs)
    found = murphy(stated, came, bins=bins)
    assert found.score == pytest.approx(np.square(np.subtract(stated, came)).mean())
    total = found.reliability - found.resolution + found.uncertainty + found.within
    assert total == pytest.approx(found.score, abs=1e-12)
    assert bins is not None or found.within == 0


def test_coarse_bins_leave_something_within():
    assert abs(murphy(STATED, CAME, bins=1).within) > 0.05
    assert murphy(STATED, CAME, bins=1).over == "1 bins of equal mass"


def test_the_brier_score_is_a_mean_over_units_or_clusters():
    stated, came = sample(np.random.default_rng(0), 60, 0.5)
    losses, labels = np.square(stated - came), [str(i // 2) for i in range(60)]
    assert brier(stated, came, seed=1) == mean(losses, seed=1, bounds=(0.0, 1.0))
    assert brier(stated, came, labels, seed=1).n == 30
    assert brier(stated, came, labels, seed=1).method == "bca bootstrap, clustered"
    few = [str(i // 6) for i in range(60)]
    assert brier(stated, came, few, seed=1) == clustered_mean(losses, few, bounds=(0.0, 1.0))


# ── log loss ──────────────────────────────────────────────────────────────────────────────


def test_log_loss_is_the_mean_surprise():
    found = log_loss([0.5, 0.25, 0.9], [1, 0, 1], seed=0)
    assert found.value == pytest.approx(-(log(0.5) + log(0.75) + log(0.9)) / 3)


def test_an_infinite_loss_is_refused_unless_a_floor_is_named():
    with pytest.raises(ValueError, match="1 outcomes were given no chance"):
        log_loss([1.0, 0.5], [0, 1], seed=0)
    found = log_loss([1.0, 1.0], [0, 1], floor=1e-6, seed=0)
    assert found.value == pytest.approx(-log(1e-6) / 2)
    assert found.high <= -log(1e-6)
    assert found.method == "student t, chances at least 1e-06"
    with pytest.raises(ValueError, match="a floor lies in"):
        log_loss([0.5, 0.5], [0, 1], floor=0.0, seed=0)


# ── calibration error ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bins", [3, 10, 15])
def test_the_calibration_error_is_that_of_the_worked_example(bins):
    found = ece(STATED * 2, CAME * 2, bins=bins, seed=0)
    assert found.value == pytest.approx(0.04)
    assert found.n == 20


@given(FORECASTS, st.integers(1, 20))
def test_bins_keep_equal_confidences_together_and_lose_none(pairs, bins):
    stated, came = columns(pairs)
    points = diagram(stated, came, bins=bins)
    assert len(points) <= bins
    assert sum(point.n for point in points) == len(stated)
    edges = np.cumsum([0, *(point.n for point in points)])
    ordered = np.sort(stated)
    assert all(ordered[edge - 1] < ordered[edge] for edge in edges[1:-1])
    assert all(one.confidence < other.confidence for one, other in pairwise(points))
    assert all(one.high < other.low for one, other in pairwise(points))
    assert all(point.low - 1e-12 <= point.confidence <= point.high + 1e-12 for point in points)


def test_bins_of_distinct_confidences_have_equal_mass():
    points = diagram(np.linspace(0, 1, 100), [0, 1] * 50, bins=10)
    assert [point.n for point in points] == [10] * 10
    assert points[0].confidence == pytest.approx(np.linspace(0, 1, 100)[:10].mean())


def test_points_carry_wilsons_interval_or_that_of_their_clusters():
    points = diagram(STATED, CAME)
    assert [point.accuracy for point in points] == [proportion(0, 2), proportion(1, 3), proportion(4, 5)]
    clustered = diagram([0.5] * 40, [0, 0, 1, 1] * 10, [str(i // 2) for i in range(40)])[0]
    assert (clustered.n, clustered.accuracy.n) == (40, 20)


@pytest.mark.parametrize(("n", "shown"), [(100, 0.122), (500, 0.054), (2000, 0.027)])
def test_a_calibrated_model_shows_the_known_error(n, shown):
    found = calibrated_ece(np.random.default_rng(5).random(n), seed=0, draws=300)
    assert found.value == pytest.approx(shown, rel=0.1)
    assert n != 100 or 0.11 < found.value < 0.135
    assert found.low < found.value < found.high


def test_what_is_stated_wrongly_leaves_the_band_and_what_is_right_does_not():
    rng = np.random.default_rng(0)
    for exponent, outside in ((1.0, False), (0.2, True)):
        stated, came = sample(rng, 500, exponent)
        found, band = ece(stated, came, seed=0, resamples=300), calibrated_ece(stated, seed=0, draws=300)
        assert (found.value > band.high) is outside
        assert (found.low > 0) is outside


def test_members_of_a_cluster_that_fare_alike_widen_the_interval():
    stated, came = sample(np.random.default_rng(1), 60, 0.3)
    alone = ece(np.repeat(stated, 8), np.repeat(came, 8), seed=0, resamples=500)
    labels = np.repeat([str(i) for i in range(60)], 8).tolist()
    together = ece(np.repeat(stated, 8), np.repeat(came, 8), labels, seed=0, resamples=500)
    assert together.value == pytest.approx(alone.value)
    assert together.n == 60
    assert together.high - together.value > 2 * (alone.high - alone.value)


@given(FORECASTS.filter(lambda pairs: len(pairs) >= 20), st.integers(1, 20))
def test_a_calibration_error_stays_in_its_range(pairs, bins):
    found = ece(*columns(pairs), bins=bins, seed=0, resamples=20)
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(
    ("stated", "came", "reason"),
    [([], [], "non-empty"), ([1.2], [1], r"in \[0, 1\]"), ([0.5], [2], "one outcome"), ([0.5], [1, 0], "one outcome")],
)
def test_what_is_no_forecast_is_refused(stated, came, reason):
    for score in (murphy, diagram):
        with pytest.raises(ValueError, match=reason):
            score(stated, came)
    for score in (brier, log_loss, ece):
        with pytest.raises(ValueError, match=reason):
            score(stated, came, seed=0)


def test_too_few_units_or_labels_are_refused():
    with pytest.raises(ValueError, match="needs 20 units, not 10"):
        ece(STATED, CAME, seed=0)
    with pytest.raises(ValueError, match="cluster labels"):
        ece(STATED * 2, CAME * 2, ["a"], seed=0)
    with pytest.raises(ValueError, match="cluster labels"):
        diagram(STATED, CAME, ["a"])
    with pytest.raises(ValueError, match="at least one bin"):
        diagram(STATED, CAME, bins=0)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (8, 1)])
@pytest.mark.parametrize("exponent", [1.0, 0.8, 0.3])
@pytest.mark.parametrize("n", [40, 100, 500])
def test_calibration_errors_cover_in_bins_of_equal_mass(shape, exponent, n):
    rng = np.random.default_rng(n)
    stated = np.sort(sample(rng, 150_000, exponent, shape)[0])
    odds = (stated / (1 - stated)) ** exponent
    truth = np.abs((stated - odds / (1 + odds)).reshape(15, -1).mean(axis=1)).mean()
    found = [ece(*sample(rng, n, exponent, shape), seed=run, resamples=400) for run in range(150)]
    assert np.mean([its.low <= truth <= its.high for its in found]) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 200])
def test_brier_scores_cover(n):
    rng = np.random.default_rng(n)
    found = [brier(*sample(rng, n, 1.0), seed=run, resamples=500) for run in range(300)]
    truth = 0.25 - 0.998**2 / 12  # mean of p (1 - p) over p from .001 to .999
    assert np.mean([its.low <= truth <= its.high for its in found]) >= 0.9


@pytest.mark.slow
def test_a_calibrated_model_is_in_its_band_as_often_as_claimed():
    rng, inside = np.random.default_rng(0), 0
    for run in range(300):
        stated, came = sample(rng, 100, 1.0)
        band = calibrated_ece(stated, seed=run, draws=400)
        inside += band.low <= ece(stated, came, seed=0, resamples=2).value <= band.high
    assert 0.91 <= inside / 300 <= 0.98
