from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.errors import DataError
from harness.instruments.equivalence import Equivalence
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Outcome, Reply
from harness.seeds import rng
from probes.hallucination.grounded import SILENT, Grounded

MILL = {
    "id": "mill",
    "topic": "places",
    "passage": "The mill at Orr was built in 1802 by Jonas Fell. It has two wheels. Its roof is of reed.",
    "pairs": [
        {"question": "Who built the mill at Orr?", "answers": ["Jonas Fell", "Fell"], "twin": "Who owns the mill?"},
        {"question": "How many wheels has it?", "answers": ["two", "2"], "twin": "How many doors has it?"},
    ],
}
FORGE = {
    "id": "forge",
    "topic": "firms",
    "passage": "Lena Orde runs the forge at Stell. She makes forty gates a year and sells them in Pell.",
    "pairs": [{"question": "Where are the gates sold?", "answers": ["Pell"], "twin": "Where is the iron bought?"}],
}


class Put:
    """The probe put to a respondent, with its instrument reading for real."""

    def __init__(self, probe, data, *, items=None, seed=0):
        self.probe = probe
        self.cases = list(probe.cases(data, Budget(items, seed, Capability.GENERATE)))

    def judged(self, respond):
        replies = [respond(case) for case in self.cases]
        wanted = list(dict.fromkeys(wanted_readings(self.probe, self.cases, replies)))
        readings = dict(zip(wanted, Equivalence().read(wanted, NOTHING), strict=True))
        return judge_cases(self.probe, self.cases, replies, readings)

    def results(self, respond):
        found = {}
        for result in self.probe.summarise(self.judged(respond)):
            found[result.metric.partition("/")[2], *result.slice.values()] = result
        return found

    def value(self, respond, *key):
        return self.results(respond)[key].interval.value


@pytest.fixture
def small(dataset):
    return Put(Grounded(pairs=2), dataset([MILL, FORGE], "passages"))


@pytest.fixture(scope="module")
def everything():
    return Put(Grounded(pairs=2), load("passages"))


def said(text):
    return lambda _: Reply(Finish.STOP, text=text)


def by_case(**texts):
    """Answer by the end of the case's id."""
    return lambda case: Reply(Finish.STOP, text=texts[case.id.rpartition("-")[2]])


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_each_question_is_asked_beside_its_twin_with_the_passage_before_it(small):
    assert [case.id for case in small.cases][:4] == [
        "mill/0-question",
        "mill/0-twin",
        "mill/1-question",
        "mill/1-twin",
    ]
    for case in small.cases:
        passage = MILL["passage"] if case.cluster == "mill" else FORGE["passage"]
        assert f"Passage: {passage}\n\nQuestion: {case.expected['question']}" in case.ask.prompt
        assert SILENT in case.ask.prompt


def test_it_asks_one_pair_of_every_passage_and_few_passages_in_the_smoke_profile():
    data = load("passages")
    assert len(Put(Grounded(), data, items=Grounded().card.smoke_items).cases) == 36
    assert len(Put(Grounded(), data).cases) == 220
    assert len(Put(Grounded(pairs=2), data).cases) == 440
    assert len(Put(Grounded(), data, items=10).cases) == 20


def test_settings_that_make_no_sense_are_refused():
    for settings in ({"pairs": 0}, {"max_tokens": 4}, {"by": "magic"}):
        with pytest.raises(ValueError, match="at least|is one of"):
            Grounded(**settings)


@pytest.mark.parametrize("pairs", [None, [], "text", ["text"], [{"question": "Why?"}]])
def test_a_row_without_questions_is_named(dataset, pairs):
    with pytest.raises(DataError, match="row 1"):
        Put(Grounded(), dataset([MILL | {"pairs": pairs}], "passages"))


# ── how a reply is judged ─────────────────────────────────────────────────────────────────


def test_always_abstaining_and_always_answering_both_earn_a_youden_of_nothing(small):
    for respond in (said(SILENT), said("Jonas Fell")):
        assert small.value(respond, "youden_j") == 0
    assert small.value(small.probe.controls.best, "youden_j") == 1
    assert small.value(small.probe.controls.worst, "youden_j") == -1


def test_a_worked_example_of_all_numbers(small):
    found = small.results(
        lambda case: Reply(
            Finish.STOP,
            text={
                "mill/0-question": "Jonas Fell.",
                "mill/0-twin": "The passage does not say.",
                "mill/1-question": "It has seven wheels.",
                "mill/1-twin": "It has two doors. The roof is of reed.",
                "forge/0-question": "It is not mentioned.",
                "forge/0-twin": "In Gandor.",
            }[case.id],
        )
    )
    value = {key: result.interval.value for key, result in found.items() if not isinstance(result, Absence)}
    assert value["fabrication_rate",] == pytest.approx(2 / 3)
    assert value["over_abstention_rate",] == pytest.approx(1 / 3)
    assert value["right_answer_rate",] == pytest.approx(1 / 3)
    assert value["youden_j",] == pytest.approx(0)
    assert value["told_apart_rate",] == pytest.approx(1 / 3)
    assert value["told_apart_rate", "both were answered"] == pytest.approx(1 / 3)
    assert value["told_apart_rate", "only the twin was answered"] == pytest.approx(1 / 3)
    assert value["told_apart_rate", "neither was answered"] == 0
    # Seven and Gandor are in no passage: two of four answers.
    assert value["new_fact_rate",] == pytest.approx(2 / 4)
    # Of five claims, the builder and the roof stand there.
    assert value["supported_share",] == pytest.approx(2 / 5)
    assert value["contradicted_share",] >= 1 / 5


