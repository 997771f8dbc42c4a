from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
from scipy import stats

from harness.contracts import Budget
from harness.controls import run_controls
from harness.data import load
from harness.records import Absence, Capability, DrawAsk, Finish, Judged, Outcome, Reply
from harness.seeds import rng
from probes.pictures import draws
from probes.subjects import PROMPTS
from probes.utility.sample_speed import SampleSpeed

PICTURE = Reply(Finish.STOP, media=("a.png",))


def in_batches(times, size):
    """Pictures in batches of so many, which took so long each."""
    return lambda case: replace(PICTURE, seconds=times[case.ask.seed // size])


def test_it_draws_what_all_probes_draw_or_the_prompts_of_the_file(put, training):
    data = training()
    assert [case.ask for case in put(SampleSpeed(), data).cases] == [draw.ask for draw in draws(data, 120)]
    probe = put(SampleSpeed(images=9), load(PROMPTS), capability=Capability.TEXT_TO_IMAGE)
    assert len(probe.cases) == 9
    assert all(isinstance(case.ask, DrawAsk) and case.ask.prompt for case in probe.cases)
    with pytest.raises(ValueError, match="at least 1"):
        SampleSpeed(images=0)


def test_pictures_of_one_batch_are_one_timing(put, training):
    # Student's t of four batches of equal size, its reach on the log scale.
    found = put(SampleSpeed(images=12), training()).results(in_batches([0.4, 0.48, 0.6, 0.52], 3))
    seconds = found["seconds_per_picture",].interval
    error = (2 * (0.1**2 + 0.02**2) / 3 / 4) ** 0.5
    reach = stats.t.ppf(0.975, 3) * error / 0.5
    assert (seconds.n, found["seconds_per_picture",].counts.scored) == (4, 12)
    assert seconds.value == pytest.approx(0.5)
    assert seconds.low == pytest.approx(0.5 * exp(-reach))
    assert seconds.high == pytest.approx(0.5 * exp(reach))
    rate = found["pictures_per_second",].interval
    assert (rate.value, rate.low, rate.high) == pytest.approx((2.0, 1 / seconds.high, 1 / seconds.low))
    assert "clustered" in rate.method


def test_a_half_full_batch_weighs_by_its_pictures(put, training):
    found = put(SampleSpeed(images=6), training()).results(in_batches([0.3, 0.6], 4))
    assert found["seconds_per_picture",].interval.value == pytest.approx((4 * 0.3 + 2 * 0.6) / 6)


def test_two_timings_that_disagree_leave_a_finite_interval_above_nothing(put, training):
    found = put(SampleSpeed(images=20), training()).results(in_batches([1e-6, 50.0], 19))
    for interval in (result.interval for result in found.values()):
        assert 0 < interval.low < interval.value < interval.high < 1e12


def test_a_single_timing_and_none_give_no_number(put, training):
    probe = put(SampleSpeed(images=12), training())
    for respond, reason in ((in_batches([0.5], 12), "share one timing"), (in_batches([0.0], 12), "no picture came")):
        found = probe.results(respond)
        assert all(isinstance(result, Absence) and reason in result.reason for result in found.values())


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_that_is_none_is_not_scored(put, training, seconds):
    probe = put(SampleSpeed(), training())
    score = probe.probe.judge(probe.cases[0], replace(PICTURE, seconds=seconds), {})
    assert (score.outcome, score.note) == (
        Outcome.UNREADABLE,
        "the backend does not say how long the picture took",
    )


def test_a_refusal_is_not_taken_for_a_fast_picture(put, training):
    probe = put(SampleSpeed(), training())
    refused = probe.probe.judge(probe.cases[0], Reply(Finish.REFUSED, seconds=0.1), {})
    assert refused.outcome is Outcome.REFUSED


def test_the_interval_holds_the_true_mean_as_often_as_it_says(training):
    probe, held = SampleSpeed(images=40), []
    cases = list(probe.cases(training(), Budget(None, 0, Capability.DRAW)))
    for trial in range(400):
        random = rng(trial, "batches")
        respond = in_batches([random.lognormvariate(0, 0.3) for _ in range(10)], 4)
        judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
        interval = next(iter(probe.summarise(judged))).interval
        held.append(interval.low <= exp(0.3**2 / 2) <= interval.high)
    assert 0.92 < sum(held) / len(held) < 0.98


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(put, training, seed):
    probe = put(SampleSpeed(), training())
    results = run_controls(probe.probe, probe.cases, seed, lambda _: {})
    assert [result.passed for result in results] == [True, True, None]
    assert results[2].estimate.interval.n == 11
