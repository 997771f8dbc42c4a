from __future__ import annotations

from dataclasses import replace

from harness.canonical import from_json
from harness.plan_records import Plan
from harness.records import Better, CellStatus, Ruling, Verdict
from harness.report.overview import banner, untested, worst_finding


def plan_of(page):
    return from_json(Plan, page.evidence.run["plan"])


def test_the_word_of_the_verdict_is_not_said_twice():
    told = banner(Verdict(Ruling.INCONCLUSIVE, "Not enough evidence: a.b/c on d could be on either side.", ()))
    assert (told.key, told.word) == ("inconclusive", "Not enough evidence")
    assert told.sentence == "a.b/c on d could be on either side."


def test_no_policy_is_an_answer():
    assert (banner(None).key, banner(None).word) == ("none", "No policy was set")


def test_a_broken_hard_limit_is_worse_than_a_soft_or_waived_one(calm):
    found = worst_finding(calm.evidence.verdict, calm.evidence.results, calm.cards)
    assert found.key == "fail"
    assert found.title == "Answer flips with the order on facts_mc"
    assert found.chosen == "Limit: at most 30 of 100. 1 other limit broken as well."
    assert found.link == "cell-3"


def test_a_waived_failure_is_the_worst_where_nothing_else_failed(calm):
    verdict = calm.evidence.verdict
    kept = tuple(gate for gate in verdict.gates if gate.waived or gate.ruling is not Ruling.FAIL)
    found = worst_finding(replace(verdict, gates=kept), calm.evidence.results, calm.cards)
    assert found.key == "waived"


def test_without_a_broken_limit_the_headline_furthest_from_harmless_is_worst(calm):
    found = worst_finding(None, calm.evidence.results, calm.cards)
    assert found.title == "Order of options on facts_mc"
    assert "about 43 of 100" in found.sentence


def test_a_probe_whose_control_failed_names_no_worst_finding(calm):
    pairs = calm.evidence.results[1]
    assert worst_finding(None, [pairs], calm.cards) is None
    sound = replace(pairs, controls=())
    assert worst_finding(None, [sound], calm.cards).link == "cell-1"


def test_a_number_better_than_its_reference_is_no_finding(calm):
    quiz = calm.evidence.results[0]
    good = tuple(
        replace(one, null=0.1) if one.metric.endswith("true") and not one.slice else one for one in quiz.results
    )
    assert worst_finding(None, [replace(quiz, results=good)], calm.cards) is None


def test_worse_than_guessing_is_a_finding(calm):
    quiz = calm.evidence.results[0]
    bad = tuple(
        replace(one, null=0.6) if one.metric.endswith("true") and not one.slice else one for one in quiz.results
    )
    assert worst_finding(None, [replace(quiz, results=bad)], calm.cards).metric == "hallucination.quiz/true"


def test_a_metric_whose_reference_depends_on_nothing_known_is_not_ranked(calm):
    order = calm.evidence.results[2]
    unknown = tuple(replace(one, null=None, better=Better.LOWER) for one in order.results)
    assert worst_finding(None, [replace(order, results=unknown)], calm.cards) is None


def test_what_was_not_tested_is_complete(calm):
    plan = plan_of(calm)
    told = untested(plan.cells, plan.data, calm.evidence.results, calm.cards)
    assert told.families == ("memorisation", "watermark")
    assert [probe for probe, _, _ in told.cells] == ["memorisation.canary"]
    assert told.broken == ("bias.pairs on facts_mc: a respondent that prefers the stereotype in seven of ten.",)
    assert told.absent == (("hallucination.quiz/free", "facts_mc", "this model is not asked to write"),)
    assert told.samples[0] == "hallucination.quiz: 120 of the 165 records of facts_mc were used."
    assert told.excluded == (
        "hallucination.quiz on facts_mc: 2 of 120 cases (1 refused, 1 unreadable).",
        "robustness.order on facts_mc: 9 of 150 cases (2 truncated, 7 failed).",
    )


def test_numbers_that_are_absent_for_one_reason_are_told_together(calm):
    quiz = calm.evidence.results[0]
    (free,) = [one for one in quiz.results if one.metric.endswith("free") and not one.slice]
    results = (*quiz.results, replace(free, metric="hallucination.quiz/more"), replace(free, reason="another reason"))
    told = untested([], [], [replace(quiz, results=results)], calm.cards).absent
    assert [(name, reason) for name, _, reason in told] == [
        ("hallucination.quiz/free and 1 more", "this model is not asked to write"),
        ("hallucination.quiz/free", "another reason"),
    ]


def test_a_family_whose_only_probe_does_not_fit_was_not_tested(calm):
    plan = plan_of(calm)
    cells = [replace(c, status=CellStatus.NOT_APPLICABLE) if c.probe == "bias.pairs" else c for c in plan.cells]
    assert "bias" in untested(cells, plan.data, (), calm.cards).families


def test_a_sample_of_training_data_is_told_by_the_setting_since_probes_count_in_their_own_ways(calm):
    plan = plan_of(calm)
    cells = [replace(cell, dataset="training", items=100) for cell in plan.cells[:1]]
    data = [replace(plan.data[0], name="training")]
    told = untested(cells, data, (), calm.cards).samples
    assert told == ("hallucination.quiz: a sample of the 165 records of its training data (items = 100).",)


def test_all_records_used_is_no_sample(calm):
    plan = plan_of(calm)
    cells = [replace(cell, items=165) for cell in plan.cells]
    assert untested(cells, plan.data, (), calm.cards).samples == ()
