from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.text.option_lists import find

LISTED = "Question: Which one?\nA. red\nB. dark red\nC. blue\nAnswer:"
STYLES = ["{}.", "{})", "({})", "[{}]", "{}:"]
MARKS = ["ABCD", "abcd", "1234"]
OPTIONS = ("Ann, of course", "the 2nd. one", "C. elegans", "none")


def lines(style, marks, options, between="\n"):
    return between.join(f"{style.format(mark)} {text}" for mark, text in zip(marks, options, strict=False))


@pytest.mark.parametrize("between", ["\n", "\n\n", " || "])
@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("style", STYLES)
def test_options_are_found_in_every_style(style, marks, between):
    prompt = f"Question: Which one?{between}{lines(style, marks, OPTIONS, between)}{between}Answer:"
    found = find(prompt)
    assert found.options == OPTIONS
    assert found.names == tuple(marks)
    assert found.label(1) == style.format(marks[1])
    assert found.after == f"{between}Answer:"


def test_options_change_places_and_marks_stay():
    found = find(LISTED)
    assert found.text((0, 1, 2)) == LISTED
    assert found.text((1, 2, 0)) == "Question: Which one?\nA. dark red\nB. blue\nC. red\nAnswer:"


def test_of_several_lists_the_last_is_the_question():
    example = "Question: Which day?\nA. Monday\nB. May\nAnswer: A\n\n"
    assert find(example + LISTED).before.startswith(example)
    assert find(example + LISTED).options == ("red", "dark red", "blue")


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "A. alone",
        "Q: Which day comes after Monday?\nA: Tuesday.",
        "B. one\nC. two",
        "A. one\nand more of it\nB. two",
        "A. one\n(B) two",
        f"{LISTED} B",
        "Question: Which?\nA. one\nB. two\nAnswer:\nB",
        "Question: Which?\nA. one\nB. two\nAnswer: two\n\nQuestion: And which year?\nAnswer:",
        "Question: Which?\nA. one\nB. two\n(B) two\n\nQuestion: And which year?\nAnswer:",
    ],
)
def test_what_is_no_open_list_is_none(prompt):
    assert find(prompt) is None


def test_an_open_field_is_no_answer():
    for field in ("Answer:", "Answer ::", "ANSWER -", "A:", "Output:"):
        assert find(f"Question: Which?\n1) one\n2) two\n{field}").options == ("one", "two")


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("B", 1),
        ("(b)", 1),
        ("**B**", 1),
        ("B. dark red", 1),
        ("B\nConfidence: 80 %", 1),
        ("The answer is B.", 1),
        ("I would pick option (C) here.", 2),
        ("It can only be (A).", 0),
        ("dark red", 1),
        ("I think it is dark red, mostly.", 1),
        ("It is red.", 0),
        ("B, I think", 1),
        ("A or B", None),
        ("Either red or blue.", None),
        ("a red one or a blue one", None),
        ("D", None),
        ("", None),
        ("I cannot tell.", None),
        ("The answer is A or B.", None),
    ],
)
def test_a_reply_names_an_option_or_none(reply, place):
    found = find(LISTED)
    assert found.choice(reply, (0, 1, 2)) == place
    # In another order the marks mean other options, and the texts the same.
    turned = found.choice(reply, (1, 2, 0))
    by_text = reply in {"dark red", "I think it is dark red, mostly.", "It is red."}
    assert turned == (place if place is None or by_text else (1, 2, 0)[place])


@pytest.mark.parametrize(("reply", "place"), [("2", 1), ("2) two", 1), ("The answer is number 2.", 1), ("2.5", None)])
def test_numbers_are_marks_too(reply, place):
    assert find("Which?\n1) one\n2) two\nAnswer:").choice(reply, (0, 1)) == place


def test_letters_are_written_as_they_were_asked():
    found = find(LISTED)
    order = (1, 2, 0)
    assert found.relettered("A", order) == "B"
    assert found.relettered("c", order) == "a"
    assert found.relettered("(A) dark red", order) == "(B) dark red"
    assert found.relettered("The answer is B, not (A).", order) == "The answer is C, not (B)."
    assert found.relettered("A dark red one, in a word.", order) == "A dark red one, in a word."


@given(st.text(max_size=200), st.permutations(range(3)))
def test_any_reply_is_read_alike_before_and_after_its_letters_are_changed(reply, order):
    found = find(LISTED)
    choice = found.choice(reply, order)
    assert choice is None or found.choice(found.relettered(reply, order), (0, 1, 2)) == choice


@given(st.text(alphabet="AaBb12 .):(|\n\tx", max_size=80))
def test_the_pieces_of_any_prompt_add_up_to_it(prompt):
    found = find(prompt)
    assert found is None or found.text(range(len(found.options))) == prompt


def test_no_question_of_the_shipped_sets_is_taken_for_a_list():
    texts = [
        str(row.get("question") or row.get("prompt")) for row in [*load("facts_mc").rows, *load("open_prompts").rows]
    ]
    assert len(texts) > 100
    assert [text for text in texts if find(text)] == []


def test_a_long_hostile_prompt_is_read_in_one_pass():
    assert find(("A. " + " " * 50_000 + "x\n") * 3) is None
    assert find("(" * 100_000 + " || " * 10_000 + "a" + " " * 50_000) is None
