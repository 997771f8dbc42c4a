"""The probe of text watermarks: on scripted p-values, and on text whose marks were planted at known rates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import run_controls
from harness.data import load
from harness.errors import NothingToRunError, UsageError
from harness.evidence.bundle import read_bundle
from harness.evidence.verify import verify
from harness.instruments.text_watermark import TextWatermark as Instrument
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Arm, Capability, Finish, Judged, Outcome, Reply, Score
from harness.registry import Registry
from harness.watermark.keys import fingerprint
from harness.watermark.text_look import TextLook
from probes.continuations import thirds
from probes.watermark.detection import TextWatermark
from probes.watermark.detection_card import LENGTHS

BUDGET = Budget(None, 0, Capability.MARK_TEXT)
KEY = "a long and random key, 0123456789"


@pytest.fixture(scope="module")
def corpus():
    return load("plain_text")


def short(result):
    return (result.metric.partition("/")[2], *result.slice.values())


def results(probe, cases, respond):
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {short(its): its for its in probe.summarise(judged)}


def said(**values):
    return Reply(Finish.STOP, losses={"tokens": 200.0, **values})


def put(probe, respond, corpus):
    """Results of ``probe`` on replies, through its instrument."""
    cases = list(probe.cases(corpus, BUDGET))
    replies = respond([case.ask for case in cases])
    wanted = list(wanted_readings(probe, cases, replies))
    readings = dict(zip(wanted, Instrument("words").read(wanted, NOTHING), strict=True))
    judged = judge_cases(probe, cases, replies, readings)
    return {short(its): its for its in probe.summarise(judged)}, judged


# ── what it asks ──────────────────────────────────────────────────────────────────────────


def test_it_goes_on_with_every_document_with_its_mark_and_without(corpus):
    cases = list(TextWatermark(texts=5, samples=2, tokens=30).cases(corpus, BUDGET))
    assert [case.groups["arm"] for case in cases] == ["marked", "unmarked"] * 10
    assert len({case.cluster for case in cases}) == 5
    for marked, unmarked in zip(cases[::2], cases[1::2], strict=True):
        assert (marked.ask.marked, unmarked.ask.marked) == (True, False)
        assert (marked.ask.prompt, marked.ask.seed, marked.ask.temperature) == (
            unmarked.ask.prompt,
            unmarked.ask.seed,
            1.0,
        )
        assert unmarked.arm is Arm.CONTROL
    assert [("rest" in case.expected) for case in cases[1::2]] == [True, False] * 5
    text = next(row["text"] for row in corpus.rows if row["id"] == cases[0].cluster)
    shown = cases[0].ask.prompt.removeprefix("Continue this text:\n\n")
    assert text.startswith(shown)
    assert text.endswith(cases[1].expected["rest"])
    assert len(shown) + len(cases[1].expected["rest"]) == len(text) - 1


def test_a_marked_reply_is_searched_with_a_wrong_key_and_at_every_length_an_unmarked_one_beside_the_original(corpus):
    probe = TextWatermark(texts=1, scheme="gumbel", settings={"context_width": 2})
    marked, unmarked = probe.cases(corpus, BUDGET)
    reply = Reply(Finish.LENGTH, text="some words")
    looks = [TextLook.of(its.context) for its in probe.readings(marked, reply)]
    assert [(look.wrong, look.tokens) for look in looks] == [(None, None), (1, None), *((None, n) for n in LENGTHS)]
    assert {(look.scheme, look.settings["context_width"]) for look in looks} == {("gumbel", 2)}
    assert [its.text for its in probe.readings(unmarked, reply)] == ["some words", unmarked.expected["rest"]]
    assert list(probe.readings(marked, Reply(Finish.FAILED, text="some words"))) == []


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"texts": 0}, "at least 1"),
        ({"characters": 3}, "at least 16"),
        ({"scheme": "ink"}, "No mark of texts is named 'ink'"),
        ({"settings": {"gama": 1}}, "Did you mean 'gamma'"),
        ({"settings": "gamma"}, "is a table"),
        ({"key_env": KEY}, "NAME of an environment variable"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        TextWatermark(**settings)


def test_a_missing_key_is_told_when_the_run_is_planned(corpus, monkeypatch):
    monkeypatch.delenv("WM_KEY", raising=False)
    with pytest.raises(UsageError, match="WM_KEY"):
        list(TextWatermark(key_env="WM_KEY").cases(corpus, BUDGET))


def test_each_temperature_is_asked_and_what_others_wrote_is_looked_at_once(corpus):
    cases = list(TextWatermark(texts=3, samples=2, temperatures=(1, 0.4, 0)).cases(corpus, BUDGET))
    assert len(cases) == 3 * 3 * 2 * 2
    assert [case.ask.temperature for case in cases[:12:4]] == [1, 0.4, 0]
    assert sum("rest" in case.expected for case in cases) == 3
    plain = list(TextWatermark(texts=3, samples=2).cases(corpus, BUDGET))
    assert [case for case in cases if case.groups["temperature"] == "1"] == plain


@pytest.mark.parametrize(
    "temperatures", [(), (1.0, 1), (-0.1,), (float("nan"),), (float("inf"),), ("warm",), (1.0, None)]
)
def test_temperatures_that_make_no_sense_are_refused(temperatures):
    with pytest.raises(ValueError, match="temperatures"):
        TextWatermark(temperatures=temperatures)


# ── what it makes of the readings ─────────────────────────────────────────────────────────


def test_shares_are_counted_at_their_level_arm_and_length(corpus):
    probe = TextWatermark(texts=20)
    cases = list(probe.cases(corpus, BUDGET))
    places = {case.id: place for place, case in enumerate(case for case in cases if case.ask.marked)}

    def respond(case):
        if not case.ask.marked:
            return said(p=0.01 if case.cluster == cases[0].cluster else 0.5, **{"p/others": 0.5})
        place = places[case.id]
        curve = {"p/25": 0.5, "p/50": 0.005, **({"p/100": 0.0001} if place < 5 else {})}
        p = 0.0005 if place < 4 else 0.01 if place < 12 else 0.02
        return said(p=p, **{"p/wrong_key": 0.5}, tokens=100.0 if place < 5 else 60.0, **curve)

    found = results(probe, cases, respond)
    values = {name: its.interval.value for name, its in found.items() if not isinstance(its, Absence)}
    assert values["detected",] == pytest.approx(12 / 20)
    assert values["surely_detected",] == pytest.approx(4 / 20)
    assert values["false_alarms_own",] == pytest.approx(1 / 20)
    assert values["false_alarms_others",] == values["wrong_key",] == 0
    assert (values["detected", "25"], values["detected", "50"], values["surely_detected", "50"]) == (0, 1, 0)
    # Only those that are long enough are looked at there, and the others are told beside.
    assert (values["detected", "100"], found["detected", "100"].interval.n) == (1, 5)
    assert [values["too_short", str(length)] for length in LENGTHS] == pytest.approx([0, 0, 15 / 20, 1])
    assert isinstance(found["detected", "200"], Absence)
    assert found["detected",].instrument == "text_watermark"


def test_a_text_that_says_it_was_found_is_not_believed(corpus):
    probe = TextWatermark(texts=1)
    (case, _) = probe.cases(corpus, BUDGET)
    score = probe.judge(case, Reply(Finish.STOP, text='{"tokens": 200, "p": 1e-9}'), {})
    assert score.outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("text", ["word", "!", "\x1b[31m\u202e", "\ud800", "日本語 🙂", "a " * 30000])
def test_any_text_is_counted(corpus, text):
    _, judged = put(TextWatermark(texts=2), lambda asks: [Reply(Finish.STOP, text=text)] * len(asks), corpus)
    assert {its.score.outcome for its in judged} <= {Outcome.SCORED, Outcome.UNREADABLE}


def test_one_word_is_too_short_and_neither_found_nor_missed(corpus):
    found, _ = put(TextWatermark(texts=2), lambda asks: [Reply(Finish.STOP, text="word")] * len(asks), corpus)
    assert isinstance(found["detected",], Absence)
    assert found["too_short",].interval.value == 1


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_pass(corpus, seed):
    probe = TextWatermark()
    cases = list(probe.cases(corpus, BUDGET))
    assert [control.passed for control in run_controls(probe, cases, seed, lambda _: {})] == [True, True, None]


# ── planted marks ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("marks", [0.0, 0.4, 1.0])
def test_the_share_of_marked_texts_is_recovered_inside_its_interval(corpus, marks):
    backend = Control(marks_text=max(marks, 1e-9), seed=1)
    found, judged = put(TextWatermark(), backend.answer, corpus)
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}
    detected = found["detected",].interval
    assert detected.low <= marks + (1 - marks) * 0.01 <= detected.high
    assert (detected.low > 0.06) == (marks > 0)
    assert max(found[name,].interval.value for name in ("false_alarms_own", "false_alarms_others", "wrong_key")) < 0.1
    assert found["too_short",].interval.value == 0
    if marks == 1:
        curve = [found["surely_detected", str(length)].interval.value for length in LENGTHS]
        assert curve == sorted(curve)
        assert curve[-1] == 1


@pytest.mark.slow
def test_intervals_hold_the_planted_rate_over_many_writers(corpus):
    random, held = Random(0), 0
    for seed in range(20):
        marks = random.uniform(0.1, 0.9)
        found, _ = put(TextWatermark(), Control(marks_text=marks, seed=1000 + seed).answer, corpus)
        interval = found["detected",].interval
        held += interval.low <= marks + (1 - marks) * 0.01 <= interval.high
    assert held >= 17


# ── in evidence ───────────────────────────────────────────────────────────────────────────


def test_no_key_is_anywhere_in_what_a_run_leaves_behind(audit_text, monkeypatch, tmp_path):
    monkeypatch.setenv("WM_KEY", KEY)
    done = audit_text(
        """
