"""The probe of quality: on replies whose loss was planted, through the instruments that ship, and on bad input."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import pytest

from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError
from harness.instruments.equivalence import Equivalence
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Judged, Outcome, Reply
from harness.seeds import rng
from probes.watermark.detection import TextWatermark
from probes.watermark.quality import WatermarkQuality

BUDGET = Budget(None, 0, Capability.MARK_TEXT)
LIKELIHOOD = "likelihood"


@pytest.fixture(scope="module")
def data():
    return load("plain_text+wordings")


def put(probe, data, respond, told=None):
    """Results of ``probe`` by metric, on replies read by the rules of equivalence and, of texts, by ``told``."""
    cases = list(probe.cases(data, BUDGET))
    replies = [respond(case) for case in cases]
    wanted = list(wanted_readings(probe, cases, replies))
    answers = [its for its in wanted if its.instrument == "equivalence"]
    readings = dict(zip(answers, Equivalence().read(answers, NOTHING), strict=True))
    readings |= {its: told(its.text) for its in wanted if its.instrument == LIKELIHOOD}
    judged = judge_cases(probe, cases, replies, readings)
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged)}, judged


def words(count, repeated=False):
    return " ".join("again" if repeated else f"word{place}" for place in range(count))


def is_marked(case):
    return case.groups["arm"] == "marked"


def answering(case, wrong=()):
    """Answer rightly but for questions named in ``wrong``, where the mark costs the answer; go on in 60 words."""
    if case.groups["kind"] == "text":
        return Reply(Finish.STOP, text=words(60))
    failed = case.cluster in wrong and is_marked(case)
    return Reply(Finish.STOP, text="nobody knows" if failed else f"It is {case.expected['answers'][0]}.")


# ── what it asks ──────────────────────────────────────────────────────────────────────────


def test_texts_are_asked_for_as_the_probe_of_detection_does_so_that_nothing_is_asked_twice(data):
    ours = [its.ask for its in WatermarkQuality(samples=2).cases(data, BUDGET) if its.groups["kind"] == "text"]
    theirs = [its.ask for its in TextWatermark(samples=2).cases(load("plain_text"), BUDGET)]
    assert ours == theirs


def test_the_two_asks_of_a_pair_differ_in_the_mark_alone(data):
    cases = list(WatermarkQuality(texts=5, questions=5).cases(data, BUDGET))
    assert len(cases) == 20
    for one, other in zip(cases[::2], cases[1::2], strict=True):
        assert (is_marked(one), is_marked(other)) == (True, False)
        assert replace(one.ask, marked=False) == other.ask
        assert one.ask.marked is not False
        assert one.ask.temperature == 1.0


# ── what it finds ─────────────────────────────────────────────────────────────────────────


def test_right_answers_that_the_mark_costs_are_counted_in_pairs(data):
    probe = WatermarkQuality(texts=2)
    names = list(dict.fromkeys(case.cluster for case in probe.cases(data, BUDGET) if case.groups["kind"] == "question"))
    results, judged = put(probe, data, lambda case: answering(case, wrong=names[:20]))
    lost, n = results["right_answers_lost"], len(names)
    assert lost.interval.value == pytest.approx(20 / n)
    assert lost.interval.method == "tango"
    assert 0 < lost.interval.low < 20 / n < lost.interval.high
    assert results["right_with_mark"].interval.value == pytest.approx((n - 20) / n)
    assert results["right_without_mark"].interval.value == 1
    assert lost.counts.asked == 2 * n
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}


def test_a_text_that_repeats_itself_loses_variety_over_as_many_words_as_both_have(data):
    def respond(case):
        text = words(30, repeated=True) + " " + words(90) if is_marked(case) else words(60)
        return Reply(Finish.STOP, text=text)

    results, judged = put(WatermarkQuality(questions=1), data, respond)
    # Of the first 50 words, 30 are one word: 29 pairs of it are one, and 20 are new. Longer looks one of them lacks.
    assert results["distinct_pairs_lost"].interval.value == pytest.approx(1 - 21 / 49)
    assert results["words_added"].interval.value == pytest.approx(60)
    marked = next(its for its in judged if is_marked(its.case) and its.case.groups["kind"] == "text")
    assert marked.score.values["distinct/100"] > marked.score.values["distinct/50"]


def test_perplexity_is_a_ratio_of_geometric_means_over_texts(data):
    def respond(case):
        return Reply(Finish.STOP, text=words(40) + (" marked" if is_marked(case) else f" plain {case.cluster}"))

    def told(text):
        return {"nats": -(log(30) if text.endswith("marked") else log(20)) * 41, "tokens": 41.0, "unscored": 0.0}

    results, _ = put(WatermarkQuality(questions=1, reference=LIKELIHOOD), data, respond, told)
    assert results["perplexity_ratio"].interval.value == pytest.approx(1.5)
    assert results["perplexity_with_mark"].interval.value == pytest.approx(30)
    assert results["perplexity_without_mark"].interval.value == pytest.approx(20)
    assert {results[name].instrument for name in results if name.startswith("perplexity")} == {LIKELIHOOD}


def test_without_another_model_there_is_no_perplexity_and_the_reason_says_how_to_get_one(data):
    results, _ = put(WatermarkQuality(texts=3, questions=3), data, answering)
    for name in ("perplexity_ratio", "perplexity_with_mark", "perplexity_without_mark"):
        assert isinstance(results[name], Absence)
        assert "`reference`" in results[name].reason


def test_a_text_that_the_other_model_could_not_read_has_no_perplexity_and_keeps_the_rest(data):
    probe = WatermarkQuality(questions=1, reference=LIKELIHOOD)
    results, judged = put(probe, data, answering, lambda _: {"unscored": 1.0})
    assert isinstance(results["perplexity_ratio"], Absence)
    assert results["words_added"].interval.value == 0
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}


def test_a_pair_with_one_reply_missing_is_left_out_of_what_is_compared(data):
    def respond(case):
        if is_marked(case) and case.cluster.startswith("essay"):
            return Reply(Finish.REFUSED)
        return answering(case)

    results, _ = put(WatermarkQuality(questions=1), data, respond)
    texts = len(load("plain_text").rows)
    essays = sum(row["id"].startswith("essay") for row in load("plain_text").rows)
    assert 0 < essays < texts
    assert results["words_added"].interval.n == texts - essays
    assert results["words_added"].counts.refused == essays


def test_short_replies_have_no_variety_to_compare(data):
    results, _ = put(WatermarkQuality(questions=1), data, lambda _: Reply(Finish.STOP, text=words(24)))
    assert isinstance(results["distinct_pairs_lost"], Absence)
    assert results["words_added"].interval.value == 0


@pytest.mark.parametrize("seed", range(5))
def test_planted_costs_are_found_and_none_where_there_is_none(data, seed):
    for probe in (WatermarkQuality(), WatermarkQuality(reference=LIKELIHOOD)):
        cases = list(probe.cases(data, BUDGET))
        found = run_controls(probe, cases, seed, lambda _: {})
        assert [its.title for its in found if its.passed is False] == []
        assert len(found) == (5 if probe.reference is None else 7)
    assert found[-1].estimate.interval.value == pytest.approx(exp(0.5), rel=0.1)


@pytest.mark.slow
def test_nearly_all_intervals_hold_a_cost_that_is_not_there(data):
    probe = WatermarkQuality(reference=LIKELIHOOD)
    cases = list(probe.cases(data, BUDGET))
    free = next(its for its in probe.controls.controls if its.metric.endswith("perplexity_ratio"))
    held = dict.fromkeys(("right_answers_lost", "distinct_pairs_lost", "perplexity_ratio"), 0)
    for seed in range(60):
        stream = rng(seed, "free")
        judged = [Judged(case, probe.judge(case, free.respond(case, stream), {})) for case in cases]
        for its in probe.summarise(judged):
            name = its.metric.partition("/")[2]
            if name in held:
                held[name] += its.interval.low <= its.null <= its.interval.high
    # 60 intervals of 95 % hold the truth 57 times; 51 or fewer come once in two hundred such counts.
    assert min(held.values()) >= 52, held


# ── bad input ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"texts": 0}, "at least 1"),
        ({"questions": 0}, "questions is at least 1"),
        ({"samples": 0}, "at least 1"),
        ({"characters": 3}, "at least 16"),
        ({"by": "guessing"}, "guessing"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        WatermarkQuality(**settings)


def test_texts_alone_give_no_accuracy_and_questions_alone_no_variety(data):
    texts, _ = put(WatermarkQuality(), load("plain_text"), answering)
    assert isinstance(texts["right_answers_lost"], Absence)
    assert not isinstance(texts["distinct_pairs_lost"], Absence)
    questions, _ = put(WatermarkQuality(), load("wordings"), answering)
    assert isinstance(questions["distinct_pairs_lost"], Absence)
    assert questions["right_answers_lost"].interval.value == 0


def test_a_row_that_is_neither_is_refused_by_its_number(data):
    odd = replace(data, rows=[*data.rows[:3], {"id": "x", "poem": "roses"}])
    with pytest.raises(DataError, match="row 4: it is no 'text' to be gone on with"):
        list(WatermarkQuality().cases(odd, BUDGET))


@pytest.mark.parametrize(
    "losses", [{"words": 5.0, "distinct/25": 1.5}, {"nats": 1.0}, {"words": float("nan")}, {"right": 2.0}]
)
def test_scripted_values_that_cannot_be_are_unreadable(data, losses):
    probe = WatermarkQuality(texts=1, questions=1)
    for case in probe.cases(data, BUDGET):
        score = probe.judge(case, Reply(Finish.STOP, losses=losses), {})
        assert score.outcome is Outcome.UNREADABLE
