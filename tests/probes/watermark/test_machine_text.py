"""Telling a model's text from another writer's: on planted styles, on texts cut alike, and on too few of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from harness.contracts import Budget
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError
from harness.evidence.bundle import read_bundle
from harness.evidence.verify import verify
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Judged, Outcome, Reply
from harness.registry import Registry
from harness.seeds import rng
from harness.stats.cross_fit import LEAST
from harness.text.stylometry import FEATURES
from probes.watermark.machine_text import MachineText
from probes.watermark.machine_text_card import CARD, WORDS
from probes.watermark.suspect import Suspect

BUDGET = Budget(None, 0, Capability.GENERATE)
PLAIN = load("plain_text")
VOCABULARY = (
    "river",
    "stone",
    "garden",
    "window",
    "letter",
    "morning",
    "copper",
    "village",
    "ladder",
    "basket",
    "winter",
)


def short(result):
    return (result.metric.partition("/")[2], *result.slice.values())


def written(seed, *, words=120, commas=0.0, sentence=8):
    """Prose of a writer: how long sentences are, and after how many words a comma stands."""
    random, text = Random(seed), []
    for place in range(1, words + 1):
        word = random.choice(VOCABULARY)
        end = "." if place % sentence == 0 else "," if random.random() < commas else ""
        text.append(word.capitalize() + end if place % sentence == 1 else word + end)
    return " ".join(text)


def corpus(count, **columns):
    """Documents by one writer, each with whatever ``columns`` say of its number."""
    rows = [
        {"id": f"d{n}", "text": written(n, words=200), **{name: of(n) for name, of in columns.items()}}
        for n in range(count)
    ]
    return replace(PLAIN, name="mine.jsonl", rows=rows, origin="file")


def told(data, write, probe=None):
    """Results of ``probe`` on what ``write`` answers to each case, without another model."""
    probe = probe or MachineText()
    cases = list(probe.cases(data, BUDGET))
    judged = [Judged(case, probe.judge(case, Reply(Finish.STOP, text=write(n)), {})) for n, case in enumerate(cases)]
    return {short(its): its for its in probe.summarise(judged)}, judged


def scripted(count, reply, data=None):
    """Results on scripted values of ``count`` documents."""
    probe = MachineText()
    cases = list(probe.cases(data or corpus(count), BUDGET))
    judged = [Judged(case, probe.judge(case, reply(n, case), {})) for n, case in enumerate(cases)]
    return {short(its): its for its in probe.summarise(judged)}


def values(own, others, words=(100.0, 100.0)):
    """Scripted values that differ in one feature of style."""
    sides = {"own": (own, words[0]), "others": (others, words[1])}
    return Reply(
        Finish.STOP,
        losses={
            f"{side}/{name}": value
            for side, (mine, length) in sides.items()
            for name, value in (("words", length), ("commas", mine))
        },
    )


# ── what it asks and reads ────────────────────────────────────────────────────────────────


def test_each_document_is_gone_on_with_once_without_the_models_mark():
    cases = list(MachineText().cases(PLAIN, BUDGET))
    assert len(cases) == len(PLAIN.rows)
    assert not any(case.ask.marked for case in cases)
    texts = {row["id"]: row["text"] for row in PLAIN.rows}
    for case in cases:
        assert texts[case.id].endswith(case.expected["rest"])


def test_what_it_asks_of_a_model_without_a_mark_is_what_the_search_for_foreign_marks_asks():
    able = Budget(None, 0, Capability.GENERATE, frozenset({Capability.GENERATE}))
    ours = {case.ask.prompt for case in MachineText().cases(PLAIN, able)}
    theirs = {case.ask.prompt for case in Suspect().cases(PLAIN, able)}
    assert ours == theirs


def test_both_texts_begin_behind_a_sentence_and_have_equally_many_words():
    probe = MachineText(reference="likelihood")
    case = next(iter(probe.cases(PLAIN, BUDGET)))
    reply = Reply(Finish.STOP, text="cut off here. " + written(1))
    own, others = list(probe.readings(case, reply))
    assert own.text.split()[0] == written(1).split()[0]
    assert len(own.text.split()) == len(others.text.split())
    assert own.context == others.context == "moments"
    assert " ".join(others.text.split()) in " ".join(case.expected["rest"].split())


def test_the_word_that_the_limit_of_tokens_cut_is_not_read():
    probe = MachineText(reference="likelihood")
    case = next(iter(probe.cases(PLAIN, BUDGET)))
    reply = Reply(Finish.LENGTH, text="First. " + "word " * 60 + "cutof")
    assert "cutof" not in next(iter(probe.readings(case, reply))).text


@pytest.mark.parametrize("text", ["Too short.", "word " * WORDS, "half \ud800 " * 100, "🙂 " * 100])
def test_texts_that_are_too_short_or_no_text_are_unreadable(text):
    _, judged = told(corpus(2), lambda _: text)
    assert {its.score.outcome for its in judged} == {Outcome.UNREADABLE}


def test_a_document_that_ends_with_its_beginning_is_unreadable_and_that_is_said():
    data = replace(corpus(2), rows=[{"text": "A short note."}, {"text": "Another short note."}])
    _, judged = told(data, lambda _: written(1))
    assert all("what the document goes on with" in its.score.note for its in judged)


def test_the_score_has_the_style_of_either_text():
    _, (first,) = told(corpus(1), lambda _: written(5, commas=0.5))
    found = first.score.values
    assert found["own/commas"] > 0.2
    assert found["others/commas"] == 0
    assert {name.partition("/")[2] for name in found} <= {*FEATURES, "words"}
    assert found["own/words"] == found["others/words"]


# ── what it tells ─────────────────────────────────────────────────────────────────────────


def test_a_writer_who_sets_more_commas_is_told_apart():
    found, _ = told(corpus(46), lambda n: written(1000 + n, commas=0.3))
    assert found["auc",].interval.value > 0.98
    assert found["auc",].interval.low > 0.8
    assert found["found",].interval.value > 0.9
    assert found["accused",].interval.value < 0.1
    assert found["brier",].interval.value < 0.1
    assert isinstance(found["curvature_auc",], Absence)
    assert "`reference`" in found["curvature_auc",].reason


def test_what_is_told_first_is_the_area_of_the_classifier():
    for count in (46, LEAST - 1):
        assert next(iter(told(corpus(count), lambda n: written(1000 + n, commas=0.3))[0])) == ("auc",)


def test_a_writer_like_the_other_one_is_not():
    found, _ = told(corpus(46), lambda n: written(1000 + n))
    assert found["auc",].interval.low <= 0.5 <= found["auc",].interval.high
    assert found["brier",].interval.value == pytest.approx(0.25, abs=0.05)
    assert found["length_auc",].interval.value == 0.5


def test_curvature_alone_is_told_where_another_model_reads_the_texts():
    probe = MachineText(reference="likelihood")
    cases = list(probe.cases(corpus(30), BUDGET))
    replies = [Reply(Finish.STOP, text="First. " + written(n, words=80)) for n in range(30)]
    wanted = list(wanted_readings(probe, cases, replies))
    own = {next(iter(probe.readings(case, reply))) for case, reply in zip(cases, replies, strict=True)}
    read = {its: {"nats": -200.0, "tokens": 100.0, "curvature": 2.0 if its in own else -1.0} for its in wanted}
    found = {short(its): its for its in probe.summarise(judge_cases(probe, cases, replies, read))}
    assert found["curvature_auc",].interval.value == 1
    assert found["curvature_auc",].instrument == found["auc",].instrument == "likelihood"


def test_what_only_one_text_has_is_no_feature():
    probe = MachineText(reference="likelihood")
    (case,) = probe.cases(corpus(1), BUDGET)
    reply = Reply(Finish.STOP, text="First. " + written(1, words=80))
    own, others = probe.readings(case, reply)
    score = probe.judge(case, reply, {own: {"nats": -9.0, "tokens": 9.0}, others: {"unscored": 1.0}})
    assert not [name for name in score.values if name.endswith("/nats")]


def test_where_length_alone_gives_the_writer_away_nothing_else_is_told():
    found = scripted(40, lambda n, _: values(1.0, 0.0, words=(101.0 + n % 2, 100.0)))
    assert found["auc",].reason.startswith("INVALID: the number of words alone tells the texts apart")
    assert [name for name, its in found.items() if not isinstance(its, Absence)] == [("length_auc",)]


def test_too_few_documents_are_no_ground_for_a_classifier():
    found = scripted(LEAST - 1, lambda *_: values(1.0, 0.0))
    assert f"needs {LEAST} documents" in found["auc",].reason
    assert set(found) == {(metric.name.partition("/")[2],) for metric in CARD.metrics}


def test_a_rate_that_needs_more_documents_is_absent_with_how_many():
    random = Random(0)
    found = scripted(100, lambda *_: values(random.gauss(3, 1), random.gauss(0, 1)))
    assert "needs 1,000 documents" in found["tpr_at_1",].reason
    assert "needs 200 documents" in found["tpr_at_5",].reason
    ten, quarter = found["tpr_at_10",].interval, found["tpr_at_25",].interval
    assert (ten.method, ten.n) == ("clopper-pearson", 100)
    assert 0.7 < ten.value <= quarter.value
    actual = found["false_positive_rate",].interval
    assert (actual.n, actual.method) == (50, "clopper-pearson")
    assert actual.low <= 0.25 <= actual.high


@pytest.mark.slow
def test_at_a_thousand_documents_one_in_a_hundred_is_told():
    random = Random(1)
    found = scripted(1000, lambda *_: values(random.gauss(4, 1), random.gauss(0, 1)))
    its = found["tpr_at_1",].interval
    assert its.n == 1000
    # At the 99th percentile of the others, 4 standard deviations off: all but about 5 of 100.
    assert its.low <= 0.953 <= its.high + 0.03
    accused = found["false_positive_rate", "meant for 1 of 100"].interval
    assert accused.low <= 0.01 <= accused.high


def test_who_is_accused_is_told_by_register_and_by_first_language():
    data = corpus(60, register=lambda n: "letter" if n % 2 else "report", native=lambda n: n % 3 != 0)

    def reply(n, case):
        foreign = case.groups["writer"] == "non-native"
        # Who writes in a second language writes like the model.
        return values(3.0 + n % 5 / 10, (3.0 if foreign else 0.0) + n % 7 / 10)

    found = scripted(60, reply, data)
    assert found["accused", "non-native"].interval.value > 0.8 > found["accused", "native"].interval.value
    assert found["accused", "native"].interval.value < 0.2
    gap = found["non_native_gap",].interval
    assert gap.low > 0.4
    assert gap.n == 60
    assert found["accused", "letter"].interval.n == found["accused", "report"].interval.n == 30


def test_without_a_word_on_first_languages_the_gap_is_absent():
    found = scripted(20, lambda *_: values(1.0, 0.0))
    assert 'no row says by "native"' in found["non_native_gap",].reason
    one = scripted(20, lambda *_: values(1.0, 0.0), corpus(20, native=lambda _: True))
    assert "one is missing" in one["non_native_gap",].reason


def test_the_texts_that_ship_are_told_by_register():
    found = scripted(46, lambda *_: values(1.0, 0.0), PLAIN)
    assert found["accused", "letter"].interval.n == 6


# ── bad input ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("native", ["perhaps", 2, ["yes"]])
def test_a_first_language_that_is_no_answer_is_refused_by_its_row(native):
    data = corpus(3, native=lambda n: native if n == 1 else True)
    with pytest.raises(DataError, match="row 2: 'native' is true or false"):
        list(MachineText().cases(data, BUDGET))


@pytest.mark.parametrize(
    "losses", [{"own/words": 9.0}, {"own/words": float("nan"), "others/words": 1.0, "own/nats": 1.0}]
)
def test_scripted_values_that_cannot_be_are_unreadable(losses):
    case = next(iter(MachineText().cases(PLAIN, BUDGET)))
    assert MachineText().judge(case, Reply(Finish.STOP, losses=losses), {}).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("settings", [{"texts": 0}, {"tokens": 0}, {"characters": 3}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match="at least"):
        MachineText(**settings)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_bytes(b'{"text": "\xff"}\n')
    with pytest.raises(DataError, match="not UTF-8"):
        load(str(file))


# ── at its level, and in evidence ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("items", [None, MachineText().card.smoke_items])
def test_planted_styles_are_found_and_none_where_there_is_none(seed, items):
    cases = list(MachineText().cases(PLAIN, replace(BUDGET, items=items)))
    found = run_controls(MachineText(), cases, seed, lambda _: {})
    assert [(its.title, its.estimate) for its in found if its.passed is False] == []


@pytest.mark.slow
def test_the_area_holds_what_was_planted_as_often_as_it_says():
    probe = MachineText()
    cases = list(probe.cases(PLAIN, BUDGET))
    planted = next(its for its in probe.controls.controls if its.kind == "positive")
    held = 0
    for seed in range(80):
        stream = rng(seed, "giving away")
        judged = [Judged(case, probe.judge(case, planted.respond(case, stream), {})) for case in cases]
        its = next(one for one in probe.summarise(judged) if one.metric.endswith("/auc")).interval
        held += its.low <= planted.expected <= its.high
    # 76 of 80 at 95 %; fewer than 70 come about once in two hundred such counts.
    assert held >= 70


def test_a_run_with_another_model_is_verified_offline(audit_text):
    done = audit_text(
        """
[model]
backend = "control"
marks_text = 0.5
[run]
probes = ["watermark.machine_text"]
[instrument.likelihood]
backend = "control"
[probe."watermark.machine_text"]
items = 18
reference = "likelihood"
"""
    )
    assert verify(done.folder, Registry()) == []
    found = {short(its): its for its in read_bundle(done.folder).results[0].results}
    # The scripted model strings words together, which nobody else does.
    assert found["auc",].interval.value > 0.9
