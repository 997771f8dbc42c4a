"""Samples of one answer: grouped by meaning, and held against whether the likeliest answer is right."""

from __future__ import annotations

import os
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.controls import compatible
from harness.data import load
from harness.errors import DataError
from harness.instruments.equivalence import Equivalence
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Outcome, Reply
from harness.seeds import rng
from probes.hallucination.self_consistency import FOUND, PLANTED, SelfConsistency

DATA = load("wordings")
AREAS = ("entropy_auroc", "selfcheck_auroc", "disagreement_auroc")
FRUIT = ("apple", "banana", "cherry", "damson", "elder", "fig", "grape", "hazel", "ilex", "juniper")


def read(wanted):
    wanted = list(dict.fromkeys(wanted))
    return dict(zip(wanted, Equivalence().read(wanted, NOTHING), strict=True))


def cases_of(probe, data=DATA, items=None, seed=0):
    return list(probe.cases(data, Budget(items, seed, Capability.GENERATE)))


def judged(probe, cases, replies):
    return judge_cases(probe, cases, replies, read(wanted_readings(probe, cases, replies)))


def results(probe, cases, replies):
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged(probe, cases, replies))}


def written(text):
    return Reply(Finish.STOP, text=text)


def one_question(dataset, right, wrong, question="Which fruit is it?"):
    return dataset([{"id": "q", "topic": "t", "wordings": [question], "answers": right, "false": wrong}])


def scores(dataset, greedy, samples, *, right=("apple",), wrong=("pear",), probe=None):
    """Scores of one question's likeliest answer and its samples."""
    probe = probe or SelfConsistency(samples=len(samples))
    cases = cases_of(probe, one_question(dataset, list(right), list(wrong)))
    replies = [one if isinstance(one, Reply) else written(one) for one in (greedy, *samples)]
    return [one.score for one in judged(probe, cases, replies)]


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_each_question_is_asked_once_greedily_and_several_times_at_temperature_1():
    cases = [case for case in cases_of(SelfConsistency(samples=4)) if case.cluster == DATA.rows[0]["id"]]
    assert [case.id.partition("/")[2] for case in cases] == ["likeliest", *(f"sample-{n}" for n in range(1, 5))]
    assert [case.ask.temperature for case in cases] == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert [case.ask.seed for case in cases] == [0, 1, 2, 3, 4]
    assert {case.ask.prompt for case in cases} == {f"{DATA.rows[0]['wordings'][0]}\nAnswer in a few words."}
    assert {case.ask.max_tokens for case in cases} == {16}


def test_rows_are_few_in_the_smoke_profile_because_each_is_asked_many_times():
    assert len(cases_of(SelfConsistency())) == 132 * 6
    assert len(cases_of(SelfConsistency(), items=5)) == 5 * 6
    assert len(cases_of(SelfConsistency(samples=3), items=20)) == 20 * 4
    assert SelfConsistency().card.smoke_items == 28
    few = {case.id for case in cases_of(SelfConsistency(), items=10)}
    assert few < {case.id for case in cases_of(SelfConsistency(), items=20)}


