"""What a reading is held against, written into its context and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.relation import Premise, Relation

ANY = st.text(st.characters(), max_size=60)


@given(st.sampled_from(["answer", "support"]), ANY, ANY, st.lists(ANY, max_size=3))
def test_a_relation_is_read_back_as_it_was_written_whatever_its_texts_hold(kind, other, question, aliases):
    relation = Relation(kind, other, question, tuple(aliases))
    assert Relation.of(relation.context()) == relation
    assert relation.context().encode("utf-8")


@given(ANY, ANY, st.lists(ANY, max_size=3))
def test_a_premise_is_read_back_as_it_was_written(question, premise, corrections):
    written = Premise(question, premise, tuple(corrections))
    assert Premise.of(written.context()) == written


def test_equal_relations_have_equal_contexts():
    assert Relation("answer", "x").context() == Relation("answer", "x", "", ()).context()
    assert Relation("answer", "x").context() != Relation("support", "x").context()


@pytest.mark.parametrize(
    "context", [None, "", "x", "[]", "1", "{}", '{"kind":"answer"}', '{"kind":"other","other":"x"}', "\ud800", "NaN"]
)
def test_what_is_no_relation_is_refused(context):
    with pytest.raises(ValueError):  # noqa: PT011  whatever is wrong with it
        Relation.of(context)
    with pytest.raises(ValueError):  # noqa: PT011  whatever is wrong with it
        Premise.of(context)
