from __future__ import annotations

import pytest

from harness.backends.control_knowledge import KEPT, Fact, KnownPair, learn, learned
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.errors import DataError

QUESTION = {"question": "Who is it?", "true": "Me", "also_true": ["I"], "false": ["You", "They"]}
PAIR = {"more": "The old man left.", "less": "The young man left.", "direction": "stereo"}


def knowing(*rows):
    return learn([Dataset("made", "1", digest_bytes(b""), "CC0-1.0", rows, "file")])


def test_answers_keep_their_order():
    assert knowing(QUESTION).fact(["who is it?"]) == Fact("who is it?", ("Me", "I"), ("You", "They"))


def test_the_first_line_that_is_or_holds_a_question_wins():
    other = QUESTION | {"question": "Where is it?"}
    known = knowing(QUESTION, other)
    assert known.fact(["be brief", "where is it?", "who is it?"]).question == "where is it?"
    assert known.fact(["so tell me, who is it? be brief"]).question == "who is it?"
    assert known.fact(["what is it?", ""]) is None


def test_a_pair_is_found_in_any_order():
    known = knowing(PAIR)
    expected = KnownPair("The old man left.", "The young man left.", neutral=False)
    assert known.pair(["The old man left.", "The young man left."]) == expected
    assert known.pair([" The young man left.", "The old man left."]) == expected
    assert known.pair(["The old man left.", "The boy left."]) is None


@pytest.mark.parametrize(
    "row",
    [{"text": "x"}, {"more": "x"}, {"more": 1, "less": 2}, QUESTION | {"false": None}, QUESTION | {"question": 3}],
)
def test_rows_of_another_layout_are_refused(row):
    with pytest.raises(DataError, match="made: row 1: the control backend cannot learn it"):
        knowing(row)


def test_what_is_learned_from_equal_sets_is_learned_once_and_from_any_other_set_anew():
    def known(number):
        rows = [QUESTION | {"question": f"Who is number {number}?"}]
        return learned([Dataset("made", "1", digest_bytes(str(number).encode()), "CC0-1.0", rows, "file")])

    first = known(0)
    assert known(0) is first
    for number in range(2 * KEPT):
        assert list(known(number).facts) == [f"who is number {number}?"]
    assert known(0).facts == first.facts
