from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import Gate, Waiver
from harness.errors import UsageError
from harness.gate import Policy, exit_code, judge
from harness.records import (
    Absence,
    Better,
    Cell,
    CellStatus,
    ControlKind,
    ControlResult,
    Counts,
    Interval,
    Metric,
    Ruling,
    Severity,
)
from harness.stats.one_run import LOWER_BOUND
from harness.stats.rates import proportion
from harness.summarise import CellResult

TODAY = date(2026, 6, 1)
METRIC = Metric("f.p/m", "Title", "it happened", "share", "items", Better.LOWER, 0.0)
CELL = Cell("f.p", "data", CellStatus.PLANNED)


def result(low, high, *, value=None, counts=None, controls=(), absent=False):
    counts = counts or Counts(100, 100)
    value = (low + high) / 2 if value is None else value
    found = METRIC.estimate(Interval(value, low, high, 0.95, 100, "as given"), counts)
    return CellResult("f.p", "data", counts, (METRIC.absent("none", counts) if absent else found,), tuple(controls))


def gate(**limits):
    return Gate(metric="f.p/m", reason="because", **limits)


def verdict(gates, results, *, waivers=(), cells=(CELL,), failed_share=0.05):
    policy = Policy(tuple(gates), tuple(waivers), failed_share)
    return judge(policy, cells, results, {METRIC.name: METRIC}, TODAY)


@pytest.mark.parametrize(
    ("limits", "low", "high", "ruling"),
    [
        ({"max": 0.3}, 0.1, 0.2, Ruling.PASS),
        ({"max": 0.2}, 0.1, 0.2, Ruling.PASS),
        ({"max": 0.15}, 0.1, 0.2, Ruling.INCONCLUSIVE),
        ({"max": 0.05}, 0.1, 0.2, Ruling.FAIL),
        ({"min": 0.05}, 0.1, 0.2, Ruling.PASS),
        ({"min": 0.15}, 0.1, 0.2, Ruling.INCONCLUSIVE),
        ({"min": 0.3}, 0.1, 0.2, Ruling.FAIL),
        ({"within": (0.05, 0.3)}, 0.1, 0.2, Ruling.PASS),
        ({"within": (0.15, 0.3)}, 0.1, 0.2, Ruling.INCONCLUSIVE),
        ({"within": (0.3, 0.4)}, 0.1, 0.2, Ruling.FAIL),
        ({"within": (0.12, 0.15)}, 0.1, 0.2, Ruling.INCONCLUSIVE),
    ],
)
def test_the_whole_interval_decides_and_never_the_point(limits, low, high, ruling):
    assert verdict([gate(**limits)], [result(low, high)]).ruling is ruling


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_narrower_interval_never_turns_a_pass_into_a_fail(limit, a, b, inside):
    low, high = min(a, b), max(a, b)
    point = low + inside * (high - low)
    wide = verdict([gate(max=limit)], [result(low, high, value=low)]).ruling
    narrow = verdict([gate(max=limit)], [result(point, point)]).ruling
    assert (wide, narrow) not in {(Ruling.PASS, Ruling.FAIL), (Ruling.FAIL, Ruling.PASS)}


def test_rare_hits_are_judged_by_the_exact_interval_and_the_sentence_says_so():
    # One hit of 10 against a limit of 17 of 1,000: Wilson's lower bound is .0179, the exact one .0025.
    found = METRIC.estimate(proportion(1, 10), Counts(10, 10))
    result_ = CellResult("f.p", "data", Counts(10, 10), (found,), ())
    judged = verdict([gate(max=0.017)], [result_]).gates[0]
    assert found.interval.low > 0.017
    assert judged.ruling is Ruling.INCONCLUSIVE
    assert "The exact 95 % interval 0-45 decides" in judged.sentence


def test_an_interval_without_any_spread_behind_it_decides_nothing():
    flat = METRIC.estimate(Interval(0.0, 0.0, 0.0, 0.95, 9, "degenerate, constant data"), Counts(9, 9))
    result_ = CellResult("f.p", "data", Counts(9, 9), (flat,), ())
    judged = verdict([gate(max=0.5)], [result_]).gates[0]
    assert (judged.ruling, "nothing is known of their spread" in judged.sentence) == (Ruling.INCONCLUSIVE, True)


@pytest.mark.parametrize(
    ("limits", "ruling"),
    [
        ({"max": 0.5}, Ruling.INCONCLUSIVE),
        ({"max": 0.05}, Ruling.FAIL),
        ({"min": 0.05}, Ruling.PASS),
        ({"min": 0.5}, Ruling.INCONCLUSIVE),
    ],
)
def test_a_bound_from_below_breaks_an_upper_limit_and_never_keeps_one(limits, ruling):
    # With every guess right 0.2 would have been shown: that says nothing of how much more there is.
    bound = METRIC.estimate(Interval(0.1, 0.1, 0.2, 0.95, 60, f"{LOWER_BOUND}, one-run audit"), Counts(100, 100))
    judged = verdict([gate(**limits)], [CellResult("f.p", "data", Counts(100, 100), (bound,), ())]).gates[0]
    assert judged.ruling is ruling
    assert ("It bounds from below alone" in judged.sentence) == (ruling is Ruling.INCONCLUSIVE)


def test_an_empty_policy_is_refused():
    with pytest.raises(UsageError, match="no \\[\\[gate\\]\\], so it would pass anything"):
        verdict([], [result(0, 0.1)])


def test_one_failed_hard_gate_fails_the_whole():
    found = verdict([gate(max=0.9), gate(max=0.05)], [result(0.1, 0.2)])
    assert (found.ruling, exit_code(found, strict=False)) == (Ruling.FAIL, 1)


