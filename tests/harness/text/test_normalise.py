from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.normalise import fold


@pytest.mark.parametrize(
    "text",
    ["Don't  know.", "DON’T KNOW", " don't\nknow . ", "ｄｏｎ＇ｔ ｋｎｏｗ."],
    ids=["plain", "case", "space", "wide"],
)
def test_spellings_of_one_answer_fold_to_one_text(text):
    assert fold(text) == "don't know"


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=" \t\n\u00a0"))
def test_blank_text_folds_to_nothing(text):
    assert fold(text) == ""
