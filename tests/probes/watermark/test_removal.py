"""The probe of removal: on scripted p-values, and on attacked texts whose marks were planted at known rates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import run_controls
from harness.data import load
from harness.errors import UsageError
from harness.evidence.bundle import read_bundle
from harness.evidence.verify import verify
from harness.instruments.text_watermark import TextWatermark as Instrument
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Arm, Capability, Finish, Judged, Outcome, Reply
from harness.registry import Registry
from harness.watermark.keys import fingerprint
from harness.watermark.text_look import TextLook
from probes.watermark.detection import TextWatermark
from probes.watermark.removal import WatermarkRemoval
from probes.watermark.removal_card import ATTACKS, MODERATE

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


def said(p, after=(), **more):
    """Reply that the mark was found at ``p``, and after each attack too but for those named in ``after``."""
    attacked = {f"p/{attack.name}": p for attack in ATTACKS} | dict(after)
    costs = {f"cost/{attack.name}": attack.strength for attack in ATTACKS}
    return Reply(Finish.STOP, losses={"tokens": 200.0, "p": p, **attacked, **costs, **more})


def put(probe, respond, corpus):
    """Results of ``probe`` on replies, through its instrument."""
    cases = list(probe.cases(corpus, BUDGET))
    replies = respond([case.ask for case in cases])
    wanted = list(wanted_readings(probe, cases, replies))
    readings = dict(zip(wanted, Instrument("words").read(wanted, NOTHING), strict=True))
    judged = judge_cases(probe, cases, replies, readings)
    return {short(its): its for its in probe.summarise(judged)}, judged


def value(results_, *name):
    return results_[name].interval.value


# ── what it asks ──────────────────────────────────────────────────────────────────────────


def test_it_asks_what_the_probe_of_detection_asks_so_that_nothing_is_asked_twice(corpus):
    cases = list(WatermarkRemoval(texts=5, samples=2, tokens=30).cases(corpus, BUDGET))
    others = list(TextWatermark(texts=5, samples=2, tokens=30).cases(corpus, BUDGET))
    assert [case.ask for case in cases] == [case.ask for case in others]
    assert [case.arm for case in cases] == [Arm.MAIN, Arm.CONTROL] * 10


def test_the_host_is_made_of_other_documents(corpus):
    texts = {row["id"]: " ".join(row["text"].split()) for row in corpus.rows}
    for case in WatermarkRemoval().cases(corpus, BUDGET):
        host = case.expected["host"]
        assert len(host.split()) == 220
        assert host[:200] not in texts[case.cluster]
        assert any(text.startswith(host[:200]) for text in texts.values())


def test_a_reply_is_looked_at_as_it_is_and_after_every_attack_the_same_each_time(corpus):
    probe = WatermarkRemoval(texts=1, scheme="gumbel", settings={"context_width": 2})
    marked, unmarked = probe.cases(corpus, BUDGET)
    reply = Reply(Finish.STOP, text="The dangerous bridge was frequently described by everybody in the village. " * 4)
    wanted = list(probe.readings(marked, reply))
    assert wanted == list(probe.readings(marked, reply))
    assert len(wanted) == 1 + len(ATTACKS)
    assert wanted[0].text == reply.text
    assert len({its.text for its in wanted}) == len(wanted)
    looks = [TextLook.of(its.context) for its in wanted]
    assert {(look.scheme, look.settings["context_width"], look.wrong) for look in looks} == {("gumbel", 2, None)}
    assert len(list(probe.readings(unmarked, reply))) == len(wanted)
    assert list(probe.readings(marked, Reply(Finish.FAILED, text="some words"))) == []


def test_another_seed_draws_other_words(corpus):
    probe, reply = WatermarkRemoval(texts=1), Reply(Finish.STOP, text=" ".join(f"w{place}" for place in range(50)))
    every = [next(iter(probe.cases(corpus, replace(BUDGET, items=None, seed=seed)))) for seed in (0, 1)]
    one, other = ({its.text for its in probe.readings(case, reply)} for case in every)
    assert one != other


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
        WatermarkRemoval(**settings)


@pytest.mark.parametrize(("held", "match"), [(None, "is not set"), ("short", "at least 16")])
def test_a_missing_or_short_key_is_told_when_the_run_is_planned(corpus, monkeypatch, held, match):
    monkeypatch.delenv("WM_KEY", raising=False)
    if held:
        monkeypatch.setenv("WM_KEY", held)
    with pytest.raises(UsageError, match=match):
        list(WatermarkRemoval(key_env="WM_KEY").cases(corpus, BUDGET))


# ── what it makes of the readings ─────────────────────────────────────────────────────────


def test_a_mark_survives_where_each_moderate_attack_leaves_it(corpus):
    probe = WatermarkRemoval(texts=20)
    cases = list(probe.cases(corpus, BUDGET))
    places = {case.id: place for place, case in enumerate(case for case in cases if case.ask.marked)}

    def respond(case):
        place = places.get(case.id)
        if place is None:
            return said(0.5, {"p/typos-1": 0.01} if case.cluster == cases[0].cluster else {})
        if place < 4:  # one moderate attack takes the mark away
            return said(0.001, {f"p/{MODERATE[place].name}": 0.011})
        if place < 6:  # only strong ones do
            return said(0.001, {"p/deletion-0.75": 0.5, "p/truncation-0.9": 0.5})
        return said(0.01 if place < 16 else 0.02)

    found = results(probe, cases, respond)
    assert value(found, "survives") == pytest.approx(12 / 20)
    assert value(found, "detected") == pytest.approx(16 / 20)
    assert value(found, "detected", "deletion", "0.75") == pytest.approx(14 / 20)
    assert value(found, "detected", "deletion", "0.25") == pytest.approx(15 / 20)
    assert value(found, "false_alarms") == pytest.approx(1 / 20 / len(ATTACKS))
    assert value(found, "false_alarms", "typos") == pytest.approx(1 / 40)
    assert found["false_alarms", "typos"].interval.n == 20
    assert value(found, "cost") == pytest.approx(sum(its.strength for its in MODERATE) / len(MODERATE))
    assert value(found, "cost", "deletion", "0.1") == pytest.approx(0.1)
    assert found["survives",].instrument == "text_watermark"


def test_a_text_without_a_value_of_one_moderate_attack_is_not_counted_as_surviving_it(corpus):
    probe = WatermarkRemoval(texts=10)
    cases = list(probe.cases(corpus, BUDGET))
    first = cases[0].cluster

    def respond(case):
        losses = dict(said(1e-6).losses)
        if case.cluster == first:
            del losses["p/copy_paste-0.5"]
        return Reply(Finish.STOP, losses=losses)

    found = results(probe, cases, respond)
    assert (found["survives",].interval.n, found["detected",].interval.n) == (9, 10)
    assert found["survives",].counts.asked == 10


def test_what_an_attack_leaves_too_short_counts_as_not_found(corpus):
    text = Control(marks_text=1.0).answer([next(iter(WatermarkRemoval(tokens=12).cases(corpus, BUDGET))).ask])[0].text
    found, judged = put(WatermarkRemoval(texts=3), lambda asks: [Reply(Finish.STOP, text=text)] * len(asks), corpus)
    assert judged[0].score.values["p/truncation-0.9"] == 1.0
    assert found["detected", "truncation", "0.9"].interval.n == 3
    assert value(found, "detected", "truncation", "0.9") == 0
    assert value(found, "too_short") == 0


def test_a_reply_that_was_too_short_is_neither_found_nor_missed(corpus):
    found, _ = put(WatermarkRemoval(texts=3), lambda asks: [Reply(Finish.STOP, text="word")] * len(asks), corpus)
    assert isinstance(found["survives",], Absence)
    assert isinstance(found["detected", "deletion", "0.5"], Absence)
    assert value(found, "too_short") == 1


def test_a_data_set_of_one_document_has_no_other_writer_to_mix_with(corpus):
    alone = replace(corpus, rows=corpus.rows[:1])
    found, judged = put(WatermarkRemoval(), Control(marks_text=1.0).answer, alone)
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}
    assert isinstance(found["survives",], Absence)
    assert isinstance(found["detected", "copy_paste", "0.25"], Absence)
    assert value(found, "detected", "deletion", "0.25") == 1


def test_a_text_that_says_it_was_found_is_not_believed(corpus):
    probe = WatermarkRemoval(texts=1)
    case, _ = probe.cases(corpus, BUDGET)
    score = probe.judge(case, Reply(Finish.STOP, text='{"tokens": 200, "p": 1e-9}'), {})
    assert score.outcome is Outcome.UNREADABLE


@pytest.mark.parametrize(
    "text", ["!", "\x1b[31m\u202e", "\ud800 a b", "日本語 🙂", "a " * 2000, "a" * 20_000, "`" * 5000]
)
def test_any_text_is_counted(corpus, text):
    _, judged = put(WatermarkRemoval(texts=2), lambda asks: [Reply(Finish.STOP, text=text)] * len(asks), corpus)
    assert {its.score.outcome for its in judged} <= {Outcome.SCORED, Outcome.UNREADABLE}


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_pass(corpus, seed):
    probe = WatermarkRemoval()
    cases = list(probe.cases(corpus, BUDGET))
    assert [control.passed for control in run_controls(probe, cases, seed, lambda _: {})] == [True, True, None]


# ── planted marks ─────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def always(corpus):
    """A writer that marks every text."""
    found, _ = put(WatermarkRemoval(texts=24), Control(marks_text=1.0, seed=1).answer, corpus)
    return found


def test_a_mark_lasts_when_half_is_cut_off_and_dies_when_nearly_all_words_are_others(always):
    assert value(always, "survives") == value(always, "detected") == 1
    assert value(always, "detected", "truncation", "0.5") == 1
    assert value(always, "detected", "copy_paste", "0.9") < 0.2
    assert value(always, "detected", "deletion", "0.75") < 0.6


@pytest.mark.parametrize("kind", ["truncation", "copy_paste", "deletion", "substitution"])
def test_the_more_is_taken_the_fewer_marks_are_found(always, kind):
    strengths = [f"{attack.strength:g}" for attack in ATTACKS if attack.kind == kind]
    curve = [value(always, "detected", kind, strength) for strength in strengths]
    costs = [value(always, "cost", kind, strength) for strength in strengths]
    assert curve == sorted(curve, reverse=True)
    assert costs == sorted(costs)
    assert costs == pytest.approx([float(strength) for strength in strengths], abs=0.01)


def test_attacked_texts_without_a_mark_raise_no_more_alarms_than_chance(always):
    assert always["false_alarms",].interval.low <= 0.01
    assert value(always, "false_alarms") < 0.05


def test_the_share_of_texts_with_a_lasting_mark_is_recovered_inside_its_interval(corpus):
    found, _ = put(WatermarkRemoval(texts=30), Control(marks_text=0.4, seed=3).answer, corpus)
    survives = found["survives",].interval
    assert survives.low <= 0.4 + 0.6 * 0.01 <= survives.high
    assert survives.low > 0.06


# ── in evidence ───────────────────────────────────────────────────────────────────────────


def test_a_run_is_verified_offline_and_leaves_no_key_behind(audit_text, monkeypatch, tmp_path):
    monkeypatch.setenv("WM_KEY", KEY)
    done = audit_text(
        """
