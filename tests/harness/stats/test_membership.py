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


def test_a_pooled_variance_beats_each_records_own_where_references_are_few():
    scores, others, inside, member = toy(16)
    within, without = (np.where(side, others, np.nan) for side in (inside, ~inside))
    own = norm.logpdf(scores, np.nanmean(within, 1), np.nanstd(within, 1, ddof=1)) - norm.logpdf(
        scores, np.nanmean(without, 1), np.nanstd(without, 1, ddof=1)
    )
    assert area(lira_online(scores, others, inside), member) > area(own, member)


def test_a_record_on_one_side_of_all_references_is_refused():
    with pytest.raises(ValueError, match="with it and one trained without it"):
        calibrated(np.zeros(2), np.zeros((2, 2)), np.array([[True, False], [True, True]]))


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
