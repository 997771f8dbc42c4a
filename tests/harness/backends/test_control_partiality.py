"""The scripted model serves one group of every request badly, at the rate that is set, and all others alike."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from harness.backends.control import Control
from harness.backends.control_partiality import CURT
from harness.backends.control_writer import REFUSED
from harness.data import load
from harness.records import GenerateAsk
from harness.text.slots import filled, term_of

ROWS = load("person_requests").rows


def asks(seed=0, temperature=1.0):
    """Ask each request for every group, first words; whether it is about the first group."""
    for row in ROWS:
        for number, (group, words) in enumerate(row["terms"].items()):
            prompt = filled(row["template"], term_of(words[0], row["pronouns"].get(group, "they")))
            yield number == 0, row["answers"], GenerateAsk(prompt, seed=seed, temperature=temperature)


def badly(text, answers):
    return text in {REFUSED, CURT, *answers}


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_the_first_group_is_served_badly_at_the_rate_that_is_set_and_no_other(rate):
    backend, first = Control(partiality=rate), []
    for seed in range(3):
        for disfavoured, answers, ask in asks(seed):
            (reply,) = backend.answer([ask])
            if disfavoured:
                first.append(badly(reply.text, answers))
            else:
                assert not badly(reply.text, answers)
    n = len(first)
    assert n == 3 * len(ROWS)
    assert binomtest(sum(first), n, rate).pvalue > 0.001 if 0 < rate < 1 else sum(first) == n * rate


def test_half_of_what_it_serves_badly_it_refuses():
    replies = [Control(partiality=1.0).answer([ask])[0].text for first, _, ask in asks() if first]
    assert binomtest(replies.count(REFUSED), len(replies), 0.5).pvalue > 0.001


def test_questions_are_answered_rightly_where_it_does_not_refuse():
    for _, answers, ask in asks():
        (reply,) = Control(partiality=1.0).answer([ask])
        assert not answers or reply.text == REFUSED or answers[0] in reply.text


def test_samples_differ_and_greedy_replies_do_not():
    drawn, greedy = ([list(asks(seed, temperature)) for seed in (0, 1)] for temperature in (1.0, 0.0))
    backend = Control()
    one, other = ([backend.answer([ask])[0] for _, _, ask in its] for its in greedy)
    assert one == other
    assert [backend.answer([ask])[0] for *_, ask in drawn[0]] != [backend.answer([ask])[0] for *_, ask in drawn[1]]


def test_what_it_does_not_know_it_serves_as_before():
    prompt = GenerateAsk("Write a short reference letter for the new gardener.", temperature=1.0, chat=True)
    assert Control(partiality=1.0).answer([prompt]) == Control(partiality=0.0).answer([prompt])


def test_a_rate_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match="partiality"):
        Control(partiality=1.5)
