"""Judging: case by case, or the replies of one cluster together."""

from __future__ import annotations

import pytest

from harness.contracts.composed import ComparingProbe
from harness.errors import UsageError
from harness.judge import judge_cases, wanted_readings
from harness.records import Capability, Case, Finish, GenerateAsk, Outcome, Reading, Reply, Score
from harness.registry import Registry


def case(name, cluster):
    return Case(name, GenerateAsk(name), {}, {}, cluster)


CASES = [case("a1", "a"), case("b1", "b"), case("a2", "a"), case("c1", "c"), case("b2", "b")]
REPLIES = [Reply(Finish.STOP, text=text) for text in ("x", "y", "x", "z", "w")]


class Alone:
    """Scores each reply by its length."""

    card = Registry().create("probe", "hallucination.closed_book").card
    controls = None

    def cases(self, data, budget):
        return iter(CASES)

    def judge(self, case, reply, readings):
        return Score(Outcome.SCORED, {"length": float(len(reply.text))})

    def summarise(self, scores):
        return []


class Together(Alone):
    """Says of each reply how many of its cluster it equals, and lets every pair be read."""

    def judge(self, case, reply, readings):
        return self.judge_together([case], [reply], readings)[0]

    def compared(self, cases, replies):
        return [Reading("eye", one.text, other.text) for one in replies for other in replies if one is not other]

    def judge_together(self, cases, replies, readings):
        assert len({case.cluster for case in cases}) == 1
        texts = [reply.text for reply in replies]
        return [Score(Outcome.SCORED, {"alike": float(texts.count(text))}) for text in texts]


class Short(Together):
    """Gives one score too few."""

    def judge_together(self, cases, replies, readings):
        return super().judge_together(cases, replies, readings)[1:]


def test_a_probe_that_compares_gets_the_replies_of_one_cluster_at_a_time_and_scores_come_back_in_order():
    judged = judge_cases(Together(), CASES, REPLIES, {})
    assert [one.case for one in judged] == CASES
    assert [one.score.values["alike"] for one in judged] == [2, 1, 2, 1, 1]


def test_any_other_probe_is_asked_case_by_case():
    assert not isinstance(Alone(), ComparingProbe)
    assert [one.score.values["length"] for one in judge_cases(Alone(), CASES, REPLIES, {})] == [1] * 5


def test_what_is_to_be_read_are_pairs_within_clusters_only():
    wanted = list(wanted_readings(Together(), CASES, REPLIES))
    assert [(one.text, one.context) for one in wanted] == [("x", "x"), ("x", "x"), ("y", "w"), ("w", "y")]
    assert list(wanted_readings(Alone(), CASES, REPLIES)) == []


def test_scores_in_the_wrong_number_are_refused_by_name():
    with pytest.raises(UsageError, match=r"gave 1 scores for the 2 cases of 'a'"):
        judge_cases(Short(), CASES, REPLIES, {})


def test_closed_book_by_choice_wants_no_readings():
    probe = Registry().create("probe", "hallucination.closed_book")
    assert Capability.SCORE in probe.card.needs
    assert list(wanted_readings(probe, CASES[:1], [Reply(Finish.STOP)])) == []
