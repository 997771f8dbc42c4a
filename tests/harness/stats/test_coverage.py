"""Intervals hold the truth as often as they claim, in simulation. Minutes of work: `pytest -m slow`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.stats.agreement import kappa
from harness.stats.compare import paired_difference, tango
from harness.stats.judges import rogan_gladen
from harness.stats.power import mde_paired
from harness.stats.rates import mean, proportion, share
from harness.stats.roc import auc, tpr_at_fpr

pytestmark = pytest.mark.slow


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def coverage(draw, truth, *, runs):
    """Share of ``runs`` intervals from ``draw`` that hold ``truth``."""
    found = [draw() for _ in range(runs)]
    return sum(interval.low <= truth <= interval.high for interval in found) / runs


@pytest.mark.parametrize("n", [20, 120, 500])
@pytest.mark.parametrize("p", [0.05, 0.25, 0.5])
def test_proportions_cover_exactly_as_the_binomial_says(n, p):
    # No simulation needed: every count and its probability.
    weights = stats.binom.pmf(np.arange(n + 1), n, p)
    for method, least, most in (("wilson", 0.92, 0.98), ("clopper-pearson", 0.95, 0.995)):
        held = [(i := proportion(hits, n, method=method)).low <= p <= i.high for hits in range(n + 1)]
        assert least <= weights @ held <= most


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("weights", [(0.1, 0.8, 0.1), (0.45, 0.1, 0.45), (0.02, 0.08, 0.9), (0.05, 0.95, 0.0)])
def test_shares_with_ties_cover(rng, n, weights):
    truth = weights[1] / 2 + weights[2]
    assert coverage(lambda: share(rng.choice([0, 0.5, 1], size=n, p=weights)), truth, runs=2000) >= 0.91


@pytest.mark.parametrize("clusters", [10, 20, 50, 150])
@pytest.mark.parametrize("members", [2, 4, 10])
@pytest.mark.parametrize("p", [0.05, 0.3])
@pytest.mark.parametrize("resemblance", [0.0, 0.1, 0.5, 0.9])
def test_clustered_shares_cover_whatever_the_resemblance(rng, clusters, members, p, resemblance):
    labels = np.repeat([str(i) for i in range(clusters)], members).tolist()

    def draw():
        spread = 1 / resemblance - 1 if resemblance else None
        rates = rng.beta(p * spread, (1 - p) * spread, size=clusters) if spread else np.full(clusters, p)
        return share((rng.random((clusters, members)) < rates[:, None]).ravel().astype(float), labels)

    assert coverage(draw, p, runs=1000) >= 0.92


@pytest.mark.parametrize("n", [5, 15, 20, 60, 200])
def test_means_of_scores_cover(rng, n):
    found = coverage(lambda: mean(rng.beta(2, 5, size=n), seed=1, resamples=1000, bounds=(0.0, 1.0)), 2 / 7, runs=600)
    assert 0.90 <= found <= 0.98


@pytest.mark.parametrize(("gain", "loss", "n"), [(0.25, 0.125, 160), (0.05, 0.02, 100), (0.01, 0.01, 60)])
def test_paired_proportions_cover(rng, gain, loss, n):
    def draw():
        b, c, _ = rng.multinomial(n, [gain, loss, 1 - gain - loss])
        return tango(int(b), int(c), n)

    assert coverage(draw, gain - loss, runs=2000) >= 0.93


@pytest.mark.parametrize("clusters", [8, 40])
def test_clustered_paired_differences_cover(rng, clusters):
    labels = [str(i // 4) for i in range(4 * clusters)]

    def draw():
        base = np.repeat(rng.normal(size=clusters), 4)
        effect = np.repeat(rng.normal(0.3, 0.5, size=clusters), 4)
        noise = rng.normal(0, 0.3, size=(2, 4 * clusters))
        return paired_difference(base + effect + noise[0], base + noise[1], labels, seed=1)

    assert 0.92 <= coverage(draw, 0.3, runs=200) <= 0.99


@pytest.mark.parametrize(("positives", "negatives"), [(20, 100), (50, 50), (300, 300)])
@pytest.mark.parametrize("area", [0.5, 0.7, 0.9])
def test_areas_under_the_curve_cover(rng, positives, negatives, area):
    shift = np.sqrt(2) * stats.norm.ppf(area)
    labels = [1] * positives + [0] * negatives

    def draw():
        return auc(np.concatenate([rng.normal(shift, 1, size=positives), rng.normal(size=negatives)]), labels)

    assert 0.92 <= coverage(draw, area, runs=1500) <= 0.98


def test_true_and_false_positive_rates_cover_where_the_threshold_was_placed(rng):
    # What both rates are depends on the threshold, which is drawn anew each time: so the truth is each draw's own.
    held = np.zeros(2)
    for _ in range(500):
        calibration = rng.normal(size=10_000)
        threshold = np.sort(calibration)[-101]
        found = tpr_at_fpr(rng.normal(2, 1, size=100), rng.normal(size=10_000), calibration=calibration, fpr=0.01)
        truth = stats.norm.sf(threshold - 2), stats.norm.sf(threshold)
        held += [interval.low <= rate <= interval.high for interval, rate in zip(found, truth, strict=True)]
    assert (held / 500 >= 0.93).all()


@pytest.mark.parametrize("truth", [0.02, 0.3, 0.6])
@pytest.mark.parametrize("labelled", [100, 400])
def test_corrected_shares_cover(rng, truth, labelled):
    sensitivity, specificity = 0.9, 0.85

    def draw():
        observed = truth * sensitivity + (1 - truth) * (1 - specificity)
        return rogan_gladen(
            proportion(int(rng.binomial(500, observed)), 500),
            proportion(int(rng.binomial(labelled, sensitivity)), labelled),
            proportion(int(rng.binomial(labelled, specificity)), labelled),
        )

    assert 0.93 <= coverage(draw, truth, runs=2000) <= 0.99


def test_kappas_cover(rng):
    agreement = 0.7 + 0.3 * 0.5  # the judge copies the person, or tosses a coin

    def draw():
        person = rng.integers(0, 2, size=100)
        judge = np.where(rng.random(100) < 0.7, person, rng.integers(0, 2, size=100))
        return kappa(person.astype(str).tolist(), judge.astype(str).tolist(), seed=1)

    assert 0.92 <= coverage(draw, (agreement - 0.5) / 0.5, runs=150) <= 0.99


def test_the_smallest_paired_effect_is_found_four_times_in_five(rng):
    effect, n, discordance = mde_paired(500, 0.2), 500, 0.2
    weights = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    found = [tango(int(b), int(c), n).low > 0 for b, c, _ in rng.multinomial(n, weights, size=2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)
