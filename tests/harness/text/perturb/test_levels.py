"""What the operators make of a text, level by level."""

from __future__ import annotations

import json
from random import Random

import pytest

from harness.text.perturb import OPERATORS, preserves_label
from harness.text.perturb.lexicon import DIRECTIONS, NEGATIONS, NUMBER_WORDS
from harness.text.perturb.sentence import sentences
from harness.text.perturb.synonyms import SPELLINGS, SYNONYMS


def made(name, text, *, seeds=40, strength=1.0):
    """Return every text that the operator makes of this one with one seed or another."""
    changes = [OPERATORS[name].apply(text, Random(seed), strength) for seed in range(seeds)]
    return {change.text for change in changes if change.changed}


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("character_swap", "Rome has tigers", {"Rome has tgiers", "Rome has tiegrs", "Rome has tigres"}),
        ("character_drop", "a pint", {"a pnt"}),
        ("character_duplicate", "a pint", {"a piint", "a pinnt"}),
        ("keyboard_typo", "a pint", {"a pknt", "a pjnt"}),
        ("ocr_confusion", "two clowns", {"two clovvns", "two clowris"}),
        ("homoglyph", "a pint", {"a pіnt"}),
        ("leet", "a pint", {"a p!nt"}),
        ("diacritics", "a pint", {"a pínt", "a piñt"}),
        ("lower_case", "Why are they here", {"why are they here"}),
        ("upper_case", "to", {"To", "tO"}),
    ],
)
def test_characters_change_as_told(name, text, wanted):
    assert made(name, text) == wanted


@pytest.mark.parametrize("name", ["keyboard_typo", "character_swap", "character_drop", "homoglyph", "leet"])
@pytest.mark.parametrize("text", ["Robin", "3 NASA 4th", "not twenty-seven", '"a quoted thing"', "`some_code`", "p2p"])
def test_a_text_with_nothing_that_may_change_is_given_back_and_said_to_be_unchanged(name, text):
    change = OPERATORS[name].apply(f"In {text}", Random(0))
    assert (change.changed, change.count, change.text) == (False, 0, f"In {text}")


def test_invisible_characters_stand_within_words():
    assert made("zero_width", "a pint") == {
        f"a {word[0]}{mark}{word[1]}" for mark in "\u200b\u200c\u200d\u2060" for word in [("p", "int"), ("pi", "nt")]
    }


def test_a_text_that_holds_an_operators_marks_already_is_left_alone():
    assert made("homoglyph", "a pint of квас, оk") == set()
    assert made("quoting", "'a pint'", seeds=5) == set() or all(
        OPERATORS["quoting"].undo(text) == "'a pint'" for text in made("quoting", "'a pint'")
    )


def test_words_change_for_others_of_the_list_with_case_and_article():
    assert made("synonym", "Nearly everyone saw a sofa") == {
        f"Almost {one} saw a {other}" for one in ["everybody"] for other in ["couch"]
    }
    assert made("synonym", "an automobile") == set()
    assert made("spelling", "a grey harbour at the centre") == {"a gray harbor at the center"}


def test_few_words_change_at_little_strength():
    text = "Nearly everyone saw a huge sofa"
    assert {OPERATORS["synonym"].apply(text, Random(seed), 0.25).count for seed in range(20)} == {1}
    assert OPERATORS["synonym"].apply(text, Random(0), 0.5).count == 2


def test_the_lists_of_words_touch_nothing_that_counts_negates_or_compares():
    reserved = set(NUMBER_WORDS) | NEGATIONS | DIRECTIONS
    for table in (SYNONYMS, SPELLINGS):
        for word, others in table.items():
            assert word == word.lower()
            assert word not in others
            assert reserved.isdisjoint([word, *" ".join(others).split()])
    assert sum(map(len, SYNONYMS.values())) >= 150
    assert sum(map(len, SPELLINGS.values())) >= 150


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("contraction", "What is the time?", "What's the time?"),
        ("contraction", "It is in Rome, and they are very old.", None),
        ("contraction", "I know what it is.", "I know what it is."),
        ("contraction", "What is it that burns?", "What is it that burns?"),
        ("contraction", "It is not here.", "It is not here."),
        ("expansion", "What's the time?", "What is the time?"),
        ("expansion", "It's been long.", "It's been long."),
        ("expansion", "Rome's walls aren't ours.", "Rome's walls aren't ours."),
    ],
)
def test_verbs_are_shortened_and_opened_only_where_that_is_plain(name, text, wanted):
    found = OPERATORS[name].apply(text, Random(0)).text
    assert found == (wanted or "It's in Rome, and they're very old.")