@pytest.mark.parametrize("settings", [{"samples": 2}, {"max_tokens": 3}, {"by": "rebuttal"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        SelfConsistency(**settings)


def test_the_card_tells_the_largest_entropy_that_can_be_seen():
    assert "ln 5 = 1.61 nats" in SelfConsistency().card.limits[0]
    assert "ln 10 = 2.30 nats" in SelfConsistency(samples=10).card.limits[0]


def test_a_row_without_answers_is_refused_by_name(dataset):
    with pytest.raises(DataError, match="row 1"):
        cases_of(SelfConsistency(), dataset([{"id": "x", "wordings": ["Who?"], "answers": [], "false": ["me"]}]))


# ── golden numbers ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("samples", "entropy", "meanings"),
    [
        (["apple"] * 10, 0.0, 1),
        (FRUIT, log(10), 10),
        (["apple"] * 5 + ["banana"] * 3 + ["cherry"] * 2, 1.029653, 3),
    ],
)
def test_entropy_is_that_of_the_groups_of_meaning(dataset, samples, entropy, meanings):
    found = scores(dataset, "apple", samples)
    assert [one.values["entropy"] for one in found] == pytest.approx([entropy] * (len(samples) + 1), abs=1e-6)
    assert len({one.values["group"] for one in found[1:]}) == meanings


def test_the_order_of_samples_changes_no_entropy(dataset):
    samples = ["apple"] * 5 + ["banana"] * 3 + ["cherry"] * 2
    for seed in range(5):
        shuffled = list(samples)
        rng(seed, "order").shuffle(shuffled)
        assert scores(dataset, "apple", shuffled)[0].values["entropy"] == pytest.approx(1.029653, abs=1e-6)


def test_the_unigram_check_is_that_of_the_worked_example(dataset):
    # The two samples of the example, cut into three: the same 28 words and marks are counted.
    samples = ["The lake froze in 1901.", "It thawed in 1903.", "The lake froze in 1911."]
    passage = "The lake froze in 1901. It thawed in 1902."
    found = scores(dataset, passage, samples, right=("1901",), wrong=("1911",))[0].values
    assert found["selfcheck_mean"] == pytest.approx(2.258293, abs=1e-6)
    assert found["selfcheck"] == pytest.approx(2.985631, abs=1e-6)


# ── one question ──────────────────────────────────────────────────────────────────────────


def test_other_words_for_one_answer_are_one_meaning(dataset):
    found = scores(dataset, "An apple.", ["apple", "It is an apple.", "The apple", "a pear"])
    assert [one.values["group"] for one in found[1:]] == [0, 0, 0, 1]
    assert [one.values["agrees"] for one in found[1:]] == [1, 1, 1, 0]
    assert found[0].values["disagreement"] == pytest.approx(0.25)
    assert found[0].values["wrong"] == 0


def test_a_wrong_answer_that_all_samples_repeat_has_no_entropy(dataset):
    found = scores(dataset, "pear", ["pear"] * 5)[0].values
    assert (found["wrong"], found["entropy"], found["disagreement"]) == (1, 0, 0)


def test_what_is_right_decides_neither_what_is_alike_nor_the_other_way_round(dataset):
    probe = SelfConsistency(samples=3)
    cases = cases_of(probe, one_question(dataset, ["Vatican City", "Holy See"], ["Monaco"], "Which country?"))
    replies = [written(text) for text in ("Vatican City", "Holy See", "Vatican City", "Monaco")]
    wanted = list(wanted_readings(probe, cases, replies))
    assert all('"aliases":[]' in reading.context for reading in wanted)
    nothing_alike = {reading: {"entails": 0.0, "contradicts": 0.0} for reading in wanted}
    all_alike = {reading: {"entails": 1.0, "contradicts": 0.0} for reading in wanted}
    apart, together = (probe.judge_together(cases, replies, its) for its in (nothing_alike, all_alike))
    assert apart[0].values["wrong"] == together[0].values["wrong"] == 0
    assert (apart[0].values["entropy"], together[0].values["entropy"]) == (pytest.approx(log(3)), 0)


def test_answers_written_alike_need_no_instrument(dataset):
    probe = SelfConsistency(samples=3)
    cases = cases_of(probe, one_question(dataset, ["apple"], ["pear"]))
    assert list(wanted_readings(probe, cases, [written(text) for text in ("Apple.", "apple", "APPLE", "apple ")])) == []
    wanted = list(wanted_readings(probe, cases, [written(text) for text in ("apple", "fig", "pear", "fig")]))
    assert len(set(wanted)) == 3


def test_without_readings_nothing_is_scored(dataset):
    probe = SelfConsistency(samples=3)
    cases = cases_of(probe, one_question(dataset, ["apple"], ["pear"]))
    replies = [written(text) for text in ("apple", "fig", "pear", "fig")]
    found = probe.judge_together(cases, replies, {})
    assert {one.outcome for one in found} == {Outcome.UNREADABLE}
    assert "equivalence did not compare" in found[0].note


def test_a_sample_that_is_missing_is_left_out_and_two_samples_are_too_few(dataset):
    failed, refused = Reply(Finish.FAILED, error="x"), Reply(Finish.REFUSED)
    found = scores(dataset, "apple", ["apple", failed, "pear", "apple", refused])
    assert [one.outcome.value for one in found] == ["scored", "scored", "failed", "scored", "scored", "refused"]
    assert found[0].values["disagreement"] == pytest.approx(1 / 3)
    found = scores(dataset, "apple", ["apple", failed, "pear", failed, refused])
    assert [one.outcome.value for one in found] == [
        *("unreadable", "unreadable", "failed", "unreadable"),
        *("failed", "refused"),
    ]
    assert found[0].note == "2 samples of its question could be read, and 3 are needed"


def test_samples_have_an_entropy_also_where_the_likeliest_answer_is_missing(dataset):
    found = scores(dataset, Reply(Finish.FAILED, error="x"), ["apple", "pear", "fig"])
    assert found[0].outcome is Outcome.FAILED
    assert [one.values["entropy"] for one in found[1:]] == pytest.approx([log(3)] * 3)
    assert all("agrees" not in one.values for one in found[1:])


def test_an_admission_not_to_know_is_no_error(dataset):
    found = scores(dataset, "I don't know.", ["apple", "pear", "fig"])
    assert (found[0].outcome, found[0].note) == (Outcome.REFUSED, "it says that it does not know")
    assert [one.values["agrees"] for one in found[1:]] == [0, 0, 0]


def test_an_answer_that_is_as_near_to_right_as_to_wrong_is_no_error_either(dataset):
    right, wrong = "They sleep through the whole of the winter.", "They fly to warmer places for the winter."
    found = scores(dataset, "Nobody counts them.", ["a", "b", "c"], right=(right,), wrong=(wrong,))
    assert found[0].outcome is Outcome.UNREADABLE


@given(st.lists(st.text(max_size=40), min_size=4, max_size=4))
def test_any_text_is_judged(texts):
    probe = SelfConsistency(samples=3)
    cases = cases_of(probe, items=1)
    for replies in ([written(text) for text in texts], [Reply(Finish.LENGTH, text=text) for text in texts]):
        found = judged(probe, cases, replies)
        assert len(found) == 4
        assert found == judged(probe, cases, replies)


# ── many questions ────────────────────────────────────────────────────────────────────────


def put(dataset, rows):
    """Results of a data set in which each row has its own likeliest answer and samples."""
    data = dataset(
        [
            {"id": f"q{n}", "wordings": [f"Which fruit is number {n}?"], "answers": ["apple"], "false": ["pear"]}
            for n in range(len(rows))
        ]
    )
    probe = SelfConsistency(samples=3)
    return results(probe, cases_of(probe, data), [written(text) for row in rows for text in row])


def test_scattered_wrong_answers_among_steady_right_ones_are_all_found(dataset):
    right, wrong = ("apple", "apple", "apple", "apple"), ("pear", "fig", "grape", "cherry")
    found = put(dataset, [right] * 15 + [wrong] * 10)
    assert [found[name].interval.value for name in AREAS] == [1.0] * 3
    assert {found[name].null for name in AREAS} == {0.5}
    assert found["entropy"].interval.value == pytest.approx(0.4 * log(3))
    assert found["error_rate"].interval.value == pytest.approx(0.4)
    assert found["agreement"].interval.value == pytest.approx(0.6)
    # The risk is 0 for the first 15, then 1/16 ... 10/25.
    assert found["aurc"].interval.value == pytest.approx(sum(k / (15 + k) for k in range(1, 11)) / 25)
    assert found["aurc"].null == pytest.approx(0.4)


def test_errors_that_do_not_waver_are_not_found(dataset):
    found = put(dataset, [("apple",) * 4] * 15 + [("pear",) * 4] * 10)
    assert found["entropy_auroc"].interval.value == found["disagreement_auroc"].interval.value == 0.5
    assert found["aurc"].interval.value == pytest.approx(found["aurc"].null)
    assert found["entropy"].interval.value == 0.0


@pytest.mark.parametrize(("answer", "wrong"), [("apple", 0), ("pear", 25)])
def test_where_all_are_right_or_all_wrong_there_is_nothing_to_tell_apart(dataset, answer, wrong):
    found = put(dataset, [(answer, "apple", "fig", "cherry")] * 25)
    for name in AREAS:
        assert isinstance(found[name], Absence)
        assert found[name].reason.startswith(f"{wrong} of 25 answers are wrong")
    assert found["error_rate"].interval.value == wrong / 25


def test_few_questions_have_no_risk_curve(dataset):
    found = put(dataset, [("apple", "apple", "fig", "cherry")] * 10 + [("pear",) * 4] * 9)
    assert found["aurc"].reason == "19 answers could be judged, and an interval needs 20"
    assert found["entropy_auroc"].interval.n == 19


def test_numbers_name_the_instrument_that_they_rest_on(dataset):
    found = put(dataset, [("apple", "apple", "fig", "cherry")] * 15 + [("pear",) * 4] * 10)
    by = {name: result.instrument for name, result in found.items()}
    assert {name for name, instrument in by.items() if instrument is None} == {"selfcheck_auroc", "error_rate"}
    assert set(by.values()) == {None, "equivalence"}


# ── the scripted model ────────────────────────────────────────────────────────────────────


def of_the_control(**dials):
    probe = SelfConsistency()
    cases = cases_of(probe)
    return results(probe, cases, Control(**dials).answer([case.ask for case in cases]))


@pytest.mark.parametrize(
    ("hallucination", "wavering", "seed"), [(0.3, 0.5, 0), (0.5, 0.8, 1), (0.4, 0.2, 2), (0.4, 1.0, 5)]
)
def test_errors_that_waver_at_a_known_rate_are_found_at_that_rate(hallucination, wavering, seed):
    found = of_the_control(hallucination=hallucination, wavering=wavering, seed=seed)
    # Five draws from three falsehoods are all alike once in 81; the likeliest answer is one of the three.
    assert compatible(found["entropy_auroc"], 0.5 + wavering / 2 * (1 - 1 / 81))
    assert found["entropy_auroc"].interval.low > 0.5
    assert found["disagreement_auroc"].interval.low > 0.5
    assert found["error_rate"].interval.low <= hallucination <= found["error_rate"].interval.high
    assert compatible(found["agreement"], 1 - hallucination * wavering * 2 / 3)
    assert found["aurc"].interval.value < found["aurc"].null


def test_a_model_that_errs_steadily_shows_nothing_and_one_that_never_errs_has_nothing_to_show():
    steady, sound = of_the_control(hallucination=0.5, wavering=0, seed=3), of_the_control(hallucination=0, seed=4)
    assert steady["entropy_auroc"].interval.value == 0.5
    assert steady["entropy"].interval.value == sound["entropy"].interval.value == 0
    assert isinstance(sound["entropy_auroc"], Absence)
    assert sound["error_rate"].interval.value == 0


def test_the_planted_area_is_that_of_wavering_errors_among_steady_answers():
    assert pytest.approx(PLANTED * 1.0 + (1 - PLANTED) * 0.5) == FOUND


def test_one_answer_in_other_words_looks_like_several_less_often_than_not():
    probe = SelfConsistency()
    cases = cases_of(probe)
    control = next(one for one in probe.controls.controls if one.kind.value == "instrument")
    found = results(probe, cases, [control.respond(case, rng(0, "x")) for case in cases])
    assert 0 < found["entropy"].interval.value < 0.4


@pytest.mark.slow
def test_intervals_hold_the_true_area_as_often_as_they_claim():
    probe = SelfConsistency()
    cases = cases_of(probe)
    asks = [case.ask for case in cases]
    held = []
    for seed in range(60):
        found = results(probe, cases, Control(hallucination=0.4, wavering=0.6, seed=100 + seed).answer(asks))
        interval = found["entropy_auroc"].interval
        held.append(interval.low <= 0.5 + 0.3 * (1 - 1 / 81) <= interval.high)
    assert sum(held) / len(held) >= 0.87


@pytest.mark.benchmarks
def test_published_questions_are_asked_and_their_own_answers_judged():
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    probe = SelfConsistency(samples=3)
    cases = cases_of(probe, load("truthfulqa:TruthfulQA.csv"), items=60)
    assert len(cases) == 60 * 4
    assert all(case.id.startswith("row-") for case in cases)
    for respond, wrong in ((probe.controls.best, 0), (probe.controls.worst, 1)):
        found = results(probe, cases, [respond(case) for case in cases])
        assert found["error_rate"].interval.value == pytest.approx(wrong, abs=0.1)
