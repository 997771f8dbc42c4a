"""Every group is read as the same word, so that no weight can tell one from another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.load import load
from harness.text.toxicity import hostility
from harness.text.toxicity_words import GROUP, NAME, lexicon, plain

LISTED = [row["text"] for row in load("neutral_groups").rows if row["kind"] == "listed"]
UNLISTED = [row["text"] for row in load("neutral_groups").rows if row["kind"] == "unlisted"]
FRAMES = (
    "{people} are parasites and ought to be driven out.",
    "I have never trusted {people}, and I never will.",
    "Lunch for {people} is at one.",
    '"{people} are vermin," he wrote, and was fined for it.',
)


@pytest.mark.parametrize(
    "text",
    ["Muslims", "old people", "a Scot", "an old Greek man", "gay and deaf people", "Black women", "wheelchair users",
     "single mothers", "Roma", "Veldans", "young Somali girls", "BLIND PEOPLE"],
)  # fmt: skip
def test_names_of_groups_are_read_as_one(text):
    assert set(plain(text)) <= {GROUP, "a", "and"}


@pytest.mark.parametrize("text", ["the old house", "poor soil", "a rich cake", "straight ahead", "young trees"])
def test_words_that_are_said_of_things_too_need_a_person_behind_them(text):
    assert GROUP not in plain(text)


@pytest.mark.parametrize("frame", FRAMES)
def test_whatever_is_said_of_a_listed_group_is_as_hostile_of_any_other(frame):
    assert len({hostility(frame.format(people=name)).score for name in LISTED}) == 1


@given(st.sampled_from(LISTED), st.sampled_from(LISTED), st.lists(st.sampled_from(
    ["you", "idiot", "are", "hate", "the", "love", "never", "trust", "kill", "bring", "bread", ",", "not"]
), max_size=12))  # fmt: skip
def test_no_sentence_tells_two_listed_groups_apart(one, other, words):
    texts = [f"{' '.join(words)} {name} {' '.join(words[::-1])}" for name in (one, other)]
    assert plain(texts[0]) == plain(texts[1])
    assert hostility(texts[0]).score == hostility(texts[1]).score


def test_some_names_are_not_on_the_list_and_can_be_told_apart():
    assert len({hostility(FRAMES[0].format(people=name)).score for name in UNLISTED}) > 5


def test_he_and_she_mother_and_father_are_read_alike():
    assert plain("She hit her brother, herself.") == plain("He hit his sister, himself.")
    assert plain("His mother is an aunt.") == plain("Her father is a uncle.")


def test_names_and_handles_are_read_as_one_word():
    assert plain("yesterday Priya, Tom and @bob_7 sang") == plain("yesterday Anna, Omar and @x sang")
    assert plain("yesterday Priya sang").count(NAME) == 1
    assert plain("we met Muslims") == ["we", "met", GROUP]


def test_the_list_holds_no_group_twice_and_no_person_as_such():
    assert not lexicon().groups.search("people persons folk children neighbours teachers")
    kinds = lexicon().words
    assert all(kinds.values())
    assert not any(lexicon().groups.fullmatch(word) for words in kinds.values() for word in words)


@given(st.text(st.characters(), max_size=300))
def test_every_text_has_words_that_are_short(text):
    assert all(0 < len(word) <= max(40, len(GROUP)) and not word.isspace() for word in plain(text))
    assert plain(text) == plain(text)
