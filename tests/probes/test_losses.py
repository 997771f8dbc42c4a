"""Losses as the probes of membership read them."""

from __future__ import annotations

import pytest

from harness.records import Case, Finish, Judged, LossAsk, Outcome, Reply
from probes.losses import Scores, one_of_each, read_scores, seen_by, shuffled, told


def judged(name, losses, seen):
    case = Case(name, LossAsk(name), {"references": seen}, {}, name)
    return Judged(case, read_scores(told(*losses), len(seen)))


def test_a_score_is_minus_a_loss_for_the_model_and_each_reference():
    score = read_scores(told(3.0, [1.0, -2.0]), 2)
    assert score.values == {"score": -3.0, "reference/0": -1.0, "reference/1": 2.0}
    assert read_scores(told(3.0, [1.0]), 0).values == {"score": -3.0}


@pytest.mark.parametrize(
    ("reply", "references", "outcome"),
    [
        (told(1.0), 1, Outcome.UNREADABLE),
        (told(float("inf")), 0, Outcome.UNREADABLE),
        (told(1.0, [float("nan")]), 1, Outcome.UNREADABLE),
        (Reply(Finish.STOP), 0, Outcome.UNREADABLE),
        (Reply(Finish.FAILED, error="no record"), 0, Outcome.FAILED),
        (Reply(Finish.REFUSED), 0, Outcome.REFUSED),
    ],
)
def test_what_is_no_number_is_no_score(reply, references, outcome):
    score = read_scores(reply, references)
    assert score.outcome is outcome
    assert score.note


def test_one_record_of_each_unit_is_taken_the_first():
    rows = [{"record": name, "unit": name[0]} for name in ("b1", "a1", "b2", "c1", "a2")]
    assert [row["record"] for row in one_of_each(rows)] == ["b1", "a1", "c1"]


def test_rows_say_which_references_saw_them():
    assert seen_by({"references": [True, False]}) == [True, False]
    assert seen_by({"references": None}) == seen_by({}) == []


def test_scores_are_gathered_as_tables_without_what_was_not_scored():
    cases = [
        judged("a", (1.0, [2.0, 3.0]), [True, False]),
        judged("b", (float("nan"), [1.0, 1.0]), [True, True]),
        judged("c", (4.0, [5.0, 6.0]), [False, True]),
    ]
    scores = Scores.of(cases)
    assert [its.case.id for its in scores.judged] == ["a", "c"]
    assert scores.own.tolist() == [-1, -4]
    assert scores.references.tolist() == [[-2, -3], [-5, -6]]
    assert scores.inside.tolist() == [[True, False], [False, True]]
    rest = scores.take(scores.inside[:, 0])
    assert ([its.case.id for its in rest.judged], rest.references.tolist()) == (["a"], [[-2, -3]])


def test_scores_are_levelled_by_what_their_model_gives_to_others():
    level = Scores.of([judged("a", (1.0, [2.0]), [True]), judged("b", (3.0, [6.0]), [False])])
    found = Scores.of([judged("c", (5.0, [5.0]), [True])]).levelled(level)
    assert (found.own.tolist(), found.references.tolist()) == ([-3.0], [[-1.0]])
    none = Scores.of([])
    assert none.levelled(none).own.tolist() == []
    assert level.levelled(none).own.tolist() == [-1.0, -3.0]


def test_without_references_or_without_cases_the_tables_are_empty():
    assert Scores.of([judged("a", (1.0,), [])]).references.shape == (1, 0)
    assert Scores.of([]).inside.shape == (0, 0)


def test_the_order_depends_on_names_alone():
    cases = [judged(name, (1.0,), []) for name in "abcdefgh"]
    assert shuffled(cases) == shuffled(cases[::-1])
    assert shuffled(cases) != cases
