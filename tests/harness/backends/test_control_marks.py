"""What the control backend marks: as many texts as its dial says, in words that a detector finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.control import Control
from harness.backends.control_writer import NOTHING
from harness.records import Finish, GenerateAsk
from harness.watermark import kgw
from harness.watermark.keys import PUBLIC_KEY, wrong_key
from harness.watermark.words import word_ids

ASKS = [GenerateAsk(f"Go on with number {number}", max_tokens=100, temperature=1.0) for number in range(200)]


def found(replies, key=PUBLIC_KEY):
    return sum(its.p < 1e-3 for its in kgw.detect_all([word_ids(reply.text) for reply in replies], key=key))


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_as_many_texts_carry_its_mark_as_the_dial_says(rate):
    backend = Control(marks_text=rate, seed=2)
    replies = backend.answer(ASKS)
    assert found(replies) / 200 == pytest.approx(rate, abs=0.1)
    assert found(replies, wrong_key(PUBLIC_KEY, 1)) <= 3
    assert found(backend.answer([replace(ask, marked=False) for ask in ASKS])) <= 3
    assert {reply.usage.output_tokens for reply in replies} == {100}


def test_it_marks_nothing_that_it_knows_and_nothing_greedy():
    backend = Control(marks_text=1.0)
    greedy = [replace(ask, temperature=0.0) for ask in ASKS[:5]]
    assert {reply.text for reply in backend.answer(greedy)} == {NOTHING}
    asks = [*ASKS[:5], *greedy]
    assert {reply.text for reply in Control().answer(asks)} == {NOTHING}


def test_its_words_end_at_the_limit_and_differ_between_samples():
    backend = Control(marks_text=0.5)
    short, long = backend.answer([replace(ASKS[0], max_tokens=7), replace(ASKS[0], max_tokens=5000)])
    assert len(short.text.split()) == 7
    assert (len(long.text.split()), long.finish) == (400, Finish.STOP)
    assert len({reply.text for reply in backend.answer([replace(ASKS[0], seed=seed) for seed in range(5)])}) == 5