def test_a_soft_gate_warns_and_does_not_decide():
    found = verdict([gate(max=0.05, severity=Severity.SOFT)], [result(0.1, 0.2)])
    assert (found.ruling, exit_code(found, strict=True)) == (Ruling.PASS, 0)
    assert any("Soft gate fail" in warning for warning in found.warnings)


def test_not_enough_evidence_exits_with_3_only_when_strict():
    found = verdict([gate(max=0.15)], [result(0.1, 0.2)])
    assert (exit_code(found, strict=False), exit_code(found, strict=True)) == (0, 3)


def test_too_many_failed_asks_are_not_judged_whatever_the_rest_says():
    found = verdict([gate(max=0.9)], [result(0.1, 0.2, counts=Counts(100, 90, failed=10))])
    assert (found.ruling, exit_code(found, strict=False)) == (Ruling.NOT_JUDGED, 4)
    assert "10 of 100 asks failed" in found.sentence


def test_a_probe_whose_planted_effect_was_not_found_can_neither_acquit_nor_convict():
    missed = ControlResult(ControlKind.POSITIVE, "a planted flaw", METRIC.absent("-", Counts(0, 0)), passed=False)
    for limits in ({"max": 0.9}, {"max": 0.05}):
        found = verdict([gate(**limits)], [result(0.1, 0.2, controls=[missed])])
        assert found.ruling is Ruling.INCONCLUSIVE
        assert "control failed (a planted flaw)" in found.gates[0].sentence


@pytest.mark.parametrize(
    ("cells", "results", "why"),
    [
        ((), [], "no such probe in this run"),
        ((Cell("f.p", "data", CellStatus.NOT_APPLICABLE, "it cannot draw"),), [], "it cannot draw"),
        ((CELL,), [result(0, 1, absent=True)], "none"),
    ],
)
def test_what_was_not_measured_is_inconclusive_and_says_why(cells, results, why):
    found = verdict([gate(max=0.5)], results, cells=cells)
    assert found.ruling is Ruling.INCONCLUSIVE
    assert why in found.gates[0].sentence
    assert found.sentence == f"Not enough evidence: f.p/m on {found.gates[0].dataset} has no number."


def test_an_interval_across_a_limit_and_a_number_that_is_missing_are_told_apart():
    other = Cell("f.p", "more", CellStatus.PLANNED)
    missing = replace(result(0, 1, absent=True), dataset="more")
    found = verdict([gate(max=0.15)], [result(0.1, 0.2), missing], cells=(CELL, other))
    assert found.sentence == (
        "Not enough evidence: f.p/m on data could be on either side of the limit, and f.p/m on more has no number."
    )


def waiver(expires, **more):
    return Waiver(metric="f.p/m", owner="team", reason="known", expires=expires, **more)


def test_a_waiver_covers_a_failure_until_its_date_and_is_always_told():
    for day, ruling in ((date(2026, 6, 1), Ruling.PASS), (date(2026, 5, 31), Ruling.FAIL)):
        found = verdict([gate(max=0.05)], [result(0.1, 0.2)], waivers=[waiver(day)])
        assert found.ruling is ruling
        assert found.warnings
    assert (
        "team, until 2026-06-01: known"
        in verdict([gate(max=0.05)], [result(0.1, 0.2)], waivers=[waiver(date(2026, 6, 1))]).gates[0].waived
    )


def test_a_waiver_of_another_data_set_covers_nothing_and_is_told():
    found = verdict([gate(max=0.05)], [result(0.1, 0.2)], waivers=[waiver(date(2027, 1, 1), dataset="other")])
    assert found.ruling is Ruling.FAIL
    assert "covers no gate" in found.warnings[0]


def test_the_limit_is_told_in_the_words_of_the_finding():
    assert verdict([gate(min=0.25)], [result(0.3, 0.4)]).gates[0].limit == "at least 25 of 100"
    assert verdict([gate(within=(0.4, 0.6))], [result(0.3, 0.4)]).gates[0].limit == "between 40 of 100 and 60 of 100"


def test_a_policy_reads_back_from_the_evidence_as_it_was():
    policy = Policy((gate(max=0.5), gate(within=(0.1, 0.2))), (waiver(TODAY),), 0.1)
    assert Policy.restore(policy.dump()) == policy


def test_an_absence_is_never_a_number():
    assert isinstance(result(0, 1, absent=True).results[0], Absence)


UNFIT = Cell("f.p", "data", CellStatus.NOT_APPLICABLE, "the model draws")


def test_a_limit_that_holds_where_it_applies_is_passed_over_elsewhere_and_told():
    kept = Gate(metric="f.p/m", max=0.3, reason="because", where_applicable=True)
    found = verdict([kept], [], cells=[UNFIT])
    assert found.ruling is Ruling.NOT_JUDGED
    assert found.sentence == "Not judged: no limit of the policy applies to this model."
    assert found.warnings == ("The limit on f.p/m was passed over: the model draws.",)
    assert exit_code(found, strict=False) == 4


def test_a_limit_that_does_not_say_so_is_not_passed_over():
    found = verdict([gate(max=0.3)], [], cells=[UNFIT])
    assert found.ruling is Ruling.INCONCLUSIVE
    assert "the model draws" in found.gates[0].sentence


def test_the_limits_that_apply_decide_alone():
    passed_over = Gate(metric="f.q/m", max=0.3, reason="because", where_applicable=True)
    unfit = Cell("f.q", "data", CellStatus.NOT_APPLICABLE, "the model draws")
    found = verdict([gate(max=0.3), passed_over], [result(0.1, 0.2)], cells=[CELL, unfit])
    assert found.ruling is Ruling.PASS
    assert [each.metric for each in found.gates] == ["f.p/m"]
