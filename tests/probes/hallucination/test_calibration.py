"""Confidence beside accuracy: from likelihoods and as stated, with the threshold from which answers may be given."""

from __future__ import annotations

import os
from dataclasses import replace
from math import log

import numpy as np
import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.controls import compatible
from harness.data import load
from harness.judge import judge_cases
from harness.records import Absence, Capability, Case, Finish, GenerateAsk, Judged, Outcome, Reply, Score, ScoreAsk
from harness.stats.deferral import most_errors
from probes.hallucination.calibration import Calibration
from probes.hallucination.reliability import Answers
from probes.letters import LETTERS
from probes.replies import likelihoods

STATED = [0.1] * 2 + [0.4] * 3 + [0.8] * 5
CAME = [0, 0, 0, 1, 0, 1, 1, 1, 0, 1]
SCORE, GENERATE = Capability.SCORE, Capability.GENERATE


def asked(put, data, capability=SCORE, **settings):
    return put(Calibration(**settings), data, capability=capability)


def at(case, chances):
    """Give the options these chances, the true one first."""
    true, rest = case.expected["true"], list(chances[1:])
    totals = [log(chances[0]) if place == true else log(rest.pop(0)) for place in range(len(chances))]
    return likelihoods(case.ask, totals)


def answered(confidences, outcomes):
    """Scores of as many answers, without a model."""
    pairs = enumerate(zip(confidences, outcomes, strict=True))
    case = Case("q", ScoreAsk("q", (" A", " B")), {"shown": ["a", "b"], "true": 0, "source": "letters"}, {}, "q")
    return [
        Judged(
            replace(case, id=f"q{n:04}", cluster=f"q{n}"), Score(Outcome.SCORED, {"confidence": sure, "correct": right})
        )
        for n, (sure, right) in pairs
    ]


def results(confidences, outcomes, **settings):
    found = Calibration(**settings).summarise(answered(confidences, outcomes))
    return {(its.metric.partition("/")[2], *its.slice.values()): its for its in found}


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_letters_are_scored_below_the_options(put, facts):
    case = asked(put, facts).cases[0]
    assert case.ask.continuations == (" A", " B", " C", " D")
    for letter, option in zip(LETTERS, case.expected["shown"], strict=False):
        assert f"{letter}. {option}\n" in case.ask.context
    assert case.expected["shown"][case.expected["true"]] == "The truth about 0"


def test_the_options_themselves_can_be_scored_without_a_list(put, facts):
    case = asked(put, facts, likelihoods="answers").cases[0]
    assert case.ask.context == "Question: What is the true thing number 0?\nAnswer:"
    assert case.ask.continuations == tuple(f" {option}" for option in case.expected["shown"])


def test_a_text_is_asked_for_the_letter_and_a_number(put, facts):
    case = asked(put, facts, GENERATE).cases[0]
    assert isinstance(case.ask, GenerateAsk)
    assert '"Confidence: NN %", a number from 0 to 100' in case.ask.prompt
    assert f"A. {case.expected['shown'][0]}\n" in case.ask.prompt


def test_options_can_be_fewer(put, facts):
    assert {len(case.expected["shown"]) for case in asked(put, facts, options=2).cases} == {2}


