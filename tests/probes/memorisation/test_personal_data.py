"""Requests for personal data beside harmless twins: what is given out, what was given before, and what scores keep."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError
from harness.instruments import personal_data as instrument
from harness.instruments.personal_data import PersonalData as Recognisers
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Arm, Capability, Finish, Outcome, Reply
from probes.memorisation.personal_data import KINDS, PersonalData

PROMPTS = "personal_data_prompts"


class Put:
    """The probe put to a respondent, with its instrument reading for real."""

    def __init__(self, probe, data, *, items=None, recognisers=None):
        self.probe, self.recognisers = probe, recognisers or Recognisers()
        self.cases = list(probe.cases(data, Budget(items, 0, Capability.GENERATE)))

    def read(self, wanted):
        wanted = list(dict.fromkeys(wanted))
        return dict(zip(wanted, self.recognisers.read(wanted, NOTHING), strict=True))

    def judged(self, respond):
        replies = [respond(case) for case in self.cases]
        readings = self.read(wanted_readings(self.probe, self.cases, replies))
        return judge_cases(self.probe, self.cases, replies, readings)

    def results(self, respond):
        found = self.probe.summarise(self.judged(respond))
        return {(its.metric.partition("/")[2], *its.slice.values()): its for its in found}


@pytest.fixture(scope="module")
def everything():
    return Put(PersonalData(), load(PROMPTS))


def by_arm(inviting, harmless="Nothing personal."):
    return lambda case: Reply(Finish.STOP, text=inviting if case.arm is Arm.MAIN else harmless)


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_every_request_has_its_twin_and_is_put_as_it_stands(everything):
    rows = {row["id"]: row for row in load(PROMPTS).rows}
    assert len(everything.cases) == len(rows) == 128
    arms = {arm: [case for case in everything.cases if case.arm is arm] for arm in Arm}
    assert len(arms[Arm.MAIN]) == len(arms[Arm.CONTROL]) == 64
    for case in everything.cases:
        row = rows[case.id.rpartition("/")[0]]
        assert case.ask.prompt == row["prompt"]
        assert (case.arm is Arm.MAIN) == (row["label"] == "inviting")
        assert case.cluster == row["pair"]


def test_a_smaller_budget_keeps_pairs_together():
    cases = Put(PersonalData(), load(PROMPTS), items=7).cases
    assert len(cases) == 14
    assert len({case.cluster for case in cases}) == 7


def test_samples_differ_in_their_seed():
    cases = Put(PersonalData(samples=3, temperature=0.8), load(PROMPTS), items=2).cases
    assert len(cases) == 12
    assert {case.ask.seed for case in cases} == {0, 1, 2}


@pytest.mark.parametrize(
    "settings",
    [{"samples": 0}, {"max_tokens": 8}, {"temperature": -1.0}, {"samples": 2}, {"samples": 2, "temperature": 0}],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"at least|one and the same"):
        PersonalData(**settings)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"prompt": "x", "label": "odd"}], "row 1: 'label'"),
        ([{"prompt": " ", "label": "inviting"}], "row 1: 'prompt'"),
        ([{"id": "a", "prompt": "x", "label": "inviting"}] * 2, "row 2: the id 'a' occurs twice"),
        ([{"prompt": "x", "label": "harmless"}], "no request with the label inviting"),
    ],
)
def test_rows_that_are_no_requests_are_told_by_number(dataset, rows, reason):
    with pytest.raises(DataError, match=reason):
        Put(PersonalData(), dataset(rows, "mine"))


def test_requests_of_ones_own_need_no_twin(dataset):
    put = Put(PersonalData(), dataset([{"prompt": f"Who is {n}?", "label": "inviting"} for n in range(3)], "mine"))
    found = put.results(by_arm("It is a@example.org."))
    assert found["leak_rate",].interval.value == 1
    assert isinstance(found["harmless_rate",], Absence)
    assert "twin" in found["excess",].reason


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def test_a_worked_example_of_all_numbers(everything):
    places = {case.id: place for place, case in enumerate(everything.cases)}

    def respond(case):
        leaks = places[case.id] % 4 == 0 or (case.arm is Arm.CONTROL and places[case.id] % 8 == 1)
        return Reply(Finish.STOP, text="Mail new.address@example.org or 203.0.113.250." if leaks else "No.")

    found = everything.results(respond)
    assert found["leak_rate",].interval.value == 0.5
    assert found["harmless_rate",].interval.value == 0.25
    assert found["excess",].interval.value == 0.25
    assert found["excess",].interval.method == "tango"
    assert found["leak_rate", "email"].interval.value == found["leak_rate", "ip"].interval.value == 0.5
    assert found["leak_rate", "card"].interval.value == 0
    assert {key[1] for key in found if len(key) > 1} == {*KINDS[:-1], *(row["kind"] for row in load(PROMPTS).rows)}
    corrected = found["leak_rate_corrected",].interval
    assert corrected.low < 0.5 < corrected.high
    assert corrected.method == "rogan-gladen"


def test_what_stands_in_the_request_is_not_given_out(everything):
    found = everything.results(lambda case: Reply(Finish.STOP, text=f"You said: {case.ask.prompt}"))
    assert found["leak_rate",].interval.value == found["harmless_rate",].interval.value == 0


def test_scores_keep_kind_and_length_and_not_what_was_found(everything):
    case = everything.cases[0]
    judged = everything.judged(by_arm("Write to ada.moss@example.org, card 4012888888881881."))[0]
    assert judged.case == case
    note = judged.score.note
    assert note == "email of 20 characters; card of 16 characters"
    for raw in ("ada", "moss", "example", "4012"):
        assert raw not in note
    many = everything.judged(by_arm(" ".join(f"u{number}@x.example" for number in range(9))))[0]
    assert many.score.note.endswith("; and 3 more")


def test_known_records_have_a_rate_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONAL_DATA_KEY", "a long and random text for tests")
    path = tmp_path / "list.txt"
    path.write_text("Project Heron\n")
    recognisers = Recognisers(known=str(path), key_env="PERSONAL_DATA_KEY")
    put = Put(PersonalData(), load(PROMPTS), items=10, recognisers=recognisers)
    found = put.results(by_arm("It is called project-heron."))
    assert found["known_record_rate",].interval.value == 1
    assert found["leak_rate",].interval.value == 0
    assert "known of 13 characters" in put.judged(by_arm("It is called project-heron."))[0].score.note


def test_without_a_list_nothing_is_said_of_known_records(everything):
    assert "no list of known records" in everything.results(by_arm("No."))["known_record_rate",].reason


def test_what_was_not_read_is_not_scored(everything):
    reply = Reply(Finish.STOP, text="Mail a@example.org")
    assert everything.probe.judge(everything.cases[0], reply, {}).outcome is Outcome.UNREADABLE


def test_probe_and_instrument_number_the_kinds_alike():
    assert KINDS == instrument.KINDS


# ── controls and scripted models ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_pass_and_false_friends_raise_no_alarm(everything, seed):
    results = run_controls(everything.probe, everything.cases, seed, everything.read)
    assert [control.passed for control in results] == [True, True, None]
    assert results[2].estimate.interval.value == 0


@pytest.mark.parametrize("indiscretion", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("seed", range(2))
def test_the_dialled_rate_of_a_scripted_model_is_found(everything, indiscretion, seed):
    backend = Control(indiscretion=indiscretion, seed=seed)
    found = everything.results(lambda case: backend.answer([case.ask])[0])
    for metric in ("leak_rate", "excess"):
        assert found[metric,].interval.low <= indiscretion <= found[metric,].interval.high
    assert found["harmless_rate",].interval.value == 0


@pytest.mark.slow
def test_the_interval_covers_the_dialled_rate_as_often_as_it_claims(everything):
    covered = 0
    for seed in range(40):
        backend = Control(indiscretion=0.3, seed=seed)
        found = everything.results(lambda case, backend=backend: backend.answer([case.ask])[0])
        interval = found["leak_rate",].interval
        covered += interval.low <= 0.3 <= interval.high
    assert covered >= 0.95 * 40 - 3 * (40 * 0.95 * 0.05) ** 0.5
