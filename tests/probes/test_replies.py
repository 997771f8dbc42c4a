from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import ContinuationScore, Finish, GenerateAsk, Outcome, Reply, Score, ScoreAsk
from probes.replies import chosen_text, likelihoods, preferring, read_text, read_totals, whole_words

ASK = ScoreAsk("Q:", (" yes", " not at all"))


@given(st.lists(st.floats(-1e4, -1e-6), min_size=2, max_size=2))
def test_scripted_likelihoods_are_read_back(totals):
    read = read_totals(ASK, likelihoods(ASK, totals))
    assert read == pytest.approx(totals)


@given(st.integers(-2000, -1), st.text(min_size=1), st.text(min_size=1))
def test_equal_likelihoods_tie_exactly_whatever_the_number_of_words(total, left, right):
    first, second = likelihoods(ScoreAsk("", (left, right)), [float(total)] * 2).scores
    assert first.total == second.total == total
    assert max(*first.logprobs, *second.logprobs) <= 0


def test_the_preferred_continuation_is_the_likeliest():
    assert preferring(ASK, 1).scores[1].total > preferring(ASK, 1).scores[0].total
    assert [score.greedy for score in preferring(ASK, 1).scores] == [False, True]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(Finish.FAILED, error="x"), Outcome.FAILED),
        (Reply(Finish.TOO_LONG, error="x"), Outcome.TRUNCATED),
        (Reply(Finish.REFUSED), Outcome.REFUSED),
        (Reply(Finish.STOP), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text="yes"), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((-1.0,), (0,), greedy=True),)), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((), (), greedy=True),) * 2), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((-1.0,), (), greedy=True),) * 2), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((float("nan"),), (0,), greedy=True),) * 2), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((-float("inf"),), (0,), greedy=True),) * 2), Outcome.UNREADABLE),
        (Reply(Finish.STOP, scores=(ContinuationScore((0.5,), (0,), greedy=True),) * 2), Outcome.UNREADABLE),
    ],
)
def test_a_reply_without_likelihoods_has_an_outcome_instead(reply, outcome):
    read = read_totals(ASK, reply)
    assert isinstance(read, Score)
    assert read.outcome is outcome
    assert read.note


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(Finish.FAILED, text="B"), Outcome.FAILED),
        (Reply(Finish.REFUSED, text="B"), Outcome.REFUSED),
        (Reply(Finish.STOP, text=""), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text=" \n"), Outcome.UNREADABLE),
        (Reply(Finish.STOP), Outcome.UNREADABLE),
    ],
)
def test_a_reply_without_text_has_an_outcome_instead(reply, outcome):
    read = read_text(reply)
    assert isinstance(read, Score)
    assert read.outcome is outcome


def test_scripted_text_keeps_the_limit_of_tokens():
    assert chosen_text(GenerateAsk("p", max_tokens=2), "one two three") == Reply(Finish.LENGTH, text="one two")
    assert chosen_text(GenerateAsk("p", max_tokens=3), "one two three") == Reply(Finish.STOP, text="one two three")


def test_a_word_that_the_limit_of_tokens_may_have_cut_is_left_out():
    assert whole_words(Reply(Finish.LENGTH, text="See doi: 10.10")) == "See doi:"
    assert whole_words(Reply(Finish.LENGTH, text="import os\n")) == "import os\n"
    assert whole_words(Reply(Finish.STOP, text="See doi: 10.10")) == "See doi: 10.10"
    assert whole_words(Reply(Finish.LENGTH, text="10.10")).outcome is Outcome.TRUNCATED
    assert whole_words(Reply(Finish.LENGTH, text=" ")).outcome is Outcome.UNREADABLE