def test_claims_are_read_sentence_by_sentence(small):
    case = small.cases[0]
    text = "The mill at Orr was built in 1802. It has two wheels.\nIts roof is of slate."
    wanted = list(small.probe.readings(case, Reply(Finish.STOP, text=text)))
    assert [reading.text for reading in wanted] == text.replace("\n", " ").replace(". ", ".|").split("|")
    assert {reading.instrument for reading in wanted} == {"equivalence"}


def test_a_judge_is_told_the_question_and_rules_are_not(small, dataset):
    reply = Reply(Finish.STOP, text="Jonas Fell")
    question = small.cases[0].expected["question"]
    (by_rules,) = small.probe.readings(small.cases[0], reply)
    (by_judge,) = Grounded(by="judge").readings(small.cases[0], reply)
    assert (by_judge.instrument, question in by_judge.context) == ("judge", True)
    assert question not in by_rules.context


def test_who_abstains_makes_no_claims(small):
    assert list(small.probe.readings(small.cases[0], Reply(Finish.STOP, text="Not stated."))) == []
    assert isinstance(small.results(said(SILENT))["supported_share",], Absence)


def test_a_reply_of_marks_alone_is_unreadable_and_a_bare_number_is_not(small):
    assert {one.score.outcome for one in small.judged(said("... !!"))} == {Outcome.UNREADABLE}
    assert {one.score.outcome for one in small.judged(said("2"))} == {Outcome.SCORED}


def test_what_the_instrument_did_not_read_is_not_scored(small):
    assert small.probe.judge(small.cases[0], Reply(Finish.STOP, text="Jonas Fell"), {}).outcome is Outcome.UNREADABLE


def test_a_guess_after_saying_that_it_is_not_stated_is_made_up(small):
    reply = said("The passage does not say, but it was probably Jonas Fell.")
    assert small.value(reply, "fabrication_rate") == 1


# ── how good the ruler is ─────────────────────────────────────────────────────────────────


def test_at_most_one_verbatim_sentence_in_twenty_is_a_false_alarm(everything):
    quoting = everything.probe.controls.controls[2]
    stream = rng(0, "quotes")
    found = everything.results(lambda case: quoting.respond(case, stream))
    supported = found["supported_share",]
    assert supported.interval.value >= 0.95
    assert found["contradicted_share",].interval.value <= 0.01
    assert found["new_fact_rate",].interval.value == 0


def test_every_accepted_answer_is_right_supported_and_no_abstention(everything):
    found = everything.results(everything.probe.controls.best)
    assert found["right_answer_rate",].interval.value == 1
    assert found["supported_share",].interval.value == 1
    assert found["fabrication_rate",].interval.value == 0


def test_the_corrected_rate_says_that_errors_of_the_detector_widen_it(everything):
    found = everything.results(everything.probe.controls.worst)
    plain, corrected = found["fabrication_rate",].interval, found["fabrication_rate_corrected",].interval
    assert corrected.value == pytest.approx(1)
    assert plain.high - plain.low < corrected.high - corrected.low < 0.25


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_dialled_rates_of_a_scripted_model_are_found(everything, rate, seed):
    backend = Control(fabrication=rate, hallucination=0.2, seed=seed)
    found = everything.results(lambda case: backend.answer([case.ask])[0])
    fabricated, right = found["fabrication_rate",].interval, found["right_answer_rate",].interval
    assert fabricated.low <= rate <= fabricated.high
    assert right.low <= 0.8 <= right.high
    youden = found["youden_j",].interval
    assert youden.low <= 1 - rate <= youden.high
    assert found["over_abstention_rate",].interval.value == 0


@pytest.mark.slow
def test_the_interval_covers_the_dialled_rate_as_often_as_it_claims():
    put = Put(Grounded(), load("passages"), items=60)
    covered = 0
    for seed in range(200):
        backend = Control(fabrication=0.3, hallucination=0, seed=seed)
        found = put.results(lambda case, backend=backend: backend.answer([case.ask])[0])["fabrication_rate",].interval
        covered += found.low <= 0.3 <= found.high
    assert covered >= 0.95 * 200 - 3 * (200 * 0.95 * 0.05) ** 0.5