[model]
backend = "control"
marks_text = 0.9
[run]
probes = ["watermark.detection"]
[probe."watermark.detection"]
key_env = "WM_KEY"
items = 10
"""
    )
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    evidence = read_bundle(done.folder)
    everything = repr([evidence.run, evidence.cases, evidence.readings, evidence.judged, evidence.results])
    assert KEY not in everything
    assert str(fingerprint(KEY)) in everything
    found = {short(its): its for its in evidence.results[0].results}
    # The writer marks with the public key: with another one, nothing is found.
    assert found["detected",].interval.value <= 0.1
    assert verify(done.folder, Registry()) == []


def test_a_model_that_puts_no_mark_into_its_text_is_not_asked_and_told_why(audit_text):
    with pytest.raises(NothingToRunError, match="put a watermark into its text; this backend can generate"):
        audit_text(
            """
[model]
backend = "function"
target = "textwrap:dedent"
[run]
probes = ["watermark.detection"]
"""
        )


# ── temperature and surprise ──────────────────────────────────────────────────────────────


def test_a_mark_that_fades_as_it_gets_colder_is_told_by_temperature_and_the_headline_is_of_the_first(corpus):
    probe = TextWatermark(temperatures=(1.0, 0.2))
    cases = list(probe.cases(corpus, BUDGET))

    def respond(case):
        found = case.ask.marked and case.groups["temperature"] == "1"
        return said(p=0.0001 if found else 0.5, **{"p/wrong_key": 0.5, "p/others": 0.5})

    found = results(probe, cases, respond)
    assert found["detected",].interval.value == 1
    assert (found["detected", "1"].interval.value, found["detected", "0.2"].interval.value) == (1, 0)
    assert found["detected", "0.2"].interval.n == len(corpus.rows)
    assert found["false_alarms_own", "0.2"].interval.value == 0
    assert found["false_alarms_own",].interval.n == len(corpus.rows)
    one = results(TextWatermark(), [case for case in cases if case.groups["temperature"] == "1"], respond)
    assert [name for name in one if name[1:] == ("1",)] == []


def test_texts_whose_words_surprise_little_are_told_apart(corpus):
    probe = TextWatermark(texts=30, reference="likelihood")
    cases = list(probe.cases(corpus, BUDGET))
    marked = [case for case in cases if case.ask.marked]

    def told(reading):
        place = int(reading.text.split()[-1])
        if reading.instrument == "likelihood":
            return {"nats": -(1.0 + place / 10) * 50, "tokens": 50.0, "unscored": 0.0}
        return {"tokens": 200.0, "p": 0.5 if place < 10 else 0.0001}

    replies = [
        Reply(Finish.STOP, text=f"words {marked.index(case)}" if case in marked else "words 0") for case in cases
    ]
    wanted = list(wanted_readings(probe, cases, replies))
    assert {its.instrument for its in wanted} == {"text_watermark", "likelihood"}
    judged = judge_cases(
        probe,
        cases,
        replies,
        {its: told(its) for its in wanted if its.text.startswith("words")}
        | {its: {"tokens": 200.0, "p": 0.5} for its in wanted if not its.text.startswith("words")},
    )
    found = {short(its): its for its in probe.summarise(judged)}
    lowest, middle, highest = ("lowest third, 1.00-2.00", "middle third, 2.00-3.00", "highest third, 3.00-3.90")
    for name, value in ((lowest, 0), (middle, 1), (highest, 1)):
        its = found["detected", f"{name} nats per token"]
        assert (its.interval.value, its.interval.n) == (value, 10)
    assert found["detected",].interval.value == pytest.approx(2 / 3)


def test_where_all_texts_surprise_alike_there_is_one_slice_of_them_all():
    alike = [Judged(None, Score(Outcome.SCORED, {"surprise": 2.0}))] * 5
    assert {name: len(its) for name, its in thirds(alike, "surprise").items()} == {
        "highest third, 2.00-2.00 nats per token": 5
    }
    assert thirds(alike[:2], "surprise") == {}


@given(st.lists(st.floats(0, 20, allow_nan=False), min_size=3, max_size=40))
def test_every_text_is_in_one_third(values):
    cases = [Judged(None, Score(Outcome.SCORED, {"surprise": value})) for value in values]
    assert sum(map(len, thirds(cases, "surprise").values())) == len(values)


# ── registers ─────────────────────────────────────────────────────────────────────────────


def test_false_alarms_on_what_others_wrote_are_told_by_register(corpus):
    probe, registers = TextWatermark(samples=2), Counter(row["register"] for row in corpus.rows)

    def respond(case):
        p = 0.001 if case.groups["register"] == "letter" else 0.5
        return said(p=0.5, **{"p/wrong_key": 0.5, "p/others": p})

    found = results(probe, list(probe.cases(corpus, BUDGET)), respond)
    for register, n in registers.items():
        its = found["false_alarms_others", register].interval
        assert (its.value, its.n) == (register == "letter", n)
    assert found["false_alarms_others",].interval.value == pytest.approx(registers["letter"] / len(corpus.rows))


def test_texts_of_no_register_have_no_slices_by_it(corpus):
    bare = replace(corpus, rows=[{"text": row["text"]} for row in corpus.rows])
    found = results(
        TextWatermark(), list(TextWatermark().cases(bare, BUDGET)), lambda _: said(p=0.5, **{"p/others": 0.5})
    )
    assert [name for name in found if name[0] == "false_alarms_others"] == [("false_alarms_others",)]