@pytest.mark.parametrize(
    "settings",
    [
        *({"options": 1}, {"options": 27}, {"likelihoods": "tokens"}, {"bins": 1}, {"alpha": 0.0}, {"alpha": 1.0}),
        *({"delta": 0.0}, {"surest": 1.0}, {"surest": -0.1}),
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Calibration(**settings)


def test_the_card_names_the_risk_that_is_certified():
    card = Calibration(alpha=0.05, delta=0.01).card
    units = {metric.name.partition("/")[2]: metric.unit for metric in card.metrics}
    assert units["deferral_threshold"] == "confidence at a risk of at most 0.05"
    assert "at most 0.05 of the answers" in card.limits[0]
    assert "at most 0.01 of such tests" in card.limits[0]


# ── judging ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chances", "confidence", "correct"), [((0.7, 0.1, 0.1, 0.1), 0.7, 1), ((0.2, 0.5, 0.2, 0.1), 0.5, 0)]
)
def test_confidence_is_the_share_of_likelihood_of_the_choice(put, facts, chances, confidence, correct):
    one = asked(put, facts)
    for judged in one.judged(lambda case: at(case, chances)):
        assert judged.score.values == {"confidence": pytest.approx(confidence), "correct": correct}


def test_likelihoods_beyond_the_range_of_numbers_have_shares_all_the_same(put, facts):
    one = asked(put, facts)
    found = one.probe.judge(one.cases[0], likelihoods(one.cases[0].ask, [-9000.0, -9001.0, -9002.0, -90000.0]), {})
    assert found.values["confidence"] == pytest.approx(1 / (1 + np.exp(-1) + np.exp(-2)))


def test_options_are_compared_by_their_mean_per_token(put, facts):
    one = asked(put, facts, likelihoods="answers")
    case = one.cases[0]
    sizes = [len(score.logprobs) for score in likelihoods(case.ask, [-1.0] * 4).scores]
    assert len(set(sizes)) > 1
    found = one.probe.judge(case, likelihoods(case.ask, [-2.0 * size for size in sizes]), {})
    assert found.values["confidence"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("text", "outcome", "confidence"),
    [
        ("{}\nConfidence: 95 %", Outcome.SCORED, 0.95),
        ("({})\nConfidence: .95", Outcome.SCORED, 0.95),
        ("The answer is {}. Confidence: 95/100", Outcome.SCORED, 0.95),
        ("Confidence: 60%\n{}", Outcome.SCORED, 0.6),
        ("{}. I am 80 % sure.", Outcome.SCORED, 0.8),
        ("{}\nConfidence: very sure", Outcome.UNREADABLE, None),
        ("{}", Outcome.UNREADABLE, None),
        ("{}\nConfidence: 120 %", Outcome.UNREADABLE, None),
        ("Hard to tell.\nConfidence: 95 %", Outcome.UNREADABLE, None),
        ("A or B\nConfidence: 95 %", Outcome.UNREADABLE, None),
        ("Confidence: 95 %", Outcome.UNREADABLE, None),
        ("", Outcome.UNREADABLE, None),
    ],
)
def test_a_written_reply_is_scored_only_with_a_letter_and_a_confidence(put, facts, text, outcome, confidence):
    one = asked(put, facts, GENERATE)
    case = one.cases[0]
    found = one.probe.judge(case, Reply(Finish.STOP, text=text.format(LETTERS[case.expected["true"]])), {})
    assert found.outcome is outcome
    if confidence is not None:
        assert found.values == {"confidence": pytest.approx(confidence), "correct": 1}


def test_a_reply_that_was_cut_before_its_confidence_is_truncated(put, facts):
    one = asked(put, facts, GENERATE)
    found = one.probe.judge(one.cases[0], Reply(Finish.LENGTH, text="B. The truth about"), {})
    assert (found.outcome, found.note) == (
        Outcome.TRUNCATED,
        "the reply was cut off, and states no confidence that can be read",
    )


# ── golden numbers ────────────────────────────────────────────────────────────────────────


def test_the_parts_are_those_of_the_worked_example():
    found = results(STATED * 2, CAME * 2)
    values = [found[name,].interval.value for name in ("brier", "reliability", "resolution", "uncertainty", "ece")]
    assert values == pytest.approx([0.15, 0.0033333, 0.1033333, 0.25, 0.04], abs=1e-6)
    assert found["brier",].null == pytest.approx(0.25)
    # Ten answers more of the same would show, by chance: 1/n of each bin's variance, and 2 of 19 parts of all variance.
    assert found["reliability",].null == pytest.approx((0.09 + 0.24 + 0.16) / 20)
    assert found["resolution",].null == pytest.approx(0.25 * 2 / 19)
    assert found["overconfidence",].interval.value == pytest.approx(0.54 - 0.5)


def test_the_risk_curve_is_that_of_the_worked_example():
    # Surest first the losses are 0, 0, 1, 0, 1; four of each, a hair apart, are as many steps.
    sure = [level - copy / 1e6 for level in (0.9, 0.8, 0.7, 0.6, 0.5) for copy in range(4)]
    losses = [loss for loss in (0, 0, 1, 0, 1) for _ in range(4)]
    found = results(sure, [1 - loss for loss in losses])
    by_hand = np.mean(np.cumsum(losses) / np.arange(1, 21))
    assert found["aurc",].interval.value == pytest.approx(by_hand)
    assert found["aurc",].null == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("n", "alpha", "delta", "errors"),
    [(100, 0.1, 0.1, 5), (200, 0.1, 0.1, 14), (500, 0.1, 0.05, 38), (100, 0.05, 0.05, 1), (1000, 0.05, 0.05, 38)],
)
def test_a_threshold_is_certified_for_as_many_errors_as_the_tables_allow(n, alpha, delta, errors):
    assert most_errors(n, alpha, delta) == errors
    for wrong, certified in ((errors, True), (errors + 1, False)):
        sure, counts = [0.9] * n, [0] * wrong + [1] * (n - wrong)
        answers = Answers.of(answered(sure, counts), 10)
        threshold, share = answers.deferral(alpha, delta, 0.3, "letters")
        assert isinstance(threshold, Absence) is isinstance(share, Absence) is not certified


