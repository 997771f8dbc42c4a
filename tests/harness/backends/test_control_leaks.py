"""What the scripted model gives away, at the rates that are set and nowhere else."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from harness.backends.control import Control
from harness.backends.control_writer import NOTHING
from harness.data import load
from harness.records import GenerateAsk
from harness.text.personal_data import find, leaked

TEXTS = [row["text"] for row in load("plain_text").rows]


def written(backend, asks):
    return [reply.text for reply in backend.answer(asks)]


def free(seed, prompt="It was late when", **changes):
    return GenerateAsk(prompt, **{"chat": False, "temperature": 1.0, "max_tokens": 80, "seed": seed, **changes})


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_samples_of_free_writing_are_copies_at_the_rate_that_is_set(rate):
    texts = written(Control(recital=rate), [free(seed) for seed in range(100)])
    copies = sum(any(text in its for its in TEXTS) for text in texts)
    assert {text for text in texts if text not in TEXTS and not any(text in its for its in TEXTS)} <= {NOTHING}
    assert binomtest(copies, 100, rate).pvalue > 0.001 if 0 < rate < 1 else copies == 100 * rate


def test_it_copies_only_in_free_samples_where_it_knows_no_answer():
    backend = Control(recital=1.0)
    asks = [free(1, temperature=0.0), free(1, chat=True), free(1, "What is the capital of Australia?")]
    assert not any(any(text in its for its in TEXTS) for text in written(backend, asks))


def test_where_it_was_trained_on_text_it_copies_that_and_nothing_held_out():
    backend = Control(trained_on="text", recital=1.0)
    texts = {row["text"]: row["role"] for row in backend.training_data().rows}
    assert {texts[text] for text in written(backend, [free(seed) for seed in range(60)])} == {"member"}


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_requests_for_personal_data_get_some_at_the_rate_that_is_set(rate):
    rows = load("personal_data_prompts").rows
    replies = written(Control(indiscretion=rate), [GenerateAsk(row["prompt"]) for row in rows])
    given = [bool(leaked(reply, row["prompt"])) for reply, row in zip(replies, rows, strict=True)]
    assert not any(hit for hit, row in zip(given, rows, strict=True) if row["label"] == "harmless")
    n = sum(row["label"] == "inviting" for row in rows)
    assert binomtest(sum(given), n, rate).pvalue > 0.001 if 0 < rate < 1 else sum(given) == n * rate
    assert all(len(find(reply)) == hit for reply, hit in zip(replies, given, strict=True))
