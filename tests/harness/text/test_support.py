"""What a source bears out, denies, or says nothing of."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.support import MOST_SENTENCES, sentences_of, support

ANY = st.text(st.characters(), max_size=200)
SOURCE = (
    "Edda Varrick kept the lamp on Tolme Rock for twenty-six years, from 1897 until her sight began to fail. Eleven of"
    " her notebooks survive; a plumber, Josef Lindqvard, found them in 1954. Most of the pages are dry. She never"
    " married."
)


@pytest.mark.parametrize(
    ("claim", "question"),
    [
        ("She never married.", ""),
        ("Edda Varrick kept the lamp on Tolme Rock for 26 years.", ""),
        ("The lamp on Tolme Rock was kept by Edda Varrick.", ""),
        ("A plumber found the notebooks in 1954, and eleven survive.", ""),
        ("Josef Lindqvard", "Who found her notebooks?"),
        ("26", "How long was the lamp kept on Tolme Rock by Edda Varrick?"),
    ],
)
def test_what_the_source_says_is_supported(claim, question):
    found = support(SOURCE, claim, question=question)
    assert (found.supported, found.contradicted) == (True, False), found.rule


@pytest.mark.parametrize(
    ("claim", "question"),
    [
        ("Edda Varrick kept the lamp on Tolme Rock for 27 years.", ""),
        ("Edda Varrick did not keep the lamp on Tolme Rock for twenty-six years.", ""),
        ("A plumber, Tobiah Renn, found the notebooks in 1954.", ""),
        ("Most of the pages are wet.", ""),
        ("A plumber found twelve of her notebooks.", ""),
    ],
)
def test_a_changed_number_name_negation_or_opposite_is_contradicted(claim, question):
    found = support(SOURCE, claim, question=question)
    assert (found.supported, found.contradicted) == (False, True), found.rule


@pytest.mark.parametrize(
    ("claim", "question"),
    [
        ("The tower in the harbour was painted brown.", ""),
        ("Josef Lindqvard", "Who bought the telescope at the auction in spring?"),
        ("", ""),
        ("of the", ""),
        ("...", "Who found her notebooks?"),
    ],
)
def test_what_the_source_does_not_speak_of_is_neither(claim, question):
    found = support(SOURCE, claim, question=question)
    assert (found.supported, found.contradicted) == (False, False), found.rule


def test_the_end_of_a_long_source_counts_as_much_as_its_beginning():
    long = " ".join(f"Sheet {number} of the ledger is blank." for number in range(600)) + " " + SOURCE
    assert support(long, "Edda Varrick kept the lamp on Tolme Rock for 26 years.").supported
    assert support(long, "Edda Varrick kept the lamp on Tolme Rock for 27 years.").contradicted
    too_long = "A lamp. " * MOST_SENTENCES + SOURCE
    assert not support(too_long, "Josef Lindqvard, a plumber, found eleven notebooks.").supported


def test_sentences_end_where_a_reader_would_end_them():
    assert sentences_of("Mr. Renn left. He was 3.5 m tall! “Why?” No. 5 knows\nA line") == [
        "Mr. Renn left.",
        "He was 3.5 m tall!",
        "“Why?",
        "No. 5 knows",
        "A line",
    ]
    assert sentences_of(" \n ") == []


@given(ANY, ANY, ANY)
def test_any_claim_can_be_held_against_any_source_with_the_same_outcome_each_time(source, claim, question):
    found = support(source, claim, question=question)
    assert support(source, claim, question=question) == found
    assert not (found.supported and found.contradicted)
    assert isfinite(found.recall)
    assert 0 <= found.recall <= 1


def test_a_hundred_thousand_characters_are_searched_briskly(huge, briskly):
    assert isfinite(briskly(lambda: support(huge, "Paris is not a capital.", question="Is it?")).recall)
    assert isfinite(briskly(lambda: support(SOURCE, huge, question=huge)).recall)
    assert isfinite(briskly(lambda: support(huge, huge + "x")).recall)
