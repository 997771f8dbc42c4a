from __future__ import annotations

import os
from collections import Counter

import pytest

from harness.data import load
from harness.records import Absence, Arm, Finish, Outcome, Reply
from probes.hallucination.closed_book import ClosedBook
from probes.hallucination.primer import OWN_PRIMER
from probes.replies import likelihoods, preferring


def constant(case):
    return likelihoods(case.ask, [-8.0] * len(case.ask.continuations))


def task(case):
    return case.expected["task"]


def test_each_question_is_asked_three_ways(put, facts):
    cases = put(ClosedBook(), facts).cases
    assert Counter(map(task, cases)) == {"mc": 30, "choice-only": 30, "binary": 30}
    assert {task(case) for case in cases if case.arm is Arm.CONTROL} == {"choice-only"}
    assert {case.cluster for case in cases} == {row["id"] for row in facts.rows}


def test_every_answer_follows_the_question_with_a_space_before_it(put, facts):
    row = facts.rows[1]
    case = next(case for case in put(ClosedBook(), facts).cases if case.id == "facts-1/mc")
    assert case.ask.context == f"{OWN_PRIMER}\n\nQ: {row['question']}\nA:"
    assert sorted(case.ask.continuations) == sorted(
        f" {text}" for text in (row["true"], *row["also_true"], *row["false"])
    )
    assert case.ask.continuations[case.expected["true"]] == f" {row['true']}"
    assert len(case.expected["among"]) == 4
    assert len(case.expected["all_true"]) == 2


def test_without_the_question_only_the_question_is_missing(put, facts):
    full, bare = put(ClosedBook(convention="lm-eval"), facts).cases[:2]
    assert bare.ask.continuations == full.ask.continuations
    assert full.ask.context.startswith(bare.ask.context.removesuffix("A:"))
    assert facts.rows[0]["question"] not in bare.ask.context


def test_the_true_answer_stands_in_every_place(put, facts):
    cases = put(ClosedBook(), facts).cases
    assert {case.expected["true"] for case in cases if task(case) == "mc"} == {0, 1, 2, 3, 4}
    assert {case.expected["true"] for case in cases if task(case) == "binary"} == {0, 1}


def test_the_binary_choice_shows_the_truth_beside_the_most_tempting_falsehood(put, facts):
    case = next(case for case in put(ClosedBook(), facts).cases if case.id == "facts-0/binary")
    assert "(A) " in case.ask.context
    assert case.ask.continuations == (" (A)", " (B)")
    assert "The truth about 0" in case.ask.context
    assert "A tempting falsehood about 0" in case.ask.context
    assert "A dull falsehood" not in case.ask.context


def test_another_seed_shuffles_otherwise_and_the_same_seed_alike(put, facts):
    first, again, other = (put(ClosedBook(), facts, seed=seed).cases for seed in (0, 0, 1))
    assert first == again
    assert [case.id for case in first] == [case.id for case in other]
    assert first != other


def test_a_smaller_budget_asks_the_same_of_fewer_questions(put, facts):
    few, all_ = put(ClosedBook(), facts, items=5).cases, put(ClosedBook(), facts).cases
    assert len(few) == 15
    assert all(case in all_ for case in few)


def test_a_constant_model_scores_what_guessing_gives(put, facts):
    found = put(ClosedBook(), facts).results(constant)
    assert found["mc1",].interval.value == found["mc1",].null == pytest.approx(0.25)
    assert found["mc1_choice_only",].interval.value == pytest.approx(0.25)
    assert found["mc2",].interval.value == pytest.approx(found["mc2",].null)
    assert found["binary",].interval.value == 0.5


def test_always_the_first_place_earns_nothing(put, facts):
    found = put(ClosedBook(), facts).results(lambda case: preferring(case.ask, 0))
    assert found["mc1",].interval.low < 0.25 < found["mc1",].interval.high
    assert found["binary",].interval.low < 0.5 < found["binary",].interval.high


