"""Corrections by the inverse confusion: closed forms, and intervals that hold the truth as often as they claim."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.confusion import least_skew
from harness.stats.unmixing import corrected_shift, matched_share

CERTAIN = np.eye(3, dtype=int) * 10_000


def rates(classes, accuracy):
    wrong = (1 - accuracy) / (classes - 1)
    return np.full((classes, classes), wrong) + np.eye(classes) * (accuracy - wrong)


# ── agreement ─────────────────────────────────────────────────────────────────────────────


def test_a_classifier_without_mistakes_needs_no_correction():
    found = matched_share([[8, 1, 1], [0, 10, 0], [5, 0, 5]], CERTAIN, seed=0)
    assert found.value == pytest.approx(23 / 30)
    assert found.n == 30


def test_two_classes_follow_the_formula_of_rogan_and_gladen():
    # Asked for the first class alone: 62 of 100 are seen as it, sensitivity .9, specificity .85.
    found = matched_share([[620, 380], [0, 0]], [[9000, 1000], [1500, 8500]], seed=0)
    assert found.value == pytest.approx((0.62 + 0.85 - 1) / (0.9 + 0.85 - 1), abs=1e-4)  # .626667


def test_what_the_other_images_show_makes_no_difference():
    confusion = np.rint(rates(3, 0.9) * 10_000).astype(int)
    for others in ([0.0, 0.4, 0.0], [0.0, 0.0, 0.4], [0.0, 0.2, 0.2]):
        seen = np.zeros((3, 3))
        seen[0] = (np.array([0.6, 0.0, 0.0]) + others) @ rates(3, 0.9) * 10_000
        assert matched_share(np.rint(seen).astype(int), confusion, seed=0).value == pytest.approx(0.6, abs=1e-3)


def test_all_right_is_not_taken_for_certain():
    found = matched_share(np.eye(3, dtype=int) * 20, CERTAIN, seed=0)
    assert found.value == 1
    assert 0.9 < found.low < 0.99


@pytest.mark.parametrize("seen", [np.zeros((3, 3), int), np.ones((2, 2), int)])
def test_agreement_needs_images_by_the_classes_of_the_confusion(seen):
    with pytest.raises(ValueError, match=r"at least one image|known images"):
        matched_share(seen, CERTAIN, seed=0)


def test_a_classifier_that_cannot_tell_is_refused():
    with pytest.raises(ValueError, match="cannot tell some classes apart"):
        matched_share([[50, 50], [50, 50]], [[55, 45], [50, 50]], seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("classes", "accuracy", "each", "known", "truth"),
    [(3, 0.97, 20, 20, 0.7), (10, 0.95, 30, 30, 0.8), (2, 0.8, 50, 60, 0.6)],
)
def test_agreement_is_covered_as_often_as_claimed(classes, accuracy, each, known, truth):
    held = of_one = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        shows, reads = rates(classes, truth), rates(classes, accuracy)
        seen = np.stack([random.multinomial(each, row @ reads) for row in shows])
        confusion = np.stack([random.multinomial(known, row) for row in reads])
        found = matched_share(seen, confusion, seed=seed, draws=500)
        held += found.low <= truth <= found.high
        seen[1:] = 0
        found = matched_share(seen, confusion, seed=seed, draws=500)
        of_one += found.low <= truth <= found.high
    assert min(held, of_one) >= 365


# ── shifts ────────────────────────────────────────────────────────────────────────────────


def test_a_shift_is_the_difference_of_the_shares_and_sums_to_nothing():
    first, second = [0, 0, 1, 2] * 10, [0, 1, 1, 1] * 10
    found = corrected_shift(first, second, [str(place) for place in range(40)], CERTAIN, seed=0)
    assert [share.value for share in found.shares] == pytest.approx([-0.25, 0.5, -0.25], abs=1e-9)
    assert found.shares[0].n == 40
    assert found.draws.sum(axis=1) == pytest.approx(np.zeros(len(found.draws)), abs=1e-9)


def test_a_classifiers_mistakes_make_shifts_smaller_and_are_undone():
    reads = rates(3, 0.85)
    shift = np.array([-0.4, 0.4, 0.0])
    seen = np.rint(shift @ reads * 1000).astype(int)  # -320, 320, 0
    first, second = [0] * 1000, [1] * seen[1] + [0] * (1000 - seen[1])
    units = [str(place) for place in range(1000)]
    found = corrected_shift(first, second, units, np.rint(reads * 10_000).astype(int), seed=0)
    assert found.seen[1] == pytest.approx(0.31)
    assert found.shares[1].value == pytest.approx(0.4, abs=1e-3)


def test_pairs_that_never_differ_leave_room_for_one_unit_that_does():
    found = corrected_shift([0, 1, 2] * 40, [0, 1, 2] * 40, [str(place // 3) for place in range(120)], CERTAIN, seed=0)
    bounds = least_skew(found, [0.0] * 3)
    assert bounds.value == bounds.low == 0
    assert 0.01 < bounds.high < 0.12
    assert bounds.n == 40


def test_pairs_of_one_unit_count_once():
    moved = [0] * 60 + [1] * 60
    alone = corrected_shift([0] * 120, moved, [str(place) for place in range(120)], CERTAIN, seed=0)
    together = corrected_shift([0] * 120, moved, [str(place // 6) for place in range(120)], CERTAIN, seed=0)
    widths = [found.shares[1].high - found.shares[1].low for found in (alone, together)]
    assert widths[1] > 2 * widths[0]


def test_a_shift_needs_pairs_and_two_units():
    with pytest.raises(ValueError, match="2 units"):
        corrected_shift([0, 1], [1, 1], ["a", "a"], CERTAIN, seed=0)
    with pytest.raises(ValueError, match="for each pair"):
        corrected_shift([0], [1, 1], ["a", "b"], CERTAIN, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("planted", [0.0, 0.3])
def test_shifts_are_covered_and_rarely_found_where_there_are_none(planted):
    reads, held, found_one = rates(3, 0.95), 0, 0
    truth = planted * np.array([2, -1, -1]) / 3  # a third of pictures shows each; the planted ones turn to the first
    for seed in range(300):
        random = np.random.default_rng(seed)
        first, units = np.tile([0, 1, 2], 40), np.repeat(np.arange(40), 3).astype(str)
        second = np.where(random.random(120) < planted, 0, first)
        seen = [[random.choice(3, p=reads[shows]) for shows in its] for its in (first, second)]
        confusion = np.stack([random.multinomial(40, row) for row in reads])
        shift = corrected_shift(*seen, units.tolist(), confusion, seed=seed, draws=1000)
        held += all(share.low <= its <= share.high for share, its in zip(shift.shares, truth, strict=True))
        found_one += least_skew(shift, [0.0] * 3).low > 0
    assert held >= 275
    assert found_one >= 285 if planted else found_one <= 15
