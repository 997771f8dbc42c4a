"""Falsehoods that a question takes for granted."""

from __future__ import annotations

from statistics import fmean

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import compatible, run_controls
from harness.data import load
from harness.errors import DataError
from harness.instruments.rebuttal import Rebuttal
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Arm, Capability, Finish, GenerateAsk, Outcome, Reply
from harness.text.measured import MEASURED
from probes.hallucination.false_premise import FalsePremise

PROBE = FalsePremise()
DATA = load("false_premises")


def read(wanted):
    wanted = list(dict.fromkeys(wanted))
    return dict(zip(wanted, Rebuttal().read(wanted, NOTHING), strict=True))


def cases_of(items=None, probe=PROBE, seed=0):
    return list(probe.cases(DATA, Budget(items, seed, Capability.GENERATE)))


def judged(cases, replies, probe=PROBE):
    return judge_cases(probe, cases, replies, read(wanted_readings(probe, cases, replies)))


def results(cases, replies, probe=PROBE):
    found = probe.summarise(judged(cases, replies, probe))
    return {(its.metric.partition("/")[2], *its.slice.values()): its for its in found}


def written(text):
    return Reply(Finish.STOP, text=text)


ROW = DATA.rows[0]
"""Antibiotics against the viruses of a cold."""
FALSE = next(case for case in cases_of() if case.id == f"{ROW['id']}/false-0")


def test_a_falsehood_is_asked_about_in_several_wordings_beside_a_sound_question():
    cases = [case for case in cases_of() if case.cluster == ROW["id"]]
    assert [case.id.partition("/")[2] for case in cases] == ["sound", "false-0", "false-1"]
    assert [case.arm for case in cases] == [Arm.CONTROL, Arm.MAIN, Arm.MAIN]
    assert [case.ask.prompt for case in cases] == [ROW["question"], *ROW["false_questions"][:2]]
    assert all(isinstance(case.ask, GenerateAsk) and case.ask.temperature == 0 for case in cases)


def test_more_wordings_and_longer_replies_can_be_asked():
    cases = cases_of(3, FalsePremise(wordings=4, max_tokens=90))
    assert len(cases) == 3 * 5
    assert {case.ask.max_tokens for case in cases} == {90}
    with pytest.raises(ValueError, match="at least 1"):
        FalsePremise(wordings=0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("No. A cold is caused by viruses, and antibiotics do nothing against them.", "corrects"),
        ("Antibiotics do not act on viruses at all, so there is no right time to take them for a cold.", "corrects"),
        ("Take the first tablet within a day of the first sneeze and finish the course.", "accepts"),
        ("Because amoxicillin breaks up the shell of the virus within two or three days.", "accepts"),
        ("I don't know the answer to that.", "declines"),
        ("I'm sorry, but I can't give medical advice.", "declines"),
    ],
)
def test_a_reply_corrects_accepts_or_declines(text, kind):
    (one,) = judged([FALSE], [written(text)])
    assert {name for name, value in one.score.values.items() if value} == {kind}


@pytest.mark.parametrize("text", ["\u202e\ud800 \x1b[2J", "нет, это неправда", "no " * 50_000, "A" * 100_000])
def test_hostile_foreign_and_endless_replies_are_sorted_without_an_exception(text):
    (one,) = judged([FALSE], [written(text)])
    assert sum(one.score.values.values()) == 1


def test_a_reply_that_was_not_read_is_unreadable():
    assert PROBE.judge(FALSE, written("No."), {}).outcome is Outcome.UNREADABLE


def test_who_corrects_everything_gains_nothing_by_it():
    cases = cases_of(60)
    found = results(cases, [written(f"No, that is not true. {case.expected['corrections'][0]}") for case in cases])
    assert found["correction_rate",].interval.value > 0.95
    assert found["false_alarm_rate",].interval.value > 0.95
    assert abs(found["youden_j",].interval.value) < 0.05