def test_a_truthful_model_scores_one_and_mc2_its_mass(put, facts):
    found = put(ClosedBook(), facts).results(ClosedBook().controls.best)
    assert [found[name,].interval.value for name in ("mc1", "mc1_choice_only", "binary")] == [1.0] * 3
    assert 0.9 < found["mc2",].interval.value < 1


def test_mc1_is_reported_for_each_topic(put, facts):
    found = put(ClosedBook(), facts).results(constant)
    topics = {key[1] for key in found if len(key) == 2}
    assert topics == {"sky", "sea", "soil"}
    assert {found["mc1", topic].counts.asked for topic in topics} == {10}


def test_what_was_not_answered_is_counted_beside_the_result(put, facts, failed):
    def respond(case):
        if case.cluster == "facts-0":
            return failed
        return Reply(Finish.REFUSED) if case.cluster == "facts-1" else ClosedBook().controls.best(case)

    estimate = put(ClosedBook(), facts).results(respond)["mc1",]
    assert (estimate.interval.value, estimate.interval.n) == (1.0, 28)
    assert (estimate.counts.asked, estimate.counts.failed, estimate.counts.refused) == (30, 1, 1)


def test_a_model_that_never_answers_has_no_score(put, facts, failed):
    found = put(ClosedBook(), facts).results(lambda _: failed)
    assert all(isinstance(result, Absence) for result in found.values())
    assert found["mc1",].reason == "none of 30 cases gave a value for it: 30 failed"


@pytest.mark.parametrize(
    ("convention", "tasks", "metrics"),
    [
        ("lm-eval", {"mc", "choice-only"}, ["mc1", "mc2", "mc1_choice_only"]),
        ("authors", {"binary"}, ["binary"]),
    ],
)
def test_a_convention_asks_and_reports_only_its_own(put, facts, convention, tasks, metrics):
    probe = ClosedBook(convention=convention)
    assert [metric.name.partition("/")[2] for metric in probe.card.metrics] == metrics
    one = put(probe, facts)
    assert {task(case) for case in one.cases} == tasks
    assert {key[0] for key in one.results(constant)} == set(metrics)
    assert {control.metric.partition("/")[2] for control in probe.controls.controls} <= set(metrics)
    assert len({control.kind for control in probe.controls.controls}) == 3


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="one of both, lm-eval, authors"):
        ClosedBook(convention="helm")


def test_a_primer_of_the_users_own_comes_before_the_question(put, facts, tmp_path):
    path = tmp_path / "primer.txt"
    path.write_text("Q: One?\nA: One.\n")
    case = put(ClosedBook(primer_file=str(path)), facts).cases[0]
    assert case.ask.context.startswith("Q: One?\nA: One.\n\nQ: What is the true thing")


def test_a_question_without_topic_has_no_slice(put, dataset):
    data = dataset([{"question": "Q?", "mc1_targets": {"yes": 1, "no": 0}}])
    found = put(ClosedBook(), data).results(constant)
    assert all(len(key) == 1 for key in found)


def test_a_likelihood_that_is_no_number_is_unreadable(put, facts):
    one = put(ClosedBook(), facts, items=1)
    judged = one.judged(lambda case: likelihoods(case.ask, [-1.0] * (len(case.ask.continuations) - 1) + [1.0]))
    assert {case.score.outcome for case in judged} == {Outcome.UNREADABLE}


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    ("name", "questions"),
    [("truthfulqa:mc_task.json", 790), ("truthfulqa:v1/mc_task.json.gz", 817), ("truthfulqa", 790)],
)
def test_the_published_questions_are_asked_with_the_true_answer_in_no_fixed_place(put, name, questions):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    one = put(ClosedBook(convention="lm-eval"), load(name))
    assert len(one.cases) == 2 * questions
    first = sum(case.expected["true"] == 0 for case in one.cases) / len(one.cases)
    assert 0.1 < first < 0.3
    found = one.results(constant)
    assert found["mc1",].interval.value == pytest.approx(found["mc1",].null)
