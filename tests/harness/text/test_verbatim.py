"""Runs of characters are found exactly where a plain search finds them, and what follows is what follows there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.suffixes import sorted_suffixes
from harness.errors import DataError
from harness.text.verbatim import folded, laid_out

pytest.importorskip("pydivsufsort")

LETTERS = "abAß é\n\u2003,日🙂\ud800"
few = st.text(LETTERS, max_size=30)
texts = st.lists(st.one_of(few, st.text(max_size=20)), min_size=1, max_size=6).filter(lambda its: any(map(folded, its)))


def opened(documents):
    return laid_out(map(folded, documents), sorted_suffixes)


def places(documents, run):
    """Every place of ``run``, by trying each."""
    return [(d, at) for d, text in enumerate(documents) for at in range(len(text)) if text[at : at + len(run)] == run]


@given(texts, st.data())
def test_a_run_is_found_as_often_as_it_stands_there(documents, data):
    corpus, whole = opened(documents), [folded(text) for text in documents]
    source = data.draw(st.sampled_from([text for text in whole if text]))
    start = data.draw(st.integers(0, len(source) - 1))
    copied = source[start : start + data.draw(st.integers(1, 12))]
    made_up = folded(data.draw(few))
    for run in filter(None, (copied, made_up, copied + made_up)):
        assert len(corpus.found(run)) == len(places(whole, run))
        assert corpus.stands(run) is bool(places(whole, run))
        assert corpus.stands(run, corpus.found(run[:1])) is corpus.stands(run)


@given(texts, st.data())
def test_what_follows_a_run_is_what_stands_behind_it_in_its_document(documents, data):
    corpus, whole = opened(documents), [folded(text) for text in documents]
    source = data.draw(st.sampled_from([text for text in whole if text]))
    start, count = data.draw(st.integers(0, len(source) - 1)), data.draw(st.integers(1, 5))
    run = source[start : start + data.draw(st.integers(1, 4))]
    behind = {whole[d][at + len(run) :][:count] for d, at in places(whole, run)}
    assert corpus.after(run, corpus.found(run), count) == {text for text in behind if len(text) == count}


@given(st.text(), st.text())
def test_folding_goes_character_by_character(one, other):
    assert folded(one + other) == folded(one) + folded(other)
    assert folded(f"{one} \n{other}".upper().lower()) == folded((one + other).upper().lower())
    assert not any(character.isspace() for character in folded(one))


def test_case_and_white_space_make_no_difference_and_documents_do():
    corpus = opened(["The cat\nSAT  on", "the mat. Straße"])
    assert corpus.stands(folded("thecatsaton"))
    assert corpus.stands(folded("STRASSE"))
    assert not corpus.stands(folded("on the mat"))
    assert not corpus.stands(folded("cat sat in"))


def test_texts_without_a_character_are_refused():
    with pytest.raises(DataError, match="no word in it"):
        opened(["", " \n"])
