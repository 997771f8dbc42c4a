"""Scores from the likelihoods of tokens: golden numbers, what they come to in the limit, and what has none."""

from __future__ import annotations

import zlib
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.token_scores import (
    curvature,
    lowercase_gain,
    min_k,
    min_k_plus,
    negative_loss,
    standard_scores,
    zlib_bytes,
    zlib_mean,
    zlib_rate,
)

# Places with distributions (.7, .1, .1, .1), (.25 x 4) and (.05, .9, .03, .02); tokens 0, 2, 2.
LOGPROBS = [log(0.7), log(0.25), log(0.03)]
ROWS = [[0.7, 0.1, 0.1, 0.1], [0.25] * 4, [0.05, 0.9, 0.03, 0.02]]
MEANS = [sum(p * log(p) for p in row) for row in ROWS]
DEVIATIONS = [0.891728, 0.0, 0.974907]

logprobs = st.lists(st.floats(-30, 0), min_size=1, max_size=40)


def test_golden_scores_of_three_tokens():
    assert negative_loss(LOGPROBS) == pytest.approx(-1.749842, abs=1e-6)
    assert min_k(LOGPROBS, 0.2) == pytest.approx(-3.506558, abs=1e-6)
    assert min_k(LOGPROBS, 0.34) == pytest.approx(-2.446426, abs=1e-6)
    assert curvature(LOGPROBS, MEANS, DEVIATIONS) == pytest.approx(-1.888207, abs=1e-5)


def test_a_place_that_leaves_no_choice_has_a_standard_score_of_0_and_is_counted():
    scores, without = standard_scores(LOGPROBS, MEANS, DEVIATIONS)
    assert scores == pytest.approx([0.654654, 0.0, -3.157748], abs=1e-5)
    assert without == 1
    assert min_k_plus(LOGPROBS, MEANS, DEVIATIONS, 0.2) == pytest.approx(-3.157748, abs=1e-5)


def test_where_nothing_is_left_to_choose_there_is_no_curvature():
    assert curvature([-1.0, -2.0], [-1.0, -2.0], [0.0, 0.0]) is None


@given(logprobs)
def test_the_lowest_of_all_is_the_mean_and_no_share_is_above_a_larger_one(values):
    assert min_k(values, 1.0) == pytest.approx(negative_loss(values))
    shares = [min_k(values, share) for share in (0.1, 0.2, 0.5, 1.0)]
    assert shares == pytest.approx(sorted(shares))


def test_a_share_that_comes_to_whole_tokens_is_not_rounded_up():
    assert min_k([float(-value) for value in range(30)], 0.1) == pytest.approx(-28.0)


def test_a_short_text_has_one_lowest_token():
    assert min_k([-3.0, -1.0], 0.2) == -3.0


def test_zlib_scores_by_hand():
    text = "the cat sat on the mat, the cat sat on the mat"
    size = len(zlib.compress(text.encode(), 6))
    assert zlib_bytes(text) == size
    assert zlib_mean([-2.0, -4.0], text) == pytest.approx(-3.0 / size)
    assert zlib_rate([-2.0, -4.0], text) == pytest.approx(-6.0 / (8 * log(2) * size))


def test_the_rate_does_not_fall_with_length_and_the_mean_does():
    words = [f"word{number * 7919 % 1000}" for number in range(400)]
    short, long = " ".join(words[:40]), " ".join(words)
    rates = [zlib_rate([-2.0] * len(text.split()), text) for text in (short, long)]
    means = [zlib_mean([-2.0] * len(text.split()), text) for text in (short, long)]
    assert rates[0] == pytest.approx(rates[1], rel=0.5)
    assert means[0] < 5 * means[1] < 0


def test_what_is_dearer_in_lower_case_gains():
    assert lowercase_gain([-1.0, -1.0], [-3.0, -1.0, -2.0]) == pytest.approx(1.0)


@given(st.text(max_size=60))
def test_any_text_has_a_compressed_size(text):
    assert zlib_bytes(text + "\ud800") > 0


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        min_k([-1.0], share)


def test_nothing_has_no_score():
    for score in (negative_loss, min_k):
        with pytest.raises(ValueError, match="token|value"):
            score([])
    with pytest.raises(ValueError, match="token"):
        curvature([], [], [])


def test_moments_of_fewer_tokens_are_refused():
    with pytest.raises(ValueError, match="argument"):
        standard_scores([-1.0, -2.0], [-1.0], [1.0])
