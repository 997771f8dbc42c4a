"""What holds for every operator, on the shipped questions and prompts and on any text."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import load
from harness.text.perturb import LEVELS, OPERATORS, operators, preserves_label
from harness.text.perturb.change import Change, Edit, changed, rewritten
from harness.text.perturb.guard import guarded

QUESTIONS = [row["question"] for row in load("facts_mc").rows]
PROMPTS = [row["prompt"] for row in load("picture_prompts").rows]
TEXTS = [*QUESTIONS, *PROMPTS]

# Texts in which every operator finds something, beside those of the data sets.
OTHERS = [
    "Q: Who wrote Hamlet?\nA:",
    "Question - It's true that you'll see 3 cats, and they're asleep.\nAnswer -",
    "Which is right?\nA) the sun\nB) the moon\nC) a star",
    "Pick:\n- a red cup\n- a blue cup",
    "A train leaves town at noon. A car follows. Which arrives?",
    "Nobody isn't here. It was Marie Curie who discovered radium. The cat has no tail.",
    "Rome is the capital of Italy.",
    'Say "do not touch" and `code_here(1)` at https://example.org/a-b by 1,000.5 Wi-Fi metres.',
    "naïve café, Москва, ‘quoted words’ and m@il",
    "",
    " ",
    "ice",
]

ANY = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(" ".join([*TEXTS, *OTHERS]).split(" ")), max_size=25).map(" ".join),
)

PRESERVING = [operator.name for operator in operators(preserving=True)]
CHANGING = [operator.name for operator in operators(preserving=False)]


def distance(one, other):
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, start=1):
        above, row[0] = row[:], at
        for place, letter in enumerate(other, start=1):
            row[place] = min(above[place] + 1, row[place - 1] + 1, above[place - 1] + (char != letter))
    return row[-1]


def ladder(operator, text, seed):
    return [operator.apply(text, Random(seed), strength) for strength in operator.strengths]


def test_the_taxonomy_has_these_operators():
    names = {level: [operator.name for operator in operators(levels=[level], preserving=True)] for level in LEVELS}
    assert names == {
        "character": [
            "keyboard_typo",
            "character_swap",
            "character_drop",
            "character_duplicate",
            "ocr_confusion",
            "homoglyph",
            "leet",
            "diacritics",
            "zero_width",
            "upper_case",
            "lower_case",
        ],
        "word": ["synonym", "spelling", "filler", "contraction", "expansion"],
        "sentence": ["tautology", "irrelevant_sentence", "polite_prefix", "polite_suffix", "sentence_order"],
        "format": [
            "field_names",
            "field_separator",
            "field_case",
            "spacing",
            "line_breaks",
            "bullets",
            "enumeration",
            "quoting",
            "markdown",
            "json",
            "capitals",
        ],
        "semantic": ["paraphrase", "cleft"],
    }
    assert CHANGING == [
        "negation_added",
        "negation_removed",
        "number_changed",
        "antonym_swap",
        "entity_swap",
        "false_premise",
    ]
    assert all(name == operator.name for name, operator in OPERATORS.items())


def test_every_operator_says_what_it_does_and_ends_at_full_strength():
    for operator in OPERATORS.values():
        assert operator.does.endswith(".")
        assert list(operator.strengths) == sorted(set(operator.strengths))
        assert 0 < operator.strengths[0] <= operator.strengths[-1] == 1


def test_operators_are_chosen_by_level_and_by_what_they_keep():
    assert len(operators()) == len(OPERATORS)
    assert {operator.level for operator in operators(levels=["word", "format"])} == {"word", "format"}
    assert operators(levels=["character"], preserving=False) == ()
    with pytest.raises(ValueError, match="no level syllable; the levels are character, word"):
        operators(levels=["syllable"])


@pytest.mark.parametrize("name", PRESERVING)
def test_an_operator_that_keeps_the_answer_passes_the_check_on_every_shipped_text_at_every_strength(name):
    operator = OPERATORS[name]
    for at, text in enumerate([*TEXTS, *OTHERS]):
        for change in ladder(operator, text, at):
            assert preserves_label(text, change.text).passed, (text, change.text)


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("seed", range(3))
def test_a_control_fails_the_check_wherever_it_changed_something(name, seed):
    changes = [(text, OPERATORS[name].apply(text, Random(seed))) for text in [*TEXTS, *OTHERS]]
    made = [(text, change.text) for text, change in changes if change.changed]
    assert len(made) >= 3
    assert [pair for pair in made if preserves_label(*pair).passed] == []


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_finds_something_somewhere(name):
    assert any(OPERATORS[name].apply(text, Random(0)).changed for text in [*TEXTS, *OTHERS])


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=25)
@given(text=ANY, seed=st.integers(0, 99), strength=st.floats(0, 1))
def test_a_change_is_the_same_each_time_and_is_told_by_its_edits(name, text, seed, strength):
    change = OPERATORS[name].apply(text, Random(seed), strength)
    assert change == OPERATORS[name].apply(text, Random(seed), strength)
    assert change.changed is (change.text != text)
    assert change.count == len(change.edits)
    rebuilt, at = "", 0
    for edit in change.edits:
        assert text[edit.start : edit.end] == edit.before != edit.after
        rebuilt += text[at : edit.start] + edit.after
        at = edit.end
    assert rebuilt + text[at:] == change.text


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=25)
@given(text=ANY, seed=st.integers(0, 99))
def test_more_strength_never_makes_fewer_edits_and_none_makes_none(name, text, seed):
    operator = OPERATORS[name]
    assert operator.apply(text, Random(seed), 0) == Change(text, ())
    sizes = [
        sum(max(len(edit.before), len(edit.after)) for edit in operator.apply(text, Random(seed), step / 8).edits)
        for step in range(1, 9)
    ]
    assert sizes == sorted(sizes)
    assert (sizes[0] > 0) is (sizes[-1] > 0)


@pytest.mark.parametrize("name", [operator.name for operator in operators() if len(operator.strengths) > 1])
def test_the_edit_distance_rises_with_the_strength(name):
    operator = OPERATORS[name]
    risen = 0
    for seed, text in enumerate([*TEXTS[::9], *OTHERS]):
        far = [distance(text, change.text) for change in ladder(operator, text, seed)]
        assert far == sorted(far), text
        risen += far[0] < far[-1]
    # Shipped texts hold few words that are contracted, or spelt otherwise elsewhere, and few begin two sentences.
    assert risen > 0 or name in {"spelling", "synonym", "contraction", "lower_case"}


@pytest.mark.parametrize("name", [operator.name for operator in OPERATORS.values() if operator.undo])
@settings(max_examples=25)
@given(text=ANY, seed=st.integers(0, 99), strength=st.floats(0, 1))
def test_an_inverse_brings_the_text_back(name, text, seed, strength):
    operator = OPERATORS[name]
    change = operator.apply(text, Random(seed), strength)
    if change.changed:
        assert operator.undo(change.text) == text


def test_these_operators_have_an_inverse():
    assert [operator.name for operator in OPERATORS.values() if operator.undo] == (
        [
            "homoglyph",
            "leet",
            "diacritics",
            "zero_width",
            "tautology",
            "irrelevant_sentence",
            "polite_prefix",
            "polite_suffix",
            "field_names",
            "spacing",
            "line_breaks",
            "bullets",
            "quoting",
            "markdown",
            "json",
        ]
    )


@pytest.mark.parametrize("name", [operator.name for operator in operators(levels=["character"])])
@settings(max_examples=25)
@given(text=ANY, seed=st.integers(0, 99), strength=st.floats(0.001, 1))
def test_few_characters_are_touched_but_one_wherever_any_can_be(name, text, seed, strength):
    change = OPERATORS[name].apply(text, Random(seed), strength)
    touched = sum(max(len(edit.before), len(edit.after)) for edit in change.edits)
    assert change.count <= 1 or touched <= strength * 0.05 * len(text)
    assert change.changed is OPERATORS[name].apply(text, Random(seed), 1).changed


@pytest.mark.parametrize(
    "name", [operator.name for operator in operators(levels=["character", "word"])] + ["spacing", "line_breaks"]
)
@settings(max_examples=25)
@given(text=ANY, seed=st.integers(0, 99))
def test_numbers_names_negations_code_and_quotes_are_never_touched(name, text, seed):
    edits = OPERATORS[name].apply(text, Random(seed)).edits
    within = [
        (edit, text[start:end])
        for edit in edits
        for start, end in guarded(text)
        # What is put in at the edge of a span is outside it.
        if edit.start < end and start < edit.end
    ]
    assert within == []


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_its_range_is_refused(strength):
    with pytest.raises(ValueError, match="strengths from 0 to 1"):
        OPERATORS["synonym"].apply("text", Random(0), strength)


def test_edits_that_overlap_or_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        changed("abc", [Edit(0, 2, "ab", "x"), Edit(1, 3, "bc", "y")])
    with pytest.raises(ValueError, match="does not fit"):
        changed("abc", [Edit(0, 1, "b", "x")])


def test_an_edit_that_changes_nothing_is_none():
    assert changed("abc", [Edit(0, 1, "a", "a")]) == Change("abc", ())


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_rewriting_is_one_edit_of_what_differs(before, after):
    (edit,) = rewritten(before, after)
    assert changed(before, [edit]).text == after
    assert not (edit.before and edit.after) or edit.before[0] != edit.after[0]


def test_the_guard_knows_what_carries_an_answer():
    text = (
        'Why isn\'t the largest of three "big cats" in Rome near f(x), 12 km or https://a.org? New York never sleeps.'
    )
    found = {text[start:end] for start, end in guarded(text)}
    assert found >= {"isn't", "largest", "three", '"big cats"', "Rome", "f(x)", "12", "https://a.org?", "New", "York"}
    assert found >= {"never"}
    assert not found & {"Why", "the", "of", "near", "km", "sleeps"}


def test_what_is_longer_than_any_word_is_data_and_stays_whatever_its_length():
    data = "ab" * 100_000
    text = f"The friendly neighbour brought {data} yesterday afternoon."
    assert (31, 31 + len(data)) in guarded(text)
    assert "".join(text[start:end] for start, end in guarded(f"It is {data[:999]} here.")) == ""
    for operator in operators(levels=["character", "word"]):
        assert data in operator.apply(text, Random(1)).text


def test_no_operator_puts_in_a_digit():
    for operator in operators(levels=["character", "word", "sentence"]):
        for text in TEXTS[::20]:
            change = operator.apply(text, Random(1))
            assert re.findall(r"\d", change.text) == re.findall(r"\d", text)