def test_a_calibrated_model_shows_the_known_error_by_chance():
    sure = np.random.default_rng(5).random(100)
    found = results(sure.tolist(), [0, 1] * 50, bins=15)
    assert 0.11 < found["ece_if_calibrated",].interval.value < 0.135
    assert found["ece",].null == found["ece_if_calibrated",].interval.value


# ── what is reported ──────────────────────────────────────────────────────────────────────


def test_always_stating_the_base_rate_earns_what_the_brier_score_is_held_against():
    found = results([0.75] * 40, [1, 1, 1, 0] * 10)
    assert found["brier",].interval.value == found["brier",].null == pytest.approx(0.1875)
    assert found["resolution",].interval.value == found["reliability",].interval.value == 0
    assert found["overconfidence",].interval.value == pytest.approx(0)
    assert found["auroc",].interval.value == 0.5
    assert found["aurc",].interval.value == pytest.approx(found["aurc",].null)


def test_bins_are_named_by_their_range_and_held_against_their_mean_confidence():
    found = results(STATED * 2, CAME * 2)
    bins = {key[1]: its for key, its in found.items() if key[0] == "accuracy_in_bin" and len(key) == 2}
    assert {name: (its.interval.value, its.null, its.interval.n) for name, its in bins.items()} == {
        "0.10-0.10": (0.0, pytest.approx(0.1), 4),
        "0.40-0.40": (pytest.approx(1 / 3), pytest.approx(0.4), 6),
        "0.80-0.80": (0.8, pytest.approx(0.8), 10),
    }
    assert all(its.slice == {"confidence": name} for name, its in bins.items())
    assert found["accuracy_in_bin",].interval.value == found["accuracy",].interval.value == 0.5


def test_bins_that_lie_close_together_have_names_of_their_own():
    sure = [0.9 + step / 100000 for step in range(100)]
    found = results(sure, [0, 1] * 50, bins=10)
    names = [key[1] for key in found if len(key) == 2]
    assert len(set(names)) == 10
    assert names[0] == "0.9000-0.9001"


