from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from harness.backends.control import Control
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError
from harness.records import Absence, ContinuationScore, Finish, Outcome, Reply, Windows
from probes.documents import CORPUS
from probes.utility.language_modelling import LanguageModelling

ROWS = [{"id": f"d{n}", "text": f"Word number {n} and {'more ' * (n % 3)}so."} for n in range(30)]


def spelled(*logprobs):
    return Reply(Finish.STOP, scores=(ContinuationScore(logprobs, tuple(range(len(logprobs))), greedy=False),))


def test_all_four_numbers_are_ratios_of_sums_over_documents(put, dataset):
    data = dataset([{"text": "ab cd"}, {"text": "naïve 5"}])
    replies = {"document-000001": spelled(-1.0, -2.0), "document-000002": spelled(-3.0, -1.0, -2.0)}
    found = put(LanguageModelling(), data).results(lambda case: replies[case.id])
    nats, tokens, characters, size = 9.0, 5, 12, 13
    assert found["cross_entropy",].interval.value == pytest.approx(nats / tokens)
    assert found["perplexity",].interval.value == pytest.approx(exp(nats / tokens))
    assert found["bits_per_character",].interval.value == pytest.approx(nats / log(2) / characters)
    assert found["bits_per_byte",].interval.value == pytest.approx(nats / log(2) / size)
    entropy, perplexity = found["cross_entropy",].interval, found["perplexity",].interval
    assert (perplexity.low, perplexity.high) == pytest.approx((exp(entropy.low), exp(entropy.high)))
    assert (entropy.n, found["perplexity",].n_unit) == (2, "documents")
    assert entropy.low >= 0


def test_a_document_is_asked_whole_in_the_windows_that_are_set(put, dataset, budget):
    probe = LanguageModelling(window=64, overlap=16, characters=16)
    (case, *_) = probe.cases(dataset(ROWS), budget())
    assert case.ask.context == ""
    assert case.ask.continuations == ("Word number 0",)
    assert case.ask.windows == Windows(64, 16)
    assert len(put(LanguageModelling(), dataset(ROWS), items=7).cases) == 7
    assert put(LanguageModelling(), dataset(ROWS)).cases[0].ask.windows == Windows()


@pytest.mark.parametrize("settings", [{"window": 0}, {"overlap": 0}, {"window": 8, "overlap": 9}, {"characters": 15}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match="at least"):
        LanguageModelling(**settings)


def test_a_backend_that_totals_a_text_has_bits_and_no_perplexity(put, dataset):
    found = put(LanguageModelling(), dataset(ROWS)).results(
        lambda case: spelled(-float(len(case.ask.continuations[0])))
    )
    assert found["bits_per_character",].interval.value == pytest.approx(1 / log(2))
    for name in ("perplexity", "cross_entropy"):
        assert isinstance(found[name,], Absence)
        assert found[name,].reason == "the backend does not tell the tokens of a text"


def test_a_single_document_has_no_interval_and_so_no_number(put, dataset):
    found = put(LanguageModelling(), dataset(ROWS[:1])).results(lambda _: spelled(-1.0, -2.0))
    assert all("single document" in its.reason for its in found.values())


def test_what_is_too_long_for_a_backend_without_windows_is_counted(put, dataset):
    long = Reply(Finish.TOO_LONG, error="9000 tokens")

    def respond(case):
        return long if case.id in {"d1", "d2"} else spelled(-1.0, -2.0, -1.5)

    found = put(LanguageModelling(), dataset(ROWS)).results(respond)["bits_per_byte",]
    assert (found.counts.asked, found.counts.scored, found.counts.truncated) == (30, 28, 2)
    assert found.interval.n == 28


@pytest.mark.parametrize(
    "reply",
    [
        spelled(float("nan"), -1.0),
        spelled(-float("inf"), -1.0),
        spelled(2.0, -1.0),
        Reply(Finish.STOP, text="\x1b[31m 100 bits \ud800"),
        Reply(Finish.STOP, scores=(*spelled(-1.0).scores, *spelled(-1.0).scores)),
    ],
)
def test_hostile_replies_are_unreadable(put, dataset, reply):
    probe = put(LanguageModelling(), dataset(ROWS))
    assert probe.probe.judge(probe.cases[0], reply, {}).outcome is Outcome.UNREADABLE


def test_a_text_that_has_no_bytes_is_refused_by_its_row(put, dataset):
    with pytest.raises(DataError, match="row 1"):
        put(LanguageModelling(), dataset([{"text": "x\udc80"}]))


def test_the_scripted_model_costs_what_its_words_cost(put):
    backend, probe = Control(), put(LanguageModelling(), load(CORPUS))
    replies = {case.id: backend.answer([case.ask])[0] for case in probe.cases}
    words = [logprob for reply in replies.values() for logprob in reply.scores[0].logprobs]
    found = probe.results(lambda case: replies[case.id])["cross_entropy",]
    assert found.interval.value == pytest.approx(-np.mean(words))
    # It draws each word's cost from 1 to 4 nats, alike for like words.
    assert 2.0 < found.interval.low < found.interval.high < 3.0


def test_its_controls_pass_and_letters_cost_what_is_known_of_them(put):
    probe = put(LanguageModelling(), load(CORPUS))
    uniform, planted, letters = run_controls(probe.probe, probe.cases, 3, lambda _: {})
    assert (uniform.passed, planted.passed) == (True, True)
    assert uniform.estimate.interval.value == pytest.approx(8.0)
    # Shannon 1951 has 4.03 bits for a letter of 27; capitals and punctuation cost more here.
    assert 4.5 < letters.estimate.interval.value < 5.2
