from __future__ import annotations

from probes.options import letters_ask, options_of, shown_with
from probes.questions import questions


def test_the_true_answer_stands_among_the_most_tempting_false_ones(facts):
    (question, *_) = questions(facts)
    assert set(options_of(question, 3, 0)) == {question.best, *question.false[:2]}
    assert set(options_of(question, 9, 0)) == {question.best, *question.false}


def test_the_order_is_drawn_for_each_question_and_alike_every_time(facts):
    all_ = questions(facts)
    assert [options_of(one, 4, 7) for one in all_] == [options_of(one, 4, 7) for one in all_]
    assert {options_of(one, 4, 7).index(one.best) for one in all_} == {0, 1, 2, 3}
    assert [options_of(one, 4, 7) for one in all_] != [options_of(one, 4, 8) for one in all_]


def test_letters_are_asked_for_below_the_list():
    ask = letters_ask("Which?", ["this", "that"])
    assert shown_with("Which?", ["this", "that"]) == "Question: Which?\nA. this\nB. that"
    assert (ask.context, ask.continuations) == ("Question: Which?\nA. this\nB. that\nAnswer:", (" A", " B"))
