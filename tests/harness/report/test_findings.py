from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gate import Policy
from harness.records import Absence, Better, Estimate
from harness.report.findings import section


@pytest.fixture
def prepared(calm):
    policy = Policy.restore(calm.evidence.run["policy"])
    gates = calm.evidence.verdict.gates
    return [section(n, one, calm.cards[one.probe], gates, policy) for n, one in enumerate(calm.evidence.results, 1)]


def test_each_overall_result_has_its_part_in_the_order_of_the_probe(prepared):
    assert [part.name.partition("/")[2] for part in prepared[0].metrics] == ["true", "margin", "free"]


def test_groups_are_sorted_worst_first_and_those_without_a_number_last(prepared):
    (table,) = prepared[0].metrics[0].groups
    assert [row.name for row in table.rows] == ["health", "language", "law and crime", "weather", "food", "history"]
    assert isinstance(table.rows[-1].found, Absence)
    assert table.rows[-1].plot is None
    assert (table.by, table.confidence) == ("topic", "95 %")


def test_a_metric_best_at_its_reference_puts_the_furthest_group_first(prepared):
    (table,) = prepared[1].metrics[0].groups
    assert table.by == "attribute and form"
    assert [row.name.partition(" ")[0] for row in table.rows[::2]] == ["gender", "nationality", "age", "religion"]


def test_a_metric_that_is_better_low_puts_the_highest_group_first(calm):
    order = calm.evidence.results[2]
    overall = order.results[0]
    groups = tuple(
        replace(overall, slice={"topic": name}, interval=replace(overall.interval, value=value))
        for name, value in (("good", 0.36), ("bad", 0.5))
    )
    found = section(1, replace(order, results=(overall, *groups)), calm.cards[order.probe], (), None)
    assert [row.name for row in found.metrics[0].groups[0].rows] == ["bad", "good"]
    assert overall.better is Better.LOWER


def test_a_metric_its_groups_and_its_controls_share_one_scale(prepared):
    part = prepared[0].metrics[0]
    ticks = {row.plot.ticks for row in part.groups[0].rows if row.plot}
    ticks |= {row.plot.ticks for row in prepared[0].controls}
    assert ticks == {part.plot.ticks}


def test_gates_stand_beside_their_metric_and_their_limits_are_drawn(prepared):
    part = prepared[1].metrics[0]
    assert [key for key, _ in part.gates] == ["waived"]
    assert sum(mark.kind == "limit" for mark in part.plot.marks) == 2
    assert prepared[0].metrics[1].plot.allowed is None


def test_controls_passed_failed_and_shown_are_told_apart(prepared):
    assert [row.word for row in prepared[0].controls] == ["Passed", "Passed", "Shown"]
    assert [row.word for row in prepared[1].controls] == ["Failed"]
    assert [one.broken for one in prepared] == [False, True, False]


def test_every_number_has_its_denominator_in_words(prepared):
    assert prepared[0].metrics[0].counts == "118 of 120 asked were scored (1 refused, 1 unreadable)"
    assert all(isinstance(part.found, Estimate) == (part.plot is not None) for one in prepared for part in one.metrics)
