from __future__ import annotations

import pytest

from harness.records import Absence, Better, Case, Counts, Estimate, Judged, Metric, Outcome, Score, ScoreAsk
from probes.summaries import by_group, mean_of, share_of, share_of_units, tally

METRIC = Metric("f.p/m", "M", "it did", "share", "questions", Better.HIGHER, null=0.5)


def judged(value=None, *, cluster="", groups=None, outcome=Outcome.SCORED, number=0):
    score = Score(outcome) if value is None else Score(Outcome.SCORED, {"v": value})
    return Judged(Case(f"c{number}", ScoreAsk("", ("x",)), {}, groups or {}, cluster or f"c{number}"), score)


def many(values, **more):
    return [judged(value, number=number, **more) for number, value in enumerate(values)]


def test_outcomes_are_counted():
    cases = [judged(1.0), *(judged(outcome=outcome) for outcome in Outcome if outcome is not Outcome.SCORED)]
    assert tally(cases) == Counts(5, 1, 1, 1, 1, 1)


def test_a_share_of_independent_cases_is_wilsons():
    estimate = share_of(METRIC, [*many([1.0] * 5 + [0.0] * 5), judged(outcome=Outcome.REFUSED, number=99)], "v")
    assert isinstance(estimate, Estimate)
    assert (estimate.interval.value, estimate.interval.method, estimate.interval.n) == (0.5, "wilson", 10)
    assert (estimate.counts.asked, estimate.counts.refused, estimate.null) == (11, 1, 0.5)


def test_cases_of_one_cluster_are_one_unit():
    estimate = share_of(METRIC, [*many([1.0] * 5, cluster="a"), *many([0.0] * 5, cluster="b")], "v")
    assert isinstance(estimate, Estimate)
    assert (estimate.interval.n, estimate.interval.method) == (2, "wilson, clustered")


def test_the_null_may_differ_from_case_to_case():
    nulls = {"c0": 0.5, "c1": 0.25, "c2": 9.0}
    estimate = share_of(
        METRIC, [*many([1.0, 0.0]), judged(outcome=Outcome.FAILED, number=2)], "v", null=lambda case: nulls[case.id]
    )
    assert isinstance(estimate, Estimate)
    assert estimate.null == 0.375


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ([], "no case was asked for it"),
        ([judged(outcome=Outcome.FAILED)], "none of 1 cases gave a value for it: 1 failed"),
        ([judged(1.0, number=3)], "none of 1 cases gave a value for it"),
    ],
)
def test_no_value_is_an_absence_with_its_reason(cases, reason):
    for result in (share_of(METRIC, cases, "w"), mean_of(METRIC, cases, "w"), share_of_units(METRIC, [], tally(cases))):
        assert isinstance(result, Absence)
        assert result.reason == reason
        assert result.counts.asked == len(cases)


def test_a_mean_is_bootstrapped_with_a_seed_from_its_name():
    cases = many([number / 40 for number in range(40)])
    first, again = mean_of(METRIC, cases, "v"), mean_of(METRIC, cases, "v")
    assert isinstance(first, Estimate)
    assert first == again
    assert first.interval.method == "bca bootstrap"


def test_a_mean_of_clusters_is_clustered():
    cases = [judged(float(number), number=number, cluster=f"k{number // 2}") for number in range(10)]
    estimate = mean_of(METRIC, cases, "v")
    assert isinstance(estimate, Estimate)
    assert (estimate.interval.n, estimate.interval.method) == (5, "student t, clustered")


def test_one_independent_case_has_no_interval_of_its_mean():
    assert isinstance(mean_of(METRIC, many([1.0]), "v"), Absence)
    assert isinstance(mean_of(METRIC, many([0.2, 0.4], cluster="a"), "v", bounds=(0, 1)), Absence)
    assert isinstance(mean_of(METRIC, many([0.2]), "v", bounds=(0, 1)), Estimate)


def test_groups_are_sorted_and_leave_out_cases_without_the_label():
    cases = [judged(1.0, groups={"t": "b"}), judged(1.0, groups={"t": "a"}), judged(1.0)]
    assert {name: len(members) for name, members in by_group(cases, "t").items()} == {"a": 1, "b": 1}
    assert list(by_group(cases, "t")) == ["a", "b"]