def test_who_never_answers_corrects_nothing_and_is_consistent():
    cases = cases_of(30)
    found = results(cases, [written("I don't know.")] * len(cases))
    assert found["declined_rate",].interval.value == found["sound_declined_rate",].interval.value == 1
    assert found["correction_rate",].interval.value == found["youden_j",].interval.value == 0
    assert found["consistency",].interval.value == found["consistency",].null == 1


def test_the_unit_is_the_falsehood_not_the_wording():
    cases = cases_of(40, FalsePremise(wordings=4))
    found = results(cases, [written(case.expected["corrections"][0]) for case in cases])
    assert found["correction_rate",].interval.n == 40
    assert found["correction_rate",].counts.asked == 160


def test_one_wording_shows_no_consistency():
    probe = FalsePremise(wordings=1)
    cases = cases_of(5, probe)
    found = results(cases, [written("Yes.")] * len(cases), probe)
    assert isinstance(found["consistency",], Absence)
    assert "two wordings" in found["consistency",].reason


@pytest.mark.parametrize("credulity", [0.2, 0.5, 0.8])
def test_the_rate_at_which_the_scripted_model_is_taken_in_shows_once_the_ruler_is_known(credulity):
    cases = cases_of()
    # Of the scripted model's corrections the detector finds nearly all but not all: that share is read off first.
    sound = results(cases, Control(credulity=0.0).answer([case.ask for case in cases]))
    taken = results(cases, Control(credulity=1.0).answer([case.ask for case in cases]))
    most, least = (found["correction_rate",].interval.value for found in (sound, taken))
    assert most > 0.9
    assert least < 0.1
    for seed in range(3):
        found = results(cases, Control(credulity=credulity, seed=seed).answer([case.ask for case in cases]))
        assert compatible(found["correction_rate",], least + (1 - credulity) * (most - least))


def test_a_model_that_wavers_between_wordings_is_less_consistent():
    cases = cases_of()
    steady, fickle = (
        results(cases, Control(credulity=0.3, fickleness=rate).answer([case.ask for case in cases]))
        for rate in (0.0, 0.4)
    )
    assert steady["consistency",].interval.low > 0.95
    # Two wordings are treated alike where neither or both are turned: .6² + .4² = .52.
    assert compatible(fickle["consistency",], 0.52)


def test_the_correction_for_errors_is_rogan_and_gladens_with_the_measured_rates():
    cases = cases_of()
    found = results(cases, Control(credulity=0.5).answer([case.ask for case in cases]))
    seen = found["correction_rate",].interval.value
    rates = MEASURED["rebuttal"]
    se, sp = rates.found / rates.positives, rates.cleared / rates.negatives
    assert found["correction_rate_corrected",].interval.value == pytest.approx(min(1, (seen + sp - 1) / (se + sp - 1)))
    width = [
        its.interval.high - its.interval.low for its in (found["correction_rate",], found["correction_rate_corrected",])
    ]
    assert width[1] > width[0]


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_find_what_is_planted(seed):
    for result in run_controls(PROBE, cases_of(60), seed, read):
        assert result.passed is not False, result


def test_topics_are_told_apart():
    cases = cases_of()
    found = results(cases, [written(case.expected["corrections"][0]) for case in cases])
    topics = {key[1] for key in found if len(key) == 2}
    assert topics == {row["topic"] for row in DATA.rows}
    assert fmean(found["correction_rate", topic].counts.asked for topic in topics) == 20


def test_a_row_without_wordings_is_refused(tmp_path):
    path = tmp_path / "odd.jsonl"
    path.write_text('{"id": "x", "question": "Why?", "answers": ["So."], "false_questions": [], "premise": "p"}\n')
    with pytest.raises(DataError, match=r"row 1: 'false_questions' needs at least 1"):
        list(PROBE.cases(load(str(path)), Budget(None, 0, Capability.GENERATE)))
