import numpy as np
import pytest
from scipy.stats import norm

from harness.stats.membership import calibrated, lira_offline, lira_online, rmia
from harness.stats.roc import auc


def toy(references, n=6000, seed=0):
    """Scores of records that differ in difficulty (spread 3) and gain 1 by membership, with noise 1."""
    random = np.random.default_rng(seed)
    difficulty, member = random.normal(0, 3, n), random.random(n) < 0.5
    inside = np.array([random.permutation(references) < references / 2 for _ in range(n)])
    noise = random.normal(size=(n, references))
    return difficulty + member + random.normal(size=n), difficulty[:, None] + inside + noise, inside, member


def area(values, member):
    return auc(values.tolist(), member.astype(int).tolist()).value


def test_without_references_difficulty_hides_membership():
    scores, _, _, member = toy(2)
    assert area(scores, member) == pytest.approx(norm.cdf(1 / np.sqrt(20)), abs=0.02)


# Measured on a sample of 20,000 whose best possible area was 0.770; that of the population is 0.760.
@pytest.mark.parametrize(("each", "online", "offline"), [(2, 0.683, 0.727), (8, 0.748, 0.758), (64, 0.770, 0.770)])
def test_references_uncover_it_as_well_as_theory_says(each, online, offline):
    scores, others, inside, member = toy(2 * each, n=20_000)  # so many with the record, and as many without
    assert area(lira_online(scores, others, inside), member) == pytest.approx(online, abs=0.02)
    found = area(lira_offline(scores, others, inside), member)
    assert found == pytest.approx(offline, abs=0.02)
    # The mean of so many references without the record adds its variance to the score's own.
    assert found == pytest.approx(norm.cdf(1 / np.sqrt(2 * (1 + 1 / each))), abs=0.012)
    assert area(calibrated(scores, others, inside), member) > area(scores, member) + 0.05


@pytest.mark.parametrize(("each", "own_variance"), [(2, 0.596), (8, 0.719)])
def test_a_pooled_variance_beats_each_records_own_where_references_are_few(each, own_variance):
    scores, others, inside, member = toy(2 * each, n=20_000)
    within, without = (np.where(side, others, np.nan) for side in (inside, ~inside))
    own = norm.logpdf(scores, np.nanmean(within, 1), np.nanstd(within, 1, ddof=1)) - norm.logpdf(
        scores, np.nanmean(without, 1), np.nanstd(without, 1, ddof=1)
    )
    assert area(own, member) == pytest.approx(own_variance, abs=0.02)
    assert area(lira_online(scores, others, inside), member) > area(own, member) + 0.01


def test_a_record_without_a_reference_on_the_side_that_is_compared_with_is_refused():
    inside = np.array([[True, False], [True, True]])
    for score in (calibrated, lira_offline, lira_online):
        with pytest.raises(ValueError, match="trained without it"):
            score(np.zeros(2), np.zeros((2, 2)), inside)
    with pytest.raises(ValueError, match="trained with it"):
        lira_online(np.zeros(2), np.zeros((2, 2)), ~inside)
    with pytest.raises(ValueError, match="differ in shape"):
        calibrated(np.zeros(2), np.zeros((2, 2)), inside[:, :1])


def test_what_is_only_compared_with_models_that_have_not_seen_it_needs_no_others():
    outside = np.zeros((2, 1), bool)
    assert calibrated(np.array([-1.0, -2.0]), np.array([[-3.0], [-2.0]]), outside).tolist() == [2.0, 0.0]
    assert np.argmax(lira_offline(np.array([-1.0, -2.0]), np.array([[-3.0], [-2.0]]), outside)) == 0


def test_constant_signals_stand_out_beside_nothing():
    assert rmia(np.zeros(5), np.zeros((5, 4)), np.zeros(9), np.zeros((9, 4))).tolist() == [0] * 5


def test_a_member_stands_out_beside_the_population():
    random = np.random.default_rng(1)
    difficulty = random.uniform(-3, -1, 400)
    member = np.arange(400) < 200
    references = difficulty[:, None] + random.normal(0, 0.1, (400, 8))
    scores = difficulty + 0.3 * member + random.normal(0, 0.1, 400)
    population = random.uniform(-3, -1, 300)
    others = population[:, None] + random.normal(0, 0.1, (300, 8))
    found = rmia(scores, references, population + random.normal(0, 0.1, 300), others)
    assert area(found, member) > 0.9
    assert found[~member].mean() == pytest.approx(0.5, abs=0.06)


def test_likelihoods_of_thousands_of_nats_are_not_taken_for_nothing():
    deep = -5000.0
    found = rmia(np.array([deep + 1, deep]), np.full((2, 3), deep), np.array([deep + 0.5]), np.full((1, 3), deep))
    assert found.tolist() == [1.0, 0.0]