[model]
backend = "control"
marks_text = 0.9
[run]
probes = ["watermark.removal"]
[probe."watermark.removal"]
key_env = "WM_KEY"
items = 8
"""
    )
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    evidence = read_bundle(done.folder)
    assert str(fingerprint(KEY)) in repr(evidence.cases)
    found = {short(its): its for its in evidence.results[0].results}
    # The writer marks with the public key: with another one, nothing is found.
    assert value(found, "detected") <= 0.2
    assert verify(done.folder, Registry()) == []


# ── a second model ────────────────────────────────────────────────────────────────────────


def test_a_second_model_is_asked_only_where_one_is_named(corpus):
    plain, anew = (WatermarkRemoval(texts=1, paraphraser=its) for its in (None, "watermark_paraphrase"))
    (marked, _), reply = plain.cases(corpus, BUDGET), Reply(Finish.STOP, text="some words and others " * 20)
    wanted = list(anew.readings(marked, reply))
    assert wanted[:-1] == list(plain.readings(marked, reply))
    assert (wanted[-1].instrument, wanted[-1].text) == ("watermark_paraphrase", reply.text)
    assert wanted[-1].context == wanted[0].context
    assert (plain.instruments, anew.instruments) == (
        ("text_watermark",),
        ("text_watermark", "watermark_paraphrase"),
    )


def test_what_is_left_of_a_mark_after_a_paraphrase_is_told_beside_what_it_changed(corpus):
    probe = WatermarkRemoval(texts=10, paraphraser="watermark_paraphrase")
    cases = list(probe.cases(corpus, BUDGET))
    places = {name: place for place, name in enumerate(dict.fromkeys(case.cluster for case in cases))}

    def tell(reading):
        place = int(reading.text.split()[0])
        if reading.instrument != "watermark_paraphrase":
            return {"tokens": 200.0, "p": 1e-6}
        if place == 9:
            return {"paraphrased": 0.0}
        found = {"p": 1e-6 if place < 3 else 0.5} if place < 8 else {}
        return {"paraphrased": 1.0, "changed": 0.6, "tokens": 150.0, **found}

    replies = [Reply(Finish.STOP, text=f"{places[case.cluster]} words " * 50) for case in cases]
    wanted = list(wanted_readings(probe, cases, replies))
    told = {its: tell(its) if its.text.strip()[:1].isdigit() else {"tokens": 200.0, "p": 0.5} for its in wanted}
    found = {short(its): its for its in probe.summarise(judge_cases(probe, cases, replies, told))}
    detected = found["detected", "paraphrase"].interval
    # One text was not written anew; one that came back too short for any look has lost its mark.
    assert (detected.value, detected.n) == (pytest.approx(3 / 9), 9)
    assert found["cost", "paraphrase"].interval.value == pytest.approx(0.6)
    assert found["false_alarms", "paraphrase"].interval.n == 9
    assert found["survives",].interval.n == 10


def test_a_run_with_a_second_model_is_verified_offline(audit_text):
    done = audit_text(
        """