def test_a_threshold_says_what_it_is_good_for():
    sure = [0.5 + step / 300 for step in range(120)]
    found = results(sure, [int(confidence > 0.7) for confidence in sure])
    threshold, share = found["deferral_threshold",], found["answered_share",]
    given = [confidence for confidence in sure if confidence >= threshold.interval.value]
    assert threshold.unit == "confidence at a risk of at most 0.2"
    assert threshold.interval.confidence == pytest.approx(0.9)
    assert threshold.interval.method == "learn then test, likelihoods of letters, risk at most 0.2"
    assert share.interval.value == pytest.approx(len(given) / 120)
    assert share.interval.low < share.interval.value < share.interval.high
    assert sum(confidence <= 0.7 for confidence in given) == most_errors(len(given), 0.2, 0.1)


@pytest.mark.parametrize(
    ("n", "outcomes", "reason"),
    [
        (40, [0, 1] * 20, "of the 40 surest answers 20 are wrong"),
        (8, [1] * 8, "8 answers are too few to certify a risk of at most 0.2: even if all were right, it takes 11"),
    ],
)
def test_where_no_threshold_is_certified_the_reason_is_told(n, outcomes, reason):
    found = results([0.9] * n, outcomes)
    for name in ("deferral_threshold", "answered_share"):
        assert isinstance(found[name,], Absence)
        assert found[name,].reason.endswith(reason)


def test_an_error_among_the_very_surest_does_not_end_the_search():
    sure = [0.5 + step / 300 for step in range(120)]
    right = [int(confidence > 0.6) for confidence in sure]
    right[-1] = 0
    assert isinstance(results(sure, right, surest=0.0)["deferral_threshold",], Absence)
    assert results(sure, right)["answered_share",].interval.value > 0.7


def test_few_answers_have_a_score_and_no_parts():
    found = results(STATED, CAME)
    assert found["brier",].interval.value == pytest.approx(0.15)
    assert found["brier",].interval.method == "student t"
    for name in ("reliability", "resolution", "uncertainty", "ece", "ece_if_calibrated", "aurc"):
        assert found[name,].reason == "10 answers were scored, and an interval needs 20"


@pytest.mark.parametrize(("right", "told"), [(1, 40), (0, 0)])
def test_where_all_are_right_or_all_wrong_nothing_is_told_apart(right, told):
    found = results([0.9, 0.8] * 20, [right] * 40)
    assert found["auroc",].reason.startswith(f"{told} of 40 answers are right")
    assert found["brier",].null == 0
    assert found["uncertainty",].interval.value == 0


def test_what_states_no_confidence_is_counted_and_not_scored(put, facts):
    one = asked(put, facts, GENERATE)

    def respond(case):
        sure = case.cluster not in {"facts-0", "facts-1"}
        return one.probe.controls.best(case) if sure else Reply(Finish.STOP, text="B. Very sure.")

    found = one.results(respond)
    assert found["brier",].interval.n == 28
    assert (found["brier",].counts.asked, found["brier",].counts.unreadable) == (30, 2)


# ── the scripted model ────────────────────────────────────────────────────────────────────


def of_the_control(capability, **dials):
    probe = Calibration()
    cases = list(probe.cases(load("facts_mc"), Budget(None, 0, capability)))
    replies = Control(order_bias=0, **dials).answer([case.ask for case in cases])
    judged = judge_cases(probe, cases, replies, {})
    return judged, {its.metric.partition("/")[2]: its for its in probe.summarise(judged) if not its.slice}


@pytest.mark.parametrize("capability", [SCORE, GENERATE])
@pytest.mark.parametrize(("errs", "too_sure", "seed"), [(0.3, 0.0, 0), (0.3, 0.5, 1), (0.5, 1.0, 2), (0.2, 0.8, 3)])
def test_overconfidence_at_a_known_rate_is_found_at_that_rate(capability, errs, too_sure, seed):
    judged, found = of_the_control(capability, hallucination=errs, overconfidence=too_sure, seed=seed)
    assert {one.score.outcome for one in judged} == {Outcome.SCORED}
    levels = [one.score.values["confidence"] for one in judged]
    sure = np.mean([level for level in levels if level > 0.5])
    unsure = np.mean([level for level in levels if level <= 0.5] or [0.0])
    planted = sure * (1 - errs + errs * too_sure) + unsure * errs * (1 - too_sure) - (1 - errs)
    assert compatible(found["overconfidence"], planted)
    assert found["accuracy"].interval.low <= 1 - errs <= found["accuracy"].interval.high
    # An error is told by its doubt, of which the overconfident have none; ties count one half.
    assert compatible(found["auroc"], 1 - too_sure / 2)


