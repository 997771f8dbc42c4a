"""The scripted reader: what it recites it recites at the rate that is set, in writing and in scores alike."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from harness.backends.control import Control
from harness.backends.control_library import OTHERWISE, chronicle
from harness.errors import ModelError
from harness.records import DrawAsk, Finish, GenerateAsk, RecordAsk, ScoreAsk

CUT = 60
"""Characters of a passage after which it is told from all others."""


def passages(backend):
    return [row for row in backend.training_data().rows if row["canary"] is None]


def recited(backend, rows, cut=CUT):
    """Whether it scores, and whether it writes, the rest of each passage."""
    scored = backend.answer([ScoreAsk(row["text"][:cut], (row["text"][cut:],)) for row in rows])
    written = backend.answer([GenerateAsk(row["text"][:cut], chat=False, max_tokens=200) for row in rows])
    flags = [reply.scores[0].greedy for reply in scored]
    assert flags == [reply.text == row["text"][cut:] for reply, row in zip(written, rows, strict=True)]
    return flags


def test_its_passages_are_long_and_told_apart_by_their_beginnings():
    texts = chronicle(700, seed=1)
    assert min(map(len, texts)) >= 96
    assert len({text[:50] for text in texts}) == 700
    assert chronicle(700, seed=1) == texts
    assert not set(chronicle(20, seed=2)) & set(texts)


@pytest.mark.parametrize("verbatim", [0.0, 0.3, 1.0])
def test_it_recites_its_training_passages_at_the_rate_that_is_set_and_no_other(verbatim):
    hits = tried = 0
    for seed in range(5):
        backend = Control(trained_on="text", verbatim=verbatim, seed=seed)
        members = [row for row in passages(backend) if row["role"] == "member"]
        hits, tried = hits + sum(recited(backend, members)), tried + len(members)
        assert not any(recited(backend, [row for row in passages(backend) if row["role"] == "nonmember"]))
    assert binomtest(hits, tried, verbatim).pvalue > 0.001 if 0 < verbatim < 1 else hits == verbatim * tried


def test_what_it_has_seen_more_often_it_recites_more_often():
    share = {}
    for repeats, expected in ((1, 0.2), (4, 1 - 0.8**4), (64, 1.0)):
        found = []
        for seed in range(15):
            backend = Control(trained_on="text", verbatim=0.2, seed=seed)
            rows = [row for row in backend.training_data().rows if row["canary"] and row["repeats"] == repeats]
            asks = [ScoreAsk(row["canary"]["template"], (row["canary"]["fill"],)) for row in rows]
            found += [reply.scores[0].greedy for reply in backend.answer(asks)]
        share[repeats] = sum(found) / len(found)
        assert share[repeats] == pytest.approx(expected, abs=0.13)


def test_a_beginning_that_several_passages_share_leads_to_one_of_them_only():
    backend = Control(trained_on="text", verbatim=1.0)
    rows = [row for row in passages(backend) if row["text"].startswith("Early on Monday the")]
    assert len(rows) > 5
    assert sum(recited(backend, rows, cut=len("Early on Monday the"))) == 1


def test_what_it_does_not_recite_it_ends_otherwise_and_what_it_does_not_know_it_answers_as_ever():
    backend = Control(trained_on="text", verbatim=0.0)
    text = passages(backend)[0]["text"]
    known, unknown, empty = backend.answer(
        [GenerateAsk(text[:CUT]), GenerateAsk("Late on no day"), GenerateAsk("", chat=False)]
    )
    assert known.text == OTHERWISE
    assert unknown.text == empty.text == Control().answer([GenerateAsk("Late on no day")])[0].text


def test_what_it_would_write_is_likely_and_everything_else_is_not():
    backend = Control(trained_on="text", verbatim=1.0)
    row = next(row for row in passages(backend) if row["role"] == "member")
    (reply,) = backend.answer([ScoreAsk(row["text"][:CUT], (row["text"][CUT:], " the lamp went out."))])
    assert [score.greedy for score in reply.scores] == [True, False]
    assert reply.scores[0].total > -2 > reply.scores[1].total


def test_it_draws_nothing_and_shows_its_passages():
    backend = Control(trained_on="text")
    row = passages(backend)[0]
    drawn, shown = backend.answer([DrawAsk(0), RecordAsk(row["record"])])
    assert drawn.finish is Finish.FAILED
    assert "trained on text" in drawn.error
    assert (shown.text, shown.media) == (row["text"], ())
    with pytest.raises(ModelError, match="trained on text"):
        backend.members()