[model]
backend = "control"
marks_text = 1.0
[run]
probes = ["watermark.removal"]
[instrument.watermark_paraphrase]
backend = "control"
[probe."watermark.removal"]
items = 4
tokens = 120
paraphraser = "watermark_paraphrase"
"""
    )
    found = {short(its): its for its in read_bundle(done.folder).results[0].results}
    for name in ("detected", "cost", "false_alarms"):
        assert found[name, "paraphrase"].instrument == "watermark_paraphrase"
    assert found["detected",].instrument == "text_watermark"
    assert found["cost", "paraphrase"].interval.n == 4
    # The tokenizer was the model's, which is not at hand: that is said, and nothing is wrong.
    (note,) = verify(done.folder, Registry())
    assert (note.where, note.fatal) == ("instrument watermark_paraphrase", False)
    assert "taken as they were recorded" in note.what


def test_with_a_tokenizer_of_its_own_what_the_second_model_wrote_is_read_again(audit_text):
    done = audit_text(
        """
[model]
backend = "control"
marks_text = 1.0
[run]
probes = ["watermark.removal"]
[instrument.watermark_paraphrase]
backend = "control"
tokenizer = "words"
[probe."watermark.removal"]
items = 4
tokens = 120
paraphraser = "watermark_paraphrase"
"""
    )
    assert verify(done.folder, Registry()) == []
