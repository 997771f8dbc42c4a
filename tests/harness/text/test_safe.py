from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.markup import render

from harness.text.safe import escape_rich, printable

# Characters that attack, mixed with harmless ones, so that a search meets their combinations.
NASTY = st.text(
    st.sampled_from("a:#[]\\/@ \n\r\t\x1b\x9b\u202e\u2066\u200b\u200f\ufeff\u0301\ufe0f\U000e0041\ud800⏎…vsoé名"),
    max_size=300,
)
ANY = st.text(max_size=300) | NASTY
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(ANY)
def test_nothing_printed_controls_hides_or_reverses(text):
    shown = printable(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not set(shown) & BIDI
    assert len(shown.splitlines()) <= 1


@given(ANY)
def test_no_ci_runner_finds_a_command(text):
    shown = printable(text)
    assert "::" not in shown
    assert "##[" not in shown
    assert "##vso[" not in shown


@given(ANY, st.integers(40, 400))
def test_the_length_is_bounded_and_a_second_pass_changes_nothing(text, limit):
    shown = printable(text, limit=limit)
    assert len(shown) <= limit
    assert printable(shown, limit=limit) == shown


@given(st.text(st.characters(categories=["L", "N", "Sm", "Sc"]), max_size=200))
def test_letters_and_digits_of_every_script_stay(text):
    hidden = set("\u115f\u1160\u3164\uffa0")
    assert printable(text) == text or set(text) & hidden


@given(ANY)
def test_printed_text_can_be_encoded(text):
    assert printable(text).encode("utf-8").decode("utf-8") == printable(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 12 %", "plain words, 12 %"),
        ("Größe 名前 שלום", "Größe 名前 שלום"),
        ("one\ntwo\r\nthree\rfour", "one⏎two⏎three⏎four"),
        ("a\tb\u00a0c\u3000d", "a b c d"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("\x07\x08\x00", r"\x07\x08\x00"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("lone \ud800", r"lone \ud800"),
        ("::error::pwned", r":\x3aerror:\x3apwned"),
        ("  ::stop-commands::x", r"  :\x3astop-commands:\x3ax"),
        (":::::", r":\x3a:\x3a:"),
        ("##[error]pwned", r"#\x23[error]pwned"),
        ("###[group]", r"##\x23[group]"),
        ("##vso[task.setvariable]", r"#\x23vso[task.setvariable]"),
        ("## A heading", "## A heading"),
        ("section_start:1560896352:x\r\x1b[0K", r"section_start\x3a1560896352:x⏎\x1b[0K"),
        ("a\u2028b\u2029c\x85d", "a⏎b⏎c⏎d"),
        ("\u3164", r"\u3164"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + r"\u0301\u0301"),
        ("", ""),
    ],
)
def test_each_kind_of_attack_becomes_visible(text, shown):
    assert printable(text) == shown


def test_a_long_text_is_cut_and_says_its_length():
    shown = printable("x" * 12_345, limit=60)
    assert shown == "x" * 31 + " … (12,345 characters in all)"
    assert len(shown) <= 60


def test_a_text_of_exactly_the_limit_is_whole():
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 201).endswith("(201 characters in all)")


def test_a_cut_leaves_no_half_escape():
    for length in range(40, 60):
        head = printable("\x1b" * 100, limit=length).partition(" …")[0]
        assert head == r"\x1b" * (len(head) // 4)


def test_megabytes_are_not_walked_through():
    assert printable("\u202e" * 5_000_000).endswith("(5,000,000 characters in all)")


def test_a_limit_without_room_is_refused():
    with pytest.raises(ValueError, match="at least 40"):
        printable("x", limit=39)


MARKUP = NASTY.map(printable) | st.text(st.sampled_from("ab[]/\\#@=( "), max_size=60)


@given(MARKUP)
def test_rich_shows_the_text_itself_between_tags(text):
    assume(not re.search(r"\\\[[a-z#/@]?[^\[\]]*(\[|$)", text))
    shown = render(f"[bold]{escape_rich(text)}[/bold]", emoji=False)
    assert shown.plain == text
    assert {str(span.style) for span in shown.spans} <= {"bold"}


@given(MARKUP, st.sampled_from(["", " ", "] [bold]", "\n"]), MARKUP)
def test_two_hostile_texts_side_by_side_make_no_tag(first, between, second):
    shown = render(f"{escape_rich(first)}{between}{escape_rich(second)}", emoji=False)
    assert {str(span.style) for span in shown.spans} <= {"bold"}


@pytest.mark.parametrize(
    "text",
    [
        "[red]x",
        "[/]",
        "[link=http://example.org]x",
        "x\\",
        "x\\\\\\",
        "\\[b]",
        "[@click=f()]x",
        "[1] and [X]",
        r"\[ x^2 \]",
    ],
)
def test_rich_markup_in_a_reply_is_shown_not_obeyed(text):
    assert render(f"[b]{escape_rich(text)}[/b]", emoji=False).plain == text
