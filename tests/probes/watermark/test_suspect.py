"""The probe of somebody's marks: on scripted p-values, on text whose marks were planted, and on models of any kind."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.errors import NothingToRunError, UsageError
from harness.evidence.verify import verify
from harness.instruments.text_watermark import TextWatermark
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, CellStatus, Finish, Judged, Outcome, Reply
from harness.registry import Registry
from harness.watermark.text_look import TextLook
from probes.watermark.suspect import Suspect

BUDGET = Budget(None, 0, Capability.GENERATE)
KEY = "a long and random key, 0123456789"
TWO = ({"scheme": "kgw"}, {"scheme": "gumbel", "settings": {"context_width": 2}})


@pytest.fixture(scope="module")
def corpus():
    return load("plain_text")


def short(result):
    return (result.metric.partition("/")[2], *result.slice.values())


def results(probe, cases, respond):
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {short(its): its for its in probe.summarise(judged)}


def put(probe, backend, corpus):
    """Results of ``probe`` on what ``backend`` writes, through its instrument."""
    cases = list(probe.cases(corpus, BUDGET))
    replies = backend.answer([case.ask for case in cases])
    wanted = list(wanted_readings(probe, cases, replies))
    readings = dict(zip(wanted, TextWatermark("words").read(wanted, NOTHING), strict=True))
    judged = judge_cases(probe, cases, replies, readings)
    return {short(its): its for its in probe.summarise(judged)}, judged


# ── what it asks ──────────────────────────────────────────────────────────────────────────


def test_every_mark_is_looked_for_with_its_key_with_a_wrong_one_and_in_what_the_document_goes_on_with(corpus):
    probe = Suspect(texts=1, marks=TWO)
    (case,) = probe.cases(corpus, BUDGET)
    looks = [
        (its.text, TextLook.of(its.context)) for its in probe.readings(case, Reply(Finish.STOP, text="some words"))
    ]
    assert [(look.scheme, look.wrong) for _, look in looks] == [
        ("kgw", None),
        ("kgw", 1),
        ("kgw", None),
        ("gumbel", None),
        ("gumbel", 1),
        ("gumbel", None),
    ]
    assert [text for text, _ in looks] == 2 * ["some words", "some words", case.expected["rest"]]
    assert {look.settings.get("context_width") for _, look in looks} == {None, 2}
    assert list(probe.readings(case, Reply(Finish.FAILED, text="some words"))) == []


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"texts": 0}, "at least 1"),
        ({"marks": ()}, "at least one mark"),
        ({"marks": "kgw"}, "a list of tables"),
        ({"marks": {"scheme": "kgw"}}, "a list of tables"),
        ({"marks": [{"scheme": "ink"}]}, "No mark of texts is named 'ink'"),
        ({"marks": [{"scheme": "kgw", "settings": {"gama": 1}}]}, "Did you mean 'gamma'"),
        ({"marks": [{"scheme": "kgw", "key": "k"}]}, "no more"),
        ({"marks": [{"scheme": "kgw", "key_env": KEY}]}, "NAME of an environment variable"),
        ({"marks": [{"scheme": "kgw"}, {"scheme": "kgw", "settings": {"gamma": 0.5}}]}, "none twice"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        Suspect(**settings)


def test_a_missing_key_is_told_when_the_run_is_planned(corpus, monkeypatch):
    monkeypatch.delenv("WM_KEY", raising=False)
    with pytest.raises(UsageError, match="WM_KEY"):
        list(Suspect(marks=[{"scheme": "kgw", "key_env": "WM_KEY"}]).cases(corpus, BUDGET))


# ── what it makes of the readings ─────────────────────────────────────────────────────────


def test_a_mark_among_several_needs_a_smaller_p_than_one_by_itself(corpus):
    probe = Suspect(texts=20, marks=TWO)
    cases = list(probe.cases(corpus, BUDGET))
    place = {case.id: number for number, case in enumerate(cases)}

    def respond(case):
        # Found by itself in 8 texts; in 4 of them still found when two were looked for; shorter in 2.
        own = 0.004 if place[case.id] < 4 else 0.008 if place[case.id] < 8 else 0.5
        many = {
            "p/0": own,
            "p/1": 0.9,
            "p/wrong_key/0": 0.5,
            "p/wrong_key/1": 0.5,
            "p/others/0": 1.0,
            "p/others/1": 0.004,
        }
        return Reply(Finish.STOP, losses={"tokens": 20.0 if place[case.id] < 2 else 25.0, **many})

    found = results(probe, cases, respond)
    values = {name: its.interval.value for name, its in found.items()}
    assert values["found",] == pytest.approx(4 / 20)
    assert values["found", "kgw, public test key"] == pytest.approx(8 / 20)
    assert values["found", "gumbel, public test key"] == values["wrong_key",] == 0
    assert values["false_alarms_others",] == 1
    assert values["too_short",] == pytest.approx(2 / 20)
    assert found["found",].interval.n == 20
    assert found["found",].instrument == "text_watermark"


def test_a_text_that_says_it_was_found_is_not_believed(corpus):
    probe = Suspect(texts=1)
    (case,) = probe.cases(corpus, BUDGET)
    score = probe.judge(case, Reply(Finish.STOP, text='{"tokens": 200, "p/0": 1e-9}'), {})
    assert score.outcome is Outcome.UNREADABLE


def test_without_a_reply_nothing_is_reported(corpus):
    probe = Suspect(texts=3)
    cases = list(probe.cases(corpus, BUDGET))
    found = results(probe, cases, lambda _: Reply(Finish.FAILED))
    assert all(isinstance(its, Absence) for its in found.values())
    assert found["found",].counts.failed == 3


# ── planted marks ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("marks", [0.0, 0.5, 1.0])
def test_the_share_of_marked_texts_is_recovered_inside_its_interval(corpus, marks):
    backend = Control(marks_text=max(marks, 1e-9), seed=1)
    found, judged = put(Suspect(marks=TWO), backend, corpus)
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}
    # It marks with kgw, so that is the one that is found; a text without it is taken for marked 1 time in 100.
    for name in (("found",), ("found", "kgw, public test key")):
        interval = found[name].interval
        assert interval.low <= marks + (1 - marks) * 0.01 <= interval.high
    assert found["found", "gumbel, public test key"].interval.value < 0.1
    assert max(found[name,].interval.value for name in ("wrong_key", "false_alarms_others")) < 0.1


def test_a_word_or_none_shows_no_mark_and_is_told_to_be_too_short(corpus):
    class Brief:
        def answer(self, asks):
            return [Reply(Finish.STOP, text="Yes.") for _ in asks]

    found, judged = put(Suspect(texts=10), Brief(), corpus)
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}
    assert (found["found",].interval.value, found["too_short",].interval.value) == (0, 1)


# ── models of any kind ────────────────────────────────────────────────────────────────────

ELSEWHERE = """
[model]
backend = "function"
target = "textwrap:dedent"
[run]
probes = ["watermark.suspect"]
[probe."watermark.suspect"]
items = 5
"""


def test_a_model_that_does_not_tell_its_tokenizer_is_not_asked_and_told_what_to_set(audit_text):
    with pytest.raises(NothingToRunError, match=r"does not say what cuts its text; set `tokenizer` in"):
        audit_text(ELSEWHERE)


def test_with_a_tokenizer_that_is_set_any_model_is_searched_and_the_evidence_holds(audit_text, monkeypatch):
    monkeypatch.setenv("WM_KEY", KEY)
    config = (
        ELSEWHERE
        + 'marks = [{ scheme = "unigram", key_env = "WM_KEY" }]\n[instrument.text_watermark]\ntokenizer = "words"\n'
    )
    done = audit_text(config)
    found = {short(its): its for its in done.evidence.results[0].results}
    assert ("found", "unigram, WM_KEY") in found
    assert found["found",].interval.n == 5
    assert verify(done.folder, Registry()) == []


def test_a_model_whose_tokenizer_cannot_be_read_is_not_asked_and_the_rest_of_the_audit_goes_on(
    audit_text, monkeypatch, tmp_path
):
    monkeypatch.setattr(Control, "tokenizer", lambda _: str(tmp_path))
    text = """
[model]
backend = "control"
[run]
probes = ["watermark.suspect", "robustness.option_order"]
[probe."robustness.option_order"]
items = 4
"""
    done = audit_text(text)
    (left_out,) = [cell for cell in done.target.plan.cells if cell.probe == "watermark.suspect"]
    assert left_out.status is CellStatus.NOT_APPLICABLE
    assert "no tokenizer can be read" in left_out.reason
    assert [its.probe for its in done.evidence.results] == ["robustness.option_order"]
    assert done.target.plan.instruments == ()
    assert verify(done.folder, Registry()) == []
