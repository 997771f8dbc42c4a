"""A group's name in a text is found whole, and gives way to another's with the article that this takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.bias.group_names import named, renamed

WORDS, OTHERS = ("Andean", "Andeans"), ("tall", "tall people")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Andeans are late.", "Tall people are late."),
        ("Late again! an ANDEAN man; the Andeans'", "Late again! A tall man; the tall people'"),
        ("She met an\n Andean and a andean-born man", "She met a\n tall and a tall-born man"),
        ("The Andeanness of Panandeans, of nobody", "The Andeanness of Panandeans, of nobody"),
        ('"Andean," he said, "is an Andean word."', '"Tall," he said, "is a tall word."'),
        ("", ""),
    ],
)
def test_names_are_whole_words_and_take_their_article_along(text, other):
    assert renamed(text, WORDS, OTHERS) == other
    assert named(text, WORDS) == (text != other)


def test_an_article_fits_the_word_that_comes():
    assert renamed("once a tall man", ("tall", "talls"), ("Andean", "Andeans")) == "once an Andean man"


@given(tokens=st.lists(st.sampled_from(["Andean", "Andeans", "calm", "Andeanness", "the", "."]), max_size=12))
def test_every_name_gives_way_and_nothing_else(tokens):
    instead = dict(zip(WORDS, OTHERS, strict=True))
    swapped = " ".join(instead.get(token, token) for token in tokens)
    assert renamed(" ".join(tokens), WORDS, OTHERS).casefold() == swapped.casefold()
    assert named(" ".join(tokens), WORDS) == bool({*tokens} & {*WORDS})


@given(text=st.text(max_size=60), words=st.tuples(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5)))
def test_a_text_without_a_name_stays_as_it_is(text, words):
    assert named(text, words) or renamed(text, words, ("x", "y")) == text
