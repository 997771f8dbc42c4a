"""Signed lines behind texts: what they say, what becomes of them when anything is changed, what rules see of them."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.canonical import digest
from harness.data import load
from harness.text.abstention import abstains
from harness.text.confidence import stated
from harness.text.equivalence import asserts, likeness, without_answer
from harness.text.facts import facts
from harness.text.labels import LabelState, check, key_id, label
from harness.text.normalise import fold

KEY, OTHER = b"a key of sixteen bytes or more", b"another key of enough bytes"
MODEL = digest("a model")
TEXTS = st.text(st.characters(), max_size=80)


@given(TEXTS)
def test_a_label_is_found_again_with_text_and_model(text):
    """Any text: empty, of white space, with lone surrogates, or with a label in it."""
    for labelled in (label(text, MODEL, KEY), f"{label(text, MODEL, KEY)} \n"):
        found = check(labelled, KEY)
        assert (found.state, found.text, found.model) == (LabelState.VALID, text, MODEL.hex[:32])


def test_the_form_is_the_one_that_is_written_down():
    line = label("Paris.", MODEL, KEY).removeprefix("Paris.\n\n⟦").removesuffix("⟧")
    content = hashlib.sha256(b"Paris.").digest()
    head = b"\x01" + bytes.fromhex(MODEL.hex)[:16]
    signed = hmac.new(KEY, b"rai-harness label 1\0" + head + content, hashlib.sha256).digest()
    assert bytes(ord(sign) - 0x2800 for sign in line) == head + content[:16] + signed[:16]
    assert label("Paris.", MODEL, KEY) == label("Paris.", MODEL, KEY)


@given(TEXTS, st.integers(0), st.characters())
def test_a_changed_letter_anywhere_is_found(text, place, letter):
    labelled = label(text, MODEL, KEY)
    at = place % len(labelled)
    changed = labelled[:at] + letter + labelled[at + 1 :]
    assume(changed != labelled)
    assert check(changed, KEY).state is not LabelState.VALID


@given(TEXTS, st.integers(0), st.text(st.characters(), min_size=1, max_size=5))
def test_what_is_put_in_or_taken_out_anywhere_is_found(text, place, more):
    labelled = label(text, MODEL, KEY)
    at = place % len(labelled)
    assert check(labelled[:at] + more + labelled[at:], KEY).state is not LabelState.VALID
    cut = labelled[:at] + labelled[at + len(more) :]
    assert check(cut, KEY).state is not LabelState.VALID


@pytest.mark.parametrize("place", range(49))
def test_every_sign_counts(place):
    labelled = label("Paris.", MODEL, KEY)
    at = len("Paris.\n\n⟦") + place
    flipped = labelled[:at] + chr(ord(labelled[at]) ^ 1) + labelled[at + 1 :]
    expected = LabelState.BROKEN if place == 0 else LabelState.CHANGED if 17 <= place < 33 else LabelState.FOREIGN
    assert check(flipped, KEY).state is expected


def test_another_key_makes_another_label_and_vouches_for_nothing():
    found = check(label("Paris.", MODEL, OTHER), KEY)
    assert (found.state, found.model) == (LabelState.FOREIGN, MODEL.hex[:32])


def test_a_label_on_another_text_is_no_label_of_this_one():
    line = label("Paris.", MODEL, KEY).removeprefix("Paris.")
    assert check(f"Rome.{line}", KEY).state is LabelState.CHANGED


def test_a_label_that_is_gone_is_gone_and_one_in_the_middle_is_broken():
    labelled = label("Paris.", MODEL, KEY)
    assert check("Paris.", KEY).state is LabelState.ABSENT
    assert check(f"{labelled}\nAnd Rome.", KEY).state is LabelState.BROKEN
    assert check(labelled[:-3] + "⟧", KEY).state is LabelState.BROKEN


def test_a_key_is_long_enough_and_named_without_being_given_away():
    labelled = label("x", MODEL, KEY)
    for use in (lambda: label("x", MODEL, b"short"), lambda: check(labelled, b"short"), lambda: key_id(b"short")):
        with pytest.raises(ValueError, match="at least 16 bytes, not 5"):
            use()
    assert key_id(KEY) == key_id(KEY) != key_id(OTHER)
    assert len(key_id(KEY)) == 16
    assert KEY.hex() not in key_id(KEY)


# ── what rules see of it ──────────────────────────────────────────────────────────────────


def test_a_label_holds_no_word_number_or_letter():
    line = label("Paris.", MODEL, KEY).removeprefix("Paris.")
    found = facts(line)
    assert (found.words, found.numbers, found.units) == (frozenset(), frozenset(), frozenset())
    assert not any(char.isalnum() or char.isspace() for char in line.strip())
    assert fold(line) == line.strip()
    assert len(line.split()) == 1


def test_labels_hardly_change_which_answers_are_alike():
    rows = load("answer_pairs").rows
    moved = {"both": 0, "one": 0, "held": 0}
    for row in rows:
        left, right, question = row["left"], row["right"], row["question"]
        ours, theirs = label(left, MODEL, KEY), label(right, MODEL, KEY)
        same = likeness(left, right, question=question).same
        moved["both"] += likeness(ours, theirs, question=question).same != same
        moved["one"] += likeness(ours, right, question=question).same != same
        moved["held"] += asserts(ours, right) != asserts(left, right)
    assert len(rows) == 644
    assert moved["both"] <= 5
    assert moved["one"] <= 5
    assert moved["held"] == 0


def test_labels_hardly_change_what_counts_as_no_answer():
    replies = [row["reply"] for row in load("passage_replies").rows]
    assert sum(abstains(label(text, MODEL, KEY)) != abstains(text) for text in replies) <= 4
    assert sum(without_answer(label(text, MODEL, KEY)) != without_answer(text) for text in replies) == 0
    assert stated(label("B\nConfidence: 80 %", MODEL, KEY))[0] == 0.8