def test_fillers_stand_between_words_and_never_beside_a_name_or_behind_an_article():
    assert made("filler", "Where are the cats of Rome?", seeds=300) == {
        text
        for filler in ("um", "uh", "er", "well", "you know", "I mean")
        for text in (f"Where, {filler}, are the cats of Rome?", f"Where are, {filler}, the cats of Rome?")
    } | {f"Where are the cats, {filler}, of Rome?" for filler in ("um", "uh", "er", "well", "you know", "I mean")}


def test_a_tautology_stands_before_the_mark_at_the_end_as_often_as_there_is_room():
    text = "Why do cats purr so loudly at night when they are fed?"
    assert OPERATORS["tautology"].apply(text, Random(0), 0.2).text == f"{text[:-1]} and true is true?"
    assert OPERATORS["tautology"].apply(text, Random(0)).text.count("true is true") == 3
    assert made("tautology", "Why?") == set()


def test_a_sentence_beside_the_point_shares_no_word_with_the_text():
    text = "Why did the bus with the kettle stop at the lamp?"
    found = made("irrelevant_sentence", text, strength=0.25)
    assert len(found) > 5
    assert all(one.endswith(f". {text}") for one in found)
    assert not any("kettle is" in one or "bus was" in one or "lamp is" in one for one in found)


def test_thanks_follow_a_sentence_and_a_phrase_in_their_own_ways():
    assert "A red fox, please" in made("polite_suffix", "A red fox")
    assert "Is this a red fox? Thank you." in made("polite_suffix", "Is this a red fox?")


def test_the_question_comes_first_where_no_sentence_points_to_another():
    text = "A train leaves town. A car follows. Which one is faster?"
    assert made("sentence_order", text) == {"Which one is faster? A train leaves town. A car follows."}
    assert made("sentence_order", "A train leaves town. It is fast. How fast?") == set()
    assert made("sentence_order", "A cat sat. A dog ran.") == {"A dog ran. A cat sat."}
    assert made("sentence_order", "One sentence only?") == set()


def test_sentences_end_at_marks_and_not_at_abbreviations_or_in_quotes():
    text = 'Dr. Smith met J. R. Jones. "Is it late? It is." No answer came! Why?'
    assert sentences(text) == ["Dr. Smith met J. R. Jones.", '"Is it late? It is." No answer came!', "Why?"]


def test_fields_are_put_around_a_question():
    found = made("field_names", "Why do cats purr at night?", seeds=200)
    assert {"Q: Why do cats purr at night?\nA:", "QUESTION - Why do cats purr at night? || ANSWER -"} <= found
    assert len(found) > 50


def test_fields_that_are_there_get_other_separators_and_casings():
    text = "Question: Why do cats purr?\nAnswer:"
    assert "Question - Why do cats purr?\nAnswer -" in made("field_separator", text)
    assert made("field_case", text) == {
        "QUESTION: Why do cats purr?\nANSWER:",
        "question: Why do cats purr?\nanswer:",
    }
    assert made("field_names", text) == set()


def test_the_letters_of_options_stay_and_their_marks_change():
    text = "Which?\nA) the sun\nB) the moon"
    assert made("enumeration", text) == {
        f"Which?\n{style.format('A')} the sun\n{style.format('B')} the moon" for style in ("{}.", "({})", "[{}]", "{}:")
    }
    assert made("field_separator", text) == made("field_case", text) == set()
    assert made("enumeration", "- a\n- b") == {"* a\n* b", "• a\n• b"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("quoting", {"“Why so?”", '"Why so?"', "'Why so?'", "«Why so?»"}),
        ("markdown", {"**Why so?**", "# Why so?", "> Why so?", "*Why so?*"}),
        ("bullets", {"- Why so?", "* Why so?", "• Why so?"}),
        ("line_breaks", {"Why\nso?"}),
        ("spacing", {"Why  so?"}),
        ("capitals", {"WHY SO?"}),
        ("json", set()),
    ],
)
def test_layouts_hold_the_same_words(name, wanted):
    assert made(name, "Why so?") == wanted


def test_json_holds_the_text_as_its_one_value():
    text = 'Where does the word "news" come from?'
    found = OPERATORS["json"].apply(text, Random(0)).text
    assert json.loads(found) == {"prompt": text}
    assert preserves_label(text, found).passed
    assert made("json", "Where does this come from,\nand why?") == set()
