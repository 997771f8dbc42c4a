"""SelfCheckGPT with single words: the known values, and sentences cut by rules alone."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.selfcheck import selfcheck, split_sentences

LAKE = "The lake froze in 1901. It thawed in 1902."


def test_scores_are_those_of_the_worked_example():
    found = selfcheck(LAKE, ["The lake froze in 1901. It thawed in 1903.", "The lake froze in 1911."])
    assert found.words == 28
    assert [its.text for its in found.sentences] == ["The lake froze in 1901.", "It thawed in 1902."]
    assert [its.mean for its in found.sentences] == pytest.approx([2.130895, 2.411170], abs=1e-6)
    assert [its.most for its in found.sentences] == pytest.approx([2.639057, 3.332205], abs=1e-6)
    assert found.mean == pytest.approx(2.258293, abs=1e-6)
    assert found.most == pytest.approx(2.985631, abs=1e-6)


def test_a_sentence_that_samples_do_not_repeat_scores_highest():
    found = selfcheck("It froze in May. Whales sang.", ["It froze in May. Ice came.", "It froze in May. Snow fell."])
    assert found.sentences[1].mean > found.sentences[0].mean


def test_case_makes_no_difference():
    shouted = selfcheck(LAKE.upper(), [LAKE])
    assert (shouted.mean, shouted.most) == (selfcheck(LAKE, [LAKE]).mean, selfcheck(LAKE, [LAKE]).most)


@given(st.text(alphabet="aB .!?\n'\"é1…", min_size=1, max_size=60).filter(str.strip), st.lists(st.text(), min_size=1))
def test_scores_are_finite_whatever_the_samples_say(passage, samples):
    found = selfcheck(passage, samples)
    assert all(0 <= its.mean <= its.most <= log(found.words) + 1e-9 for its in found.sentences)


def test_a_check_needs_words_and_samples():
    for passage, samples in ((" ", ["a"]), ("a", [])):
        with pytest.raises(ValueError, match="a passage with words and at least one sample"):
            selfcheck(passage, samples)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It cost 3.5 euros. 2 were left.", ["It cost 3.5 euros.", "2 were left."]),
        ("Dr. Smith met J. S. Bach. They sang.", ["Dr. Smith met J. S. Bach.", "They sang."]),
        ('"Go!" She went… Later (much later.) Rain fell.', ['"Go!"', "She went…", "Later (much later.)", "Rain fell."]),
        ("He paused... and went on. Done.", ["He paused... and went on.", "Done."]),
        ("A title\nA line. Another\n\n", ["A title", "A line.", "Another"]),
        ("No. 5 is e.g. U.S. Steel.", ["No. 5 is e.g. U.S. Steel."]),
        ("Ends. Él llegó.", ["Ends.", "Él llegó."]),
        ("", []),
    ],
)
def test_sentences_are_cut_by_the_stated_rules(text, sentences):
    assert split_sentences(text) == sentences


@given(st.text(max_size=80))
def test_nothing_but_white_space_is_lost_between_sentences(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
