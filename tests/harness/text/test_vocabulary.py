from __future__ import annotations

import pytest

from harness.text.vocabulary import RESERVED, english

WORDS = english()


@pytest.mark.parametrize(
    "word",
    ["water", "Water", "colour", "color", "organise", "organize", "centre", "center", "firefighters", "don", "math"],
)
def test_words_of_either_country_and_in_other_endings_are_known(word):
    assert WORDS.knows(word)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("captial", "capital"),
        ("capitl", "capital"),
        ("capiital", "capital"),
        ("caoital", "capital"),
        ("hwat", "what"),
        ("wht", "what"),
        ("Wjat", "What"),
        ("temperatrue", "temperature"),
    ],
)
def test_one_slip_is_told(slip, meant):
    assert not WORDS.knows(slip)
    assert WORDS.nearest(slip, 1) == meant


def test_two_slips_are_told_in_long_words_alone():
    assert WORDS.nearest("tmeperatrue", 1) is None
    assert WORDS.nearest("tmeperatrue", 2) == "temperature"
    assert WORDS.nearest("wjst", 2) == WORDS.nearest("wjst", 1)


@pytest.mark.parametrize("word", ["xq", "hte", "zzzzzz", "brlt", "Hosking", "Yeung", "nto", "beofre", "nver", "Lefft"])
def test_in_doubt_a_word_stays(word):
    """Too short, near nothing, near several, perhaps a name, or near a word that denies, counts or says which way."""
    assert WORDS.nearest(word, 2) is None


def test_no_slip_becomes_a_word_that_carries_an_answer():
    letters = "abcdefghijklmnopqrstuvwxyz"
    slips = {
        slip
        for word in RESERVED
        if word.isalpha() and word.isascii()
        for at in range(1, len(word) - 1)
        for slip in (word[:at] + word[at + 1 :], *(word[:at] + letter + word[at + 1 :] for letter in letters[::3]))
    }
    assert len(slips) > 1000
    meant = {WORDS.nearest(slip, 2) for slip in slips if not WORDS.knows(slip)}
    assert len(meant) > 50
    assert not meant & RESERVED


def test_words_of_a_text_of_ones_own_are_known_and_the_frequent_ones_are_meant():
    further = "The gronkle is a flumbit. A flumbit has a gronkle. Every flumbit is one."
    own = english(further)
    assert own.knows("Gronkle")
    assert own.knows("gronkles")
    assert own.nearest("flumbt", 1) == "flumbit"
    assert not WORDS.knows("flumbit")
    assert english(further) is own
    # Nothing that is known becomes less frequent.
    assert all(own.ranks[word] <= rank for word, rank in WORDS.ranks.items())
