"""Personal data replaced by placeholders: all that is found, nothing else, and only once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.text.personal_data import Kind, find
from harness.text.redaction import placeholder, redacted, replaced

ROWS = load("personal_data_snippets").rows


def test_what_is_embedded_is_replaced_by_its_kind():
    text = "Ask ada.moss@larkfield.example, or ring 020 7946 0958 before five. Host: 203.0.113.9"
    assert redacted(text)[0] == "Ask [EMAIL], or ring [PHONE] before five. Host: [IP]"


@pytest.mark.parametrize("split", ["tune", "test"])
def test_of_the_snippets_nearly_every_item_goes_and_nothing_of_the_others(split):
    rows = [row for row in ROWS if row["split"] == split]
    items = [(redacted(row["text"])[0], item["text"]) for row in rows for item in row["items"]]
    gone = sum(item not in text for text, item in items)
    assert len(items) > 110
    assert gone / len(items) >= 0.98
    assert all(redacted(row["text"])[0] == row["text"] for row in rows if row["label"] == "none")


def test_nothing_is_left_to_find_in_what_was_redacted():
    assert [row["id"] for row in ROWS if find(redacted(row["text"])[0])] == []
    assert all(find(placeholder(kind)) == [] for kind in Kind)


PARTS = st.one_of(
    st.sampled_from(
        ["a@b.example", "203.0.113.9", "4111 1111 1111 1111", "+44 20 7946 0958", "[EMAIL]", "\ud800", "é"]
    ),
    st.text(max_size=8),
)


@given(st.lists(PARTS, max_size=8).map(" ".join))
def test_all_that_was_not_found_stands_as_it_stood(text):
    done, found = redacted(text)
    end, at = 0, 0
    for its in found:  # what stands before each placeholder stood before what was found
        between = its.start - end
        assert done[at : at + between] == text[end : its.start]
        assert done[at + between :].startswith(placeholder(its.kind))
        end, at = its.end, at + between + len(placeholder(its.kind))
    assert done[at:] == text[end:]


def test_spans_are_replaced_in_order():
    assert replaced("abcdef", [(0, 1, "X"), (1, 3, ""), (6, 6, "!")]) == "Xdef!"
