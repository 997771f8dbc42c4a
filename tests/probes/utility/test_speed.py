from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.backends.control import Control
from harness.canonical import digest
from harness.contracts import Budget
from harness.controls import compatible, run_controls
from harness.data import load
from harness.execute.batches import batches
from harness.records import (
    Absence,
    Capability,
    ContinuationScore,
    Estimate,
    Finish,
    GenerateAsk,
    Judged,
    Outcome,
    Reply,
    ScoreAsk,
    Usage,
)
from harness.seeds import rng
from probes.documents import CORPUS
from probes.utility.speed import Speed

BOTH = frozenset({Capability.GENERATE, Capability.SCORE})
ROWS = [
    {"text": f"The text of number {n}, which goes on and on until it is long enough to be cut."} for n in range(400)
]
MORE = {"requests": 40, "texts": 20, "tokens": 12}
WRITTEN = Reply(Finish.LENGTH, text="word " * 12, usage=Usage(30, 12))


def put(data, respond, *, items=None, abilities=BOTH, **settings):
    """Results by short name, and the cases."""
    probe = Speed(**{**MORE, **settings})
    cases = list(probe.cases(data, Budget(items, 0, Capability.GENERATE, abilities)))
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged)}, cases


def taking(seconds, joules=None):
    """Replies that took these seconds, in turn."""
    times = iter(seconds)

    def respond(case):
        if isinstance(case.ask, ScoreAsk):
            scores = (ContinuationScore((-1.0,) * 30, tuple(range(30)), greedy=False),)
            return Reply(Finish.STOP, scores=scores, usage=Usage(31), seconds=next(times))
        return replace(WRITTEN, seconds=next(times), joules=joules)

    return respond


def test_every_ask_is_in_a_batch_of_its_own_unless_they_are_asked_together():
    for together, count in ((False, 60), (True, 2)):
        _, cases = put(load(CORPUS), lambda _: WRITTEN, together=together)
        asks = [(digest(case.ask), case.ask) for case in cases]
        assert len({key for key, _ in asks}) == 60
        assert sum(isinstance(ask, GenerateAsk) for _, ask in asks) == 40
        assert len(list(batches(asks, lambda _: 50, 4096))) == count


def test_a_backend_that_cannot_score_is_asked_to_write_alone(dataset):
    found, cases = put(dataset(ROWS), taking(np.linspace(1, 2, 40)), abilities=frozenset({Capability.GENERATE}))
    assert all(isinstance(case.ask, GenerateAsk) for case in cases)
    assert found["scored_tokens_per_second"].reason == "nothing was asked for it"


def test_speed_is_tokens_over_seconds_and_not_the_mean_of_speeds(dataset):
    found, _ = put(dataset(ROWS), taking([1.0, 3.0, 0.5, 1.5]), requests=2, texts=2)
    written = found["generated_tokens_per_second"].interval
    assert (written.value, written.n) == (pytest.approx(24 / 4.0), 2)
    assert found["scored_tokens_per_second"].interval.value == pytest.approx(60 / 2.0)


def test_percentiles_are_times_that_were_seen_with_bounds_where_enough_were(dataset):
    seconds = rng(0, "times").sample(range(1, 1001), 40)
    found, _ = put(dataset(ROWS), taking([n / 100 for n in seconds]), texts=2, abilities=frozenset())
    ranked = sorted(n / 100 for n in seconds)
    # Of 40, the median's bounds are ranks 14 and 27 (coverage 0.9615); ranks 31 and 40 are those of the ninetieth.
    median, ninetieth = found["latency_p50"].interval, found["latency_p90"].interval
    assert (median.value, median.low, median.high) == (ranked[19], ranked[13], ranked[26])
    assert (ninetieth.value, ninetieth.high, ninetieth.method) == (ranked[35], ranked[39], "order statistics")
    assert found["latency_p99"].reason == "it takes 368 replies to bound it, and there are 40"
    many, _ = put(dataset(ROWS), taking(np.linspace(1, 2, 400)), requests=400, abilities=frozenset())
    assert isinstance(many["latency_p99"], Estimate)
    repeated, cases = put(dataset(ROWS), taking(np.linspace(1, 2, 400)), repeats=10, abilities=frozenset())
    assert isinstance(repeated["latency_p99"], Estimate)
    assert len({digest(case.ask) for case in cases}) == len({case.id for case in cases}) == 400


