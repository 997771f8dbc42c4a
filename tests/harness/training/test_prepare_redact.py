"""Redaction of a training set: the members' texts alone, cut where they grew, and a placebo of harmless words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import load
from harness.data.content import examples_of
from harness.errors import DataError
from harness.text.personal_data import find
from harness.training.prepare.fitting import fitted
from harness.training.prepare.redact import PLACEBO, redacted_stream
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Redact

ROWS = load("personal_data_snippets").rows
TEXTS = [row["text"] for row in ROWS]


def stream(texts):
    examples = examples_of("texts", ids=[f"r{row}" for row in range(len(texts))], texts=texts)
    return Stream(examples, np.ones(len(texts), dtype=np.int64), characters=True)


def done(texts, seed=0, longest=None, **how):
    return redacted_stream(stream(texts), how=Redact(**how), seed=seed, longest=longest)


def test_every_kind_is_counted_and_every_text_without_data_stays():
    after, counts = done(TEXTS)
    found = [find(text) for text in TEXTS]
    assert counts["replaced"] == sum(map(len, found)) == sum(counts.values()) - counts["replaced"] - counts["cut"]
    assert counts["replaced"] > 230
    assert {"email", "phone", "card", "iban", "ssn", "ip", "credential"} < set(counts)
    unchanged = [text for text, its in zip(TEXTS, found, strict=True) if not its]
    assert [text for text, its in zip(after.texts, found, strict=True) if not its] == unchanged


def test_the_placebo_replaces_as_many_words_and_no_data():
    _, counts = done(TEXTS)
    placebo, same = done(TEXTS, at_random=True)
    assert same == counts
    assert sum(text.count(PLACEBO) for text in placebo.texts) == counts["replaced"]
    assert all(its.text in now for text, now in zip(TEXTS, placebo.texts, strict=True) for its in find(text))
    assert [len(text.split()) for text in placebo.texts] == [len(text.split()) for text in TEXTS]
    assert done(TEXTS, seed=1, at_random=True)[0].texts != placebo.texts


def test_a_placebo_without_harmless_words_says_so():
    with pytest.raises(DataError, match="replaces 1 harmless words, and the training texts have 0"):
        done(["a@b.example"], at_random=True)


def test_a_text_that_grew_is_cut_to_what_is_read_and_one_that_did_not_is_not():
    grown, plain = "write to a@b.co, nobody else knows", "another text that was too long before"
    after, counts = done([grown, plain], longest=len(grown))
    assert after.texts == ("write to [EMAIL], nobody else", plain)
    assert counts == {"email": 1, "replaced": 1, "cut": 1}


@given(st.text(max_size=40), st.integers(16, 60))
def test_what_is_cut_fits_and_is_a_beginning(text, longest):
    cut = fitted(text, longest)
    assert text.startswith(cut)
    assert len(cut.encode("utf-8", "surrogatepass")) <= longest
    assert cut == text or len(text.encode("utf-8", "surrogatepass")) > longest


def test_half_a_surrogate_pair_is_no_traceback():
    assert fitted("\ud800" * 20, 16).startswith("\ud800") or fitted("\ud800" * 20, 16) == ""
