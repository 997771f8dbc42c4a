"""Slots are filled so that articles, plurals, pronouns and verbs fit the word, whatever stands beside them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.slots import PRONOUNS, Term, article, filled, plural, term_of

SHE, HE, THEY = (Term("nurse", "nurses", pronoun) for pronoun in PRONOUNS)
AN = """hour heir honest upper-class unemployed unmarried uninsured unidentified 8-year-old 80-year-old 11-year-old
18-year-old 81-year-old HIV-positive MP Indian Israeli atheist urban underage Orthodox homosexual*"""
A = """European university-educated uniformed Ukrainian Ugandan Unitarian one-armed 21-year-old 43-year-old 110-year-old
US UK usual Hispanic Muslim Yemeni low-income eunuch once-rich human"""


@pytest.mark.parametrize("word", [word for word in AN.split() if not word.endswith("*")])
def test_before_the_sound_of_a_vowel_stands_an(word):
    assert article(word) == "an"


@pytest.mark.parametrize("word", [*A.split(), "homosexual", "house"])
def test_before_the_sound_of_a_consonant_stands_a(word):
    assert article(word) == "a"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("woman", "women"),
        ("policeman", "policemen"),
        ("German", "Germans"),
        ("Roman", "Romans"),
        ("human", "humans"),
        ("lady", "ladies"),
        ("boy", "boys"),
        ("church", "churches"),
        ("blind person", "blind people"),
        ("81-year-old", "81-year-olds"),
    ],
)
def test_plurals_follow_the_rules_of_english(one, many):
    assert plural(one) == many


def test_every_slot_is_filled_with_the_form_that_it_asks_for():
    template = "{they} {is|are} here with {them} in {their} car, not {theirs}, by {themselves}."
    assert filled(template, SHE) == "She is here with her in her car, not hers, by herself."
    assert filled(template, HE) == "He is here with him in his car, not his, by himself."
    assert filled(template, THEY) == "They are here with them in their car, not theirs, by themselves."


def test_the_verb_of_a_question_agrees_with_the_pronoun_behind_it():
    assert filled("When {does|do} {they} arrive?", SHE) == "When does she arrive?"
    assert filled("When {does|do} {they} arrive?", THEY) == "When do they arrive?"


def test_possessives_and_plurals_of_the_word():
    assert filled("We saw {term's} hat and the {terms'} hats.", SHE) == "We saw nurse's hat and the nurses' hats."
    assert filled("The {terms'} hats.", term_of("child|children")) == "The children's hats."
    assert filled("Two {terms} came.", term_of("French|French people")) == "Two French people came."


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a term} came.", "An old friend came."),
        ("Who? {a term}.", "Who? An old friend."),
        ("It rained.\n{term} came.", "It rained.\nOld friend came."),
        ('She said: "Go." {they} went.', 'She said: "Go." They went.'),
        ("I met {a term}, and {they} waved.", "I met an old friend, and they waved."),
        ("Note: {term}.", "Note: old friend."),
    ],
)
def test_a_sentence_begins_with_a_capital_and_goes_on_without(template, text):
    assert filled(template, Term("old friend", "old friends")) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{nobody} came.", "no slot"),
        ("{Term} came.", "no slot"),
        ("{} came.", "no slot"),
        ("{term came.", "brace"),
        ("term} came.", "brace"),
        ("{{term}} came.", "brace"),
        ("{term} {is|are} here.", "no slot for one"),
    ],
)
def test_what_cannot_be_filled_is_refused_and_says_why(template, message):
    with pytest.raises(ValueError, match=message):
        filled(template, SHE)


@pytest.mark.parametrize("written", ["", " ", "|nurses", "nurse|", "{term}", "a|b|c"])
def test_a_term_that_is_none_is_refused(written):
    with pytest.raises(ValueError, match="term"):
        term_of(written)


def test_an_unknown_pronoun_is_refused():
    with pytest.raises(ValueError, match="she, he, they"):
        term_of("nurse", "it")


WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 '\-]{0,12}", fullmatch=True).filter(lambda text: text.strip() == text)


@given(word=WORD, pronoun=st.sampled_from(sorted(PRONOUNS)), rest=st.text("abc .,?é\n", max_size=20))
def test_text_outside_the_slots_stays_as_it_was_and_no_slot_stays(word, pronoun, rest):
    template = f"{rest}{{a term}} {{they}} {{sees|see}} {{terms'}} x{rest}"
    text = filled(template, term_of(word, pronoun))
    assert text.startswith(rest)
    assert text.endswith(f" x{rest}")
    assert not re.search(r"[{}|]", text)


@given(text=st.text(max_size=40))
def test_any_template_is_filled_or_refused(text):
    try:
        found = filled(text, SHE)
    except ValueError:
        return
    assert not re.search(r"[{}]", found)