def test_replies_that_share_a_batch_have_a_speed_and_no_latency(dataset):
    times = [0.25] * 20 + [0.5] * 20
    found, _ = put(dataset(ROWS), taking(times), abilities=frozenset(), together=True)
    assert found["generated_tokens_per_second"].interval.value == pytest.approx(12 * 40 / 15)
    assert found["generated_tokens_per_second"].interval.n == 2
    assert "share the time of a batch" in found["latency_p50"].reason
    alike, _ = put(dataset(ROWS), taking([0.25] * 40), abilities=frozenset(), together=True)
    assert "one timing" in alike["generated_tokens_per_second"].reason


def test_energy_is_measured_or_estimated_and_never_one_for_the_other(dataset):
    times = np.linspace(0.9, 1.1, 40)
    measured, _ = put(dataset(ROWS), taking(times, joules=24.0), abilities=frozenset())
    assert measured["joules_per_token"].interval.value == pytest.approx(2.0)
    assert measured["joules_per_token_estimated"].reason == (
        "no power was declared: set `watts` to what the machine draws"
    )
    estimated, _ = put(dataset(ROWS), taking(times), abilities=frozenset(), watts=60.0)
    assert isinstance(estimated["joules_per_token"], Absence)
    assert "no counter" in estimated["joules_per_token"].reason
    # 60 W for a second make 12 tokens.
    assert estimated["joules_per_token_estimated"].interval.value == pytest.approx(5.0)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_that_is_none_is_not_scored(dataset, seconds):
    probe = Speed()
    (case, *_) = probe.cases(dataset(ROWS), Budget(None, 0, Capability.GENERATE))
    score = probe.judge(case, replace(WRITTEN, seconds=seconds), {})
    assert (score.outcome, score.note) == (Outcome.UNREADABLE, "the backend does not say how long the reply took")
    uncounted = probe.judge(case, replace(WRITTEN, usage=Usage(), seconds=1.0), {})
    assert uncounted.note == "the backend does not count the tokens that were written"
    assert probe.judge(case, Reply(Finish.REFUSED, seconds=0.1), {}).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "settings", [{"requests": 1}, {"texts": 1}, {"repeats": 0}, {"tokens": 0}, {"characters": 15}, {"watts": 0.0}]
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match="at least|above 0"):
        Speed(**settings)


@pytest.mark.parametrize("pace", [7.0, 40.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_scripted_model_is_as_fast_as_it_is_set(pace, seed):
    backend = Control(pace=pace, seed=seed)
    found, _ = put(load(CORPUS), lambda case: backend.answer([case.ask])[0])
    for name in ("generated_tokens_per_second", "scored_tokens_per_second"):
        assert compatible(found[name], pace), (name, found[name].interval)
        assert not compatible(found[name], 1.6 * pace)


def test_its_controls_pass():
    probe = Speed(**MORE)
    cases = list(probe.cases(load(CORPUS), Budget(None, 0, Capability.GENERATE, BOTH)))
    steady, stalling, shared = run_controls(probe, cases, 0, lambda _: {})
    assert (steady.passed, stalling.passed, shared.passed) == (True, True, None)
    assert stalling.estimate.interval.value < steady.estimate.interval.low
    assert shared.estimate.interval.n <= 11


@pytest.mark.slow
def test_the_interval_of_the_speed_holds_the_true_one_as_often_as_it_says(dataset):
    held = []
    for trial in range(160):
        random = rng(trial, "speed")
        found, _ = put(dataset(ROWS), taking([random.gammavariate(4, 0.25) for _ in range(40)]), abilities=frozenset())
        interval = found["generated_tokens_per_second"].interval
        held.append(interval.low <= 12.0 <= interval.high)
    assert 0.9 <= np.mean(held) <= 0.99
