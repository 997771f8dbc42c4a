from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.words import inside, pieces, shared_spans, spans, unigram_logprob, word_counts


@given(st.text())
def test_pieces_cover_the_text_without_gap_or_overlap(text):
    assert "".join(text[start:end] for start, end in pieces(text)) == text
    assert all(start < end for start, end in pieces(text))


def test_a_piece_is_a_word_with_the_space_before_it():
    text = "It's  two-fold, no?"
    assert [text[a:b] for a, b in pieces(text)] == ["It", "'", "s", "  two", "-", "fold", ",", " no", "?"]


def test_a_word_keeps_its_apostrophe_and_hyphen():
    text = "It's two-fold, no?"
    assert [text[a:b] for a, b in spans(text)] == ["It's", "two-fold", ",", "no", "?"]


def test_shared_words_are_those_around_the_swap():
    left, right = "The old man was slow.", "The young woman was slow."
    ours, theirs = shared_spans(left, right)
    assert [left[a:b] for a, b in ours] == ["The", "was", "slow", "."]
    assert [right[a:b] for a, b in theirs] == ["The", "was", "slow", "."]


@given(st.text(max_size=60), st.text(max_size=60))
def test_paired_places_hold_equal_words(left, right):
    ours, theirs = shared_spans(left, right)
    assert [left[a:b] for a, b in ours] == [right[a:b] for a, b in theirs]


@given(st.text(max_size=60))
def test_a_text_shares_every_word_with_itself(text):
    ours, theirs = shared_spans(text, text)
    assert list(ours) == list(theirs) == spans(text)


def test_a_token_is_inside_when_all_its_letters_are():
    text = "The old man"
    # The| ol|d| man|: the second and third tokens make up "old".
    assert inside(text, (0, 3, 6, 7), [(0, 3), (8, 11)]) == [True, False, False, True]
    assert inside(text, (0, 3, 6, 7), [(0, 3), (4, 7), (8, 11)]) == [True, True, True, True]
    assert inside(text, (0, 3, 6, 7), [(0, 3), (4, 6)]) == [True, True, False, False]


def test_a_token_of_white_space_is_inside_nothing():
    assert inside("a  b", (0, 1, 3), [(0, 1), (3, 4)]) == [True, False, True]


def test_tokens_that_share_one_character_are_judged_by_it():
    assert inside("é!", (0, 0, 1), [(0, 1)]) == [True, True, False]


def test_no_tokens_are_inside_nothing():
    assert inside("", (), []) == []


def test_unigram_likelihood_matches_a_hand_count():
    counts = word_counts(["a b", "A c"])  # a 2, b 1, c 1: three words, four in all
    none = word_counts([])
    assert unigram_logprob("a d", counts, without=none) == pytest.approx(log(3 / 8) + log(1 / 8))
    assert unigram_logprob("a", counts, without=word_counts(["a b"])) == pytest.approx(log(2 / 6))
