import numpy as np
import pytest

from harness.stats.confusion import chance_distances, corrected_shares, distance_to, least_skew, uncorrected


def known(rates, each):
    return np.rint(np.asarray(rates) * each).astype(int)


def test_two_classes_follow_the_formula_of_rogan_and_gladen():
    found = corrected_shares([6200, 3800], known([[0.9, 0.1], [0.15, 0.85]], 10_000), seed=0)
    assert found.shares[0].value == pytest.approx((0.62 + 0.85 - 1) / (0.9 + 0.85 - 1), abs=1e-4)  # .626667
    assert found.seen[0] == 0.62


def test_a_perfect_classifier_needs_no_correction():
    found = corrected_shares([30, 50, 20], np.eye(3, dtype=int) * 1000, seed=0)
    assert [share.value for share in found.shares] == pytest.approx([0.3, 0.5, 0.2])


def test_shares_stay_on_the_simplex_where_the_formula_would_leave_it():
    found = corrected_shares([5, 95], known([[0.9, 0.1], [0.15, 0.85]], 100), seed=0)
    assert found.shares[0].value == pytest.approx(0, abs=1e-3)
    assert sum(share.value for share in found.shares) == pytest.approx(1)


def test_a_classifier_that_cannot_tell_is_refused():
    with pytest.raises(ValueError, match="cannot tell some classes apart"):
        corrected_shares([50, 50], known([[0.55, 0.45], [0.5, 0.5]], 100), seed=0)


def test_a_class_without_known_images_is_refused():
    with pytest.raises(ValueError, match="known images of every class"):
        corrected_shares([50, 50], [[10, 0], [0, 0]], seed=0)


def simulated(random, truth, rates, n, each):
    confusion = np.stack([random.multinomial(each, row) for row in rates])
    return random.multinomial(n, truth @ rates), confusion


@pytest.mark.slow
@pytest.mark.parametrize(("truth", "each"), [((0.7, 0.3), 200), ((0.5, 0.5), 60)])
def test_intervals_cover_the_true_share_as_often_as_they_claim(truth, each):
    random, rates = np.random.default_rng(7), np.array([[0.9, 0.1], [0.15, 0.85]])
    hits, errors = 0, []
    for run in range(1000):
        counts, confusion = simulated(random, np.array(truth), rates, 300, each)
        share = corrected_shares(counts, confusion, seed=run, draws=400).shares[0]
        hits += share.low <= truth[0] <= share.high
        errors.append(share.value - truth[0])
    assert 930 <= hits <= 975
    assert abs(np.mean(errors)) < np.std(errors)


@pytest.mark.slow
def test_the_least_skew_is_rarely_above_zero_without_skew_and_finds_a_planted_one():
    random = np.random.default_rng(3)
    rates = np.full((5, 5), 0.03) + np.eye(5) * 0.85
    fair, skewed = np.full(5, 0.2), np.array([0.4, 0.15, 0.15, 0.15, 0.15])
    alarms, found = 0, 0
    for run in range(200):
        for truth in (fair, skewed):
            counts, confusion = simulated(random, truth, rates, 500, 100)
            bounds = least_skew(corrected_shares(counts, confusion, seed=run, draws=600), fair)
            if truth is fair:
                alarms += bounds.low > 0
            else:
                found += 0 < bounds.low <= 0.2 <= bounds.high
    assert alarms <= 16
    assert found >= 190


@pytest.mark.slow
def test_a_large_share_among_ten_classes_is_covered_with_few_known_images():
    random = np.random.default_rng(0)
    rates = np.full((10, 10), 0.05 / 9) + np.eye(10) * (0.95 - 0.05 / 9)
    truth, hits = np.array([0.46] + [0.06] * 9), 0
    for run in range(300):
        counts, confusion = simulated(random, truth, rates, 300, 30)
        share = corrected_shares(counts, confusion, seed=run, draws=400).shares[0]
        hits += share.low <= truth[0] <= share.high
    assert hits >= 273


def test_chance_alone_gives_the_distance_that_the_formula_says():
    certain = np.eye(10, dtype=int) * 100_000
    found = chance_distances([0.1] * 10, 500, certain, seed=0)
    assert found.mean() == pytest.approx(np.sqrt(2 / (np.pi * 500)) * 10 * np.sqrt(0.09) / 2, rel=0.03)  # .0535


def test_a_weaker_classifier_shows_more_by_chance():
    certain, weak = np.eye(3, dtype=int) * 1000, known(np.full((3, 3), 0.15) + np.eye(3) * 0.55, 60)
    means = [chance_distances([0.5, 0.3, 0.2], 300, confusion, seed=0).mean() for confusion in (certain, weak)]
    assert means[1] > 1.5 * means[0]


def test_taken_at_its_word_a_classifier_is_not_corrected_and_nothing_is_ruled_out():
    found = uncorrected([30, 70, 0], seed=0)
    assert [share.value for share in found.shares] == [0.3, 0.7, 0.0]
    assert found.shares[2].high > 0
    with pytest.raises(ValueError, match="at least one image"):
        uncorrected([0, 0], seed=0)


def test_a_share_can_be_told_with_another_coverage():
    found = corrected_shares([30, 50, 20], np.eye(3, dtype=int) * 50, seed=0)
    usual, wide = found.interval(1, confidence=0.95), found.interval(1, confidence=0.999)
    assert usual == found.shares[1]
    assert wide.low < usual.low < usual.value < usual.high < wide.high
    assert wide.confidence == 0.999


def test_the_distance_is_the_part_that_would_have_to_move():
    assert distance_to([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.2)
