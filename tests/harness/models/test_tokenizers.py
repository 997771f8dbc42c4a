"""Tokenizers: bytes in, bytes out, nothing lost, and never more tokens than bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from harness.models.tokenizers import SPECIAL, byte_tokenizer, encode, ends, learned_tokenizer

CORPUS = ["the cat sat on the mat", "the dog sat on the log", "the cat and the dog"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module", params=["bytes", "bpe"])
def tokenizer(request):
    if request.param == "bytes":
        return byte_tokenizer(64)
    return learned_tokenizer(CORPUS, vocabulary=300, context=64)


def test_each_byte_is_its_own_token_and_the_special_ones_follow():
    tokenizer = byte_tokenizer(64)
    assert (len(tokenizer), tokenizer.model_max_length) == (259, 64)
    assert [tokenizer.convert_tokens_to_ids(token) for token in SPECIAL] == [256, 257, 258]


@given(TEXT)
def test_byte_tokens_are_the_bytes_between_begin_and_end(text):
    assert encode(byte_tokenizer(64), [text])[0].tokens == (256, *text.encode(), 257)


@settings(max_examples=30)
@given(TEXT)
def test_a_text_comes_back_unchanged_and_has_no_more_tokens_than_bytes(tokenizer, text):
    passage = encode(tokenizer, [text])[0]
    assert tokenizer.decode(passage.tokens, skip_special_tokens=True) == text
    assert len(passage.tokens) <= len(text.encode()) + 2


@given(TEXT)
def test_starts_are_offsets_of_characters_and_end_with_the_length(text):
    passage = encode(byte_tokenizer(64), [text])[0]
    owners = [place for place, character in enumerate(text) for _ in character.encode()]
    assert passage.starts == (*owners, len(text))


def test_text_that_looks_like_a_special_token_is_plain_text(tokenizer):
    begin, end = ends(tokenizer)
    text = f"a {SPECIAL[1]}{SPECIAL[0]} b"
    assert not {begin, end} & set(encode(tokenizer, [text])[0].tokens[1:-1])


def test_a_learned_tokenizer_merges_what_is_frequent_and_is_the_same_each_time():
    learned, again = (learned_tokenizer(CORPUS, vocabulary=300, context=64) for _ in range(2))
    assert learned.get_vocab() == again.get_vocab()
    assert len(encode(learned, ["the cat"])[0].tokens) < len(encode(byte_tokenizer(64), ["the cat"])[0].tokens)


def test_half_a_surrogate_pair_is_refused_by_its_own_name(tokenizer):
    with pytest.raises(UnicodeEncodeError):
        encode(tokenizer, ["fine", "broken \ud800"])


def test_no_texts_give_no_passages(tokenizer):
    assert encode(tokenizer, []) == []


def test_a_saved_tokenizer_opens_without_our_code_and_begins_a_text_with_its_token(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    opened = AutoTokenizer.from_pretrained(tmp_path)
    text = f"né {SPECIAL[1]}\n"
    assert opened.encode(text) == [opened.bos_token_id, *encode(tokenizer, [text])[0].tokens[1:-1]]


def test_without_a_start_token_the_end_token_begins_too_and_without_both_there_is_an_error():
    tokenizer = byte_tokenizer(64)
    tokenizer.bos_token = None
    assert ends(tokenizer) == (257, 257)
    tokenizer.eos_token = None
    with pytest.raises(ValueError, match="no end-of-text token"):
        ends(tokenizer)
