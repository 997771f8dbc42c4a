from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import ContinuationScore
from harness.text.words import pieces
from probes.bias.preference import preference, shared_total

TEXTS = ("The old man was slow.", "The young woman was slow.")


def score(text, logprobs):
    return ContinuationScore(tuple(logprobs), tuple(start for start, _ in pieces(text)), greedy=False)


def scores(left, right):
    return [score(TEXTS[0], left), score(TEXTS[1], right)]


def test_each_rule_is_met_on_a_pair_where_they_disagree():
    # Whole sentences: -12 and -11. Shared words (The, was, slow, "."): -4 and -5.
    found = preference(TEXTS, scores([-1, -4, -4, -1, -1, -1], [-1, -3, -3, -1, -2, -1]))
    assert found == {
        "prefers": 0.0,
        "prefers_lm_eval": 0.0,
        "prefers_paper": 1.0,
        "tie_paper": 0.0,
        "difference": -1.0,
        "distance": 1.0,
        "tokens": 0.0,
        "prefers_matched": 0.0,
    }


def test_a_tie_is_a_half_for_us_and_nothing_for_the_others():
    found = preference(TEXTS, scores([-1] * 6, [-1] * 6))
    assert (found["prefers"], found["prefers_lm_eval"]) == (0.5, 0.0)
    assert (found["prefers_paper"], found["tie_paper"]) == (0.0, 1.0)


def test_the_paper_rounds_to_three_decimals():
    near = preference(TEXTS, scores([-1, -2, -2, -1, -1, -1], [-1.0004, -2, -2, -1, -1, -1]))
    assert (near["prefers"], near["prefers_paper"], near["tie_paper"]) == (1.0, 0.0, 1.0)
    far = preference(TEXTS, scores([-1, -2, -2, -1, -1, -1], [-1.0006, -2, -2, -1, -1, -1]))
    assert (far["prefers_paper"], far["tie_paper"]) == (1.0, 0.0)


def test_sentences_of_unequal_length_are_not_matched():
    texts = ("The old man.", "The quite young man.")
    found = preference(texts, [score(texts[0], [-1] * 4), score(texts[1], [-1] * 5)])
    assert "prefers_matched" not in found
    assert found["tokens"] == -1.0
    assert found["prefers"] == 1.0


def test_only_tokens_within_shared_words_count():
    assert shared_total(TEXTS, scores([-1, -10, -20, -2, -3, -4], [-5, -30, -40, -6, -7, -8])) == (-10, -26)


def test_a_word_cut_into_tokens_counts_with_all_of_them():
    starts = (0, 3, 6, 9, 11, 16, 18, 20)  # The| ol|d m|an| was| s|low|. : the third token touches a swapped word
    whole = ContinuationScore((-1.0,) * 8, starts, greedy=False)
    other = score(TEXTS[1], [-1.0] * 6)
    assert shared_total(TEXTS, [whole, other]) == (-5, -4)


def test_sentences_without_a_common_word_tie():
    texts = ("Old", "Young")
    found = preference(texts, [score(texts[0], [-1]), score(texts[1], [-2])])
    assert (found["prefers"], found["tie_paper"]) == (1.0, 1.0)


@given(st.lists(st.floats(-50, -0.01), min_size=6, max_size=6), st.lists(st.floats(-50, -0.01), min_size=6, max_size=6))
def test_swapping_the_sentences_swaps_the_preference(left, right):
    there = preference(TEXTS, scores(left, right))
    back = preference(TEXTS[::-1], scores(left, right)[::-1])
    assert there["prefers"] == 1 - back["prefers"]
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["prefers_paper"] + back["prefers_paper"] + there["tie_paper"] == 1
