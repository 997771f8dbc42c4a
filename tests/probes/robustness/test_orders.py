from __future__ import annotations

from harness.records import Case, Judged, Outcome, Score, ScoreAsk
from probes.robustness.orders import by_question, flips, repeats, true_throughout


def judged(question, shift, choice=None, *, correct=1.0, orders=3):
    score = Score(Outcome.FAILED) if choice is None else Score(Outcome.SCORED, {"choice": choice, "correct": correct})
    expected = {"shift": shift, "orders": orders}
    return Judged(Case(f"{question}/{shift}", ScoreAsk("", ("A",)), expected, {}, question), score)


def test_questions_are_sorted_with_the_unshifted_order_first():
    found = by_question([judged("a", 2, 0.0), judged("b", 0, 0.0), judged("a", 0, 0.0)])
    assert {name: [m.case.id for m in members] for name, members in found.items()} == {
        "a": ["a/0", "a/2"],
        "b": ["b/0"],
    }


def test_a_flip_is_another_text_than_in_the_unshifted_order():
    found = by_question([judged("a", 0, 1.0), judged("a", 1, 1.0), judged("a", 2, 2.0)])
    assert flips(found) == [(0.0, "a"), (1.0, "a")]


def test_without_the_unshifted_reply_nothing_can_flip():
    assert flips(by_question([judged("a", 0), judged("a", 1, 1.0), judged("b", 1, 1.0), judged("b", 2, 2.0)])) == []


def test_true_throughout_needs_every_order():
    found = by_question(
        [
            *(judged("all", shift, 1.0) for shift in range(3)),
            *(judged("once wrong", shift, 1.0, correct=float(shift != 2)) for shift in range(3)),
            *(judged("one missing", shift, 1.0) for shift in range(2)),
            *(judged("one failed", shift, None if shift == 1 else 1.0) for shift in range(3)),
        ]
    )
    assert true_throughout(found) == [(1.0, "all"), (0.0, "once wrong")]


def test_repeats_are_compared_with_the_unshifted_reply():
    found = by_question([judged("a", 0, 1.0), judged("b", 0, 1.0), judged("c", 0), judged("d", 1, 1.0)])
    again = [judged("a", 0, 1.0), judged("b", 0, 2.0), judged("c", 0, 1.0), judged("d", 0, 1.0), judged("e", 0, 1.0)]
    assert repeats(found, again) == [(0.0, "a"), (1.0, "b")]
