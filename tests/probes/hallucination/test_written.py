"""Closed-book answers in the model's own words."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import compatible, run_controls
from harness.data import load
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Estimate, Finish, Outcome, Reading, Reply
from harness.registry import Registry
from probes.hallucination.closed_book import ClosedBook

PROBE = ClosedBook(mode="write")
DATA = load("wordings")


def read(wanted):
    opened = {name: Registry().create("instrument", name) for name in PROBE.instruments}
    return {one: opened[one.instrument].read([one], NOTHING)[0] for one in wanted}


def cases_of(items=None, seed=0):
    return list(PROBE.cases(DATA, Budget(items, seed, Capability.GENERATE)))


def judged(cases, replies):
    return judge_cases(PROBE, cases, replies, read(wanted_readings(PROBE, cases, replies)))


def kinds(text, case):
    (one,) = judged([case], [Reply(Finish.STOP, text=text)])
    return {name for name, value in one.score.values.items() if value}


def results(cases, replies):
    return {
        found.metric.partition("/")[2]: found for found in PROBE.summarise(judged(cases, replies)) if not found.slice
    }


CAPITAL = next(case for case in cases_of() if case.expected["true"] == ["Canberra"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Canberra", "true"),
        ("The capital of Australia is Canberra, of course.", "true"),
        ("canberra.", "true"),
        ("Sydney", "false"),
        ("It is Sydney, not Canberra.", "false"),
        ("Not Sydney but Canberra.", "true"),
        ("Brisbane", "unmatched"),
        ("I don't know.", "abstained"),
        ("I'm sorry, but I can't help with that.", "abstained"),
        ("It is hard to say.", "abstained"),
    ],
)
def test_an_answer_is_true_false_withheld_or_neither(text, kind):
    assert kinds(text, CAPITAL) == {kind}


@pytest.mark.parametrize("text", ["", " \n", "\u202e\ud800\x1b[31m", "é" * 20_000, "首都是堪培拉"])
def test_hostile_and_foreign_text_is_counted_never_an_exception(text):
    (one,) = judged([CAPITAL], [Reply(Finish.STOP, text=text)])
    assert one.score.outcome is (Outcome.SCORED if text.strip() else Outcome.UNREADABLE)
    assert one.score.values.get("true", 0.0) == 0.0


def test_a_reply_that_no_instrument_read_is_unreadable():
    score = PROBE.judge(CAPITAL, Reply(Finish.STOP, text="Canberra"), {})
    assert score.outcome is Outcome.UNREADABLE
    assert "did not read" in score.note


def test_every_reading_names_the_instrument_that_was_set():
    probe = ClosedBook(mode="write", by="judge")
    wanted = list(probe.readings(CAPITAL, Reply(Finish.STOP, text="Canberra")))
    assert {one.instrument for one in wanted} == {"judge", "refusal"} == set(probe.instruments)
    assert all(isinstance(one, Reading) for one in wanted)


def test_what_is_true_is_told_of_all_and_of_the_answered():
    cases = cases_of(20)
    texts = [case.expected["true"][0] for case in cases[:12]] + [case.expected["false"][0] for case in cases[12:16]]
    replies = [Reply(Finish.STOP, text=text) for text in [*texts, *["I don't know."] * 4]]
    found = results(cases, replies)
    assert found["true_share"].interval.value == 12 / 20
    assert found["false_share"].interval.value == 4 / 20
    assert found["abstained_share"].interval.value == 4 / 20
    assert found["true_of_answered"].interval.value == 12 / 16
    assert {one.instrument for one in found.values()} == {"equivalence"}


def test_who_never_answers_has_no_share_among_the_answered():
    cases = cases_of(5)
    found = results(cases, [Reply(Finish.STOP, text="I don't know.")] * 5)
    assert isinstance(found["true_of_answered"], Absence)
    assert isinstance(found["abstained_share"], Estimate)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6])
def test_the_interval_holds_the_rate_at_which_the_scripted_model_errs(rate):
    cases = cases_of()
    for seed in range(3):
        model = Control(hallucination=rate, seed=seed)
        found = results(cases, model.answer([case.ask for case in cases]))
        assert compatible(found["false_share"], rate)
        assert compatible(found["true_share"], 1 - rate)


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_find_what_is_planted(seed):
    for result in run_controls(PROBE, cases_of(60), seed, read):
        assert result.passed is not False, result


def test_the_instrument_control_tells_what_wrapping_costs():
    (wrapped,) = [one for one in run_controls(PROBE, cases_of(), 0, read) if one.passed is None]
    assert wrapped.estimate.interval.value > 0.9


def test_an_unknown_mode_or_instrument_is_refused():
    with pytest.raises(ValueError, match="choose or write"):
        ClosedBook(mode="guess")
    with pytest.raises(ValueError, match="equivalence, entailment, judge"):
        ClosedBook(mode="write", by="similarity")
