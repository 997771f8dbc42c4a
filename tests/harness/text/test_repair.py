from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.seeds import rng
from harness.text.perturb import OPERATORS
from harness.text.perturb.change import changed
from harness.text.repair import case, characters, layout, slips
from harness.text.vocabulary import english

WORDS = english()


def respelt(text, distance=1):
    return changed(text, slips(text, WORDS, distance)).text


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("ｗｈａｔ is １２？", "what is 12?"),
        ("the ﬁrst oﬃce", "the first office"),
        ("𝐛𝐨𝐥𝐝 words", "bold words"),
        ("a\u00a0space", "a space"),
        ("wh\u200bat i\u00ads\u2060 it\ufeff", "what is it"),
        ("cаpitаl of Frаnce", "capital of France"),  # Cyrillic a
        ("c@pital c!ty", "capital city"),
        ("the cápital of Perú", "the capital of Perú"),
    ],
)
def test_characters_become_plain(odd, plain):
    assert characters(odd, WORDS) == plain


@pytest.mark.parametrize(
    "text",
    [
        "10² is 100, ½ is half, x₂ and ①",
        "hν = E, 5 µm, Δx, Москва, сор",
        "a café, naïve, a crèche and Brontë",
        "me@home.org paid $5 to C++ & a!b",
        "👩\u200d🚀 flies",
        "می\u200cخواهم",
        "`cаpital` in code",
        "well\u2011known…",
    ],
)
def test_characters_that_mean_something_stay(text):
    assert characters(text, WORDS) == text


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("what  is\tthe   capital?", "what is the capital?"),
        ("Question :: Which?\nAnswer ::", "Question: Which?\nAnswer:"),
        ("Question - Which?\nAnswer - ", "Question: Which?\nAnswer: "),
        ("Q : Which? || A. one || B. two || A :", "Q: Which?\nA. one\nB. two\nA:"),
        ("What is the\ncapital of\nPeru?", "What is the capital of\nPeru?"),
    ],
)
def test_layout_becomes_plain(odd, plain):
    assert layout(odd) == plain


@pytest.mark.parametrize(
    "text",
    [
        "  indented\n    more",
        "Question:\nWhich?\nAnswer:\n",
        "milk\neggs\nbread\n\n",
        "```\na  =  1\n```",
        "A - B",
        "ends here   ",
    ],
)
def test_layout_that_means_something_stays(text):
    assert layout(text) == text


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("WHAT IS THE CAPITAL OF FRANCE?", "What is the capital of France?"),
        ("WHICH IS NOT A METAL? TELL ME.", "Which is NOT a metal? Tell me."),
        ("what is the caPital of it", "what is the capital of it"),
        ("WHat is it", "What is it"),
    ],
)
def test_shouting_is_calmed(odd, plain):
    assert case(odd, WORDS) == plain


@pytest.mark.parametrize(
    "text",
    [
        "What does NASA do?",
        "Is it IMPORTANT?",
        "The US, the WHO and AIDS",
        "an iPhone by McDonald, on YouTube",
        "--- THIS IS PRIVATE ---",
        "CO2",
        "```\nSELECT NAME FROM PEOPLE\n```",
        "BLANK",
    ],
)
def test_capitals_that_mean_something_stay(text):
    assert case(text, WORDS) == text


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("Waht is the captial of France?", "What is the capital of France?"),
        ("Tell me the tempertaure of wateer here", "Tell me the temperature of water here"),
    ],
)
def test_slips_are_told(odd, plain):
    assert respelt(odd) == plain


@pytest.mark.parametrize(
    "text",
    [
        "What did Mr. Captial say?",
        'Spell "captial" for me.',
        "Run `captial --wateer`.",
        "Say ::plonkk:: and #wateer.",
        "It was nver so, beofre or aftre.",
        "in twleve days, 1O0 times",
        "Wie lautet die Hauptstadt von Frankreich?",
        "Quelle est la capitale de la France ?",
    ],
)
def test_names_quotes_code_denials_numbers_and_other_languages_keep_their_spelling(text):
    assert respelt(text, 2) == text


def test_the_dose_is_the_farthest_slip():
    text = "the tmeperatrue of the captial"
    assert [len(slips(text, WORDS, distance)) for distance in (0, 1, 2)] == [0, 1, 2]


def everything(text):
    return respelt(case(layout(characters(text, WORDS)), WORDS), 2)


@given(st.text(max_size=80))
def test_white_space_at_the_end_stays_as_it_is(text):
    assert layout(text)[len(layout(text).rstrip()) :] == text[len(text.rstrip()) :]


@pytest.mark.parametrize("name", [name for name, operator in OPERATORS.items() if not operator.preserves])
def test_what_changes_the_answer_is_never_undone(name):
    texts = [row["question"] for row in load("facts_mc").rows[:80]]
    changes = [OPERATORS[name].apply(text, rng(0, text)) for text in texts]
    assert any(change.changed for change in changes) or name == "negation_removed"
    kept = [everything(change.text) for change in changes if change.changed]
    assert not set(kept) & {everything(text) for text in texts}