@pytest.mark.parametrize("capability", [SCORE, GENERATE])
def test_a_model_that_doubts_its_errors_may_answer_and_one_that_does_not_may_not(capability):
    _, modest = of_the_control(capability, hallucination=0.4, overconfidence=0.0)
    _, sure = of_the_control(capability, hallucination=0.4, overconfidence=1.0)
    assert modest["answered_share"].interval.value > 0.5
    assert modest["deferral_threshold"].interval.value > 0.25
    assert "surest answers" in sure["deferral_threshold"].reason
    assert modest["brier"].interval.high < sure["brier"].interval.low


# ── simulations ───────────────────────────────────────────────────────────────────────────


def drawn(random, n, beyond=0.0):
    sure = random.beta(4, 2, size=n)
    return sure.tolist(), (random.random(n) < np.clip(sure - beyond, 0, 1)).astype(int).tolist()


def parts(confidences, outcomes):
    return {its.metric.partition("/")[2]: its for its in Answers.of(answered(confidences, outcomes), 10)._parts()}


def held(found, wanted):
    return np.mean([its.interval.low <= value <= its.interval.high for its, value in zip(found, wanted, strict=True)])


@pytest.mark.slow
@pytest.mark.parametrize("beyond", [0.0, 0.3])
def test_intervals_of_the_parts_hold_what_answers_of_this_number_show_on_average(beyond):
    random = np.random.default_rng(1)
    runs = [parts(*drawn(random, 120, beyond)) for _ in range(80)]
    for name in ("reliability", "resolution"):
        found = [run[name] for run in runs]
        average = np.mean([its.interval.value for its in found])
        assert held(found, [average] * len(found)) >= 0.88, name
    if not beyond:
        nulls = np.mean([run["reliability"].null for run in runs])
        assert nulls == pytest.approx(np.mean([run["reliability"].interval.value for run in runs]), rel=0.15)


@pytest.mark.slow
def test_confidence_that_tells_nothing_shows_the_resolution_that_chance_gives():
    random = np.random.default_rng(2)
    runs = [parts(random.random(120).tolist(), (random.random(120) < 0.4).astype(int).tolist()) for _ in range(80)]
    found = [run["resolution"] for run in runs]
    assert np.mean([its.interval.value for its in found]) == pytest.approx(
        np.mean([its.null for its in found]), rel=0.1
    )
    assert held(found, [its.null for its in found]) >= 0.93


@pytest.mark.slow
def test_the_promise_is_broken_no_oftener_than_it_says():
    random, broken = np.random.default_rng(3), 0
    for _ in range(400):
        sure = random.random(150)
        answers = Answers.of(answered(sure.tolist(), (random.random(150) > 0.5 - 0.45 * sure).astype(int).tolist()), 10)
        threshold, _ = answers.deferral(0.2, 0.1, 0.3, "letters")
        # Above t, risk falls evenly from .5 - .45 t to .05.
        broken += not isinstance(threshold, Absence) and 0.5 - 0.45 * (1 + threshold.interval.value) / 2 > 0.2
    assert broken / 400 <= 0.1 + 3 * (0.1 * 0.9 / 400) ** 0.5


@pytest.mark.benchmarks
@pytest.mark.parametrize("name", ["truthfulqa:mc_task.json", "truthfulqa:TruthfulQA.csv"])
def test_published_questions_are_asked_with_what_answers_there_are(put, name):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    one = put(Calibration(), load(name), items=200)
    assert {len(case.expected["shown"]) for case in one.cases} <= {2, 3, 4}
    assert one.results(one.probe.controls.best)["brier",].interval.value < 0.01
