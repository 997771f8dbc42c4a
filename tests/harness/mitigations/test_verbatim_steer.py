"""Exactly those tokens are forbidden that would complete a run too long, as trying each of them shows."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.suffixes import sorted_suffixes
from harness.errors import ModelError
from harness.mitigations.verbatim_steer import Limit
from harness.mitigations.verbatim_tokens import TokenTexts
from harness.text.verbatim import folded, laid_out

torch = pytest.importorskip("torch")
pytest.importorskip("pydivsufsort")


class Bytes:
    """Tokens that stand for any bytes, as those of most models do; an empty one is a special token."""

    def __init__(self, tokens):
        self.tokens = list(tokens)
        self.vocabulary = len(self.tokens)

    def decode(self, ids):
        return b"".join(self.tokens[token] for token in ids).decode("utf-8", "replace")


WHOLE = [b"a", b"b", b"A", b" ", b"ab", b"ba ", b" abba", b"\n", b"", "é".encode(), "日".encode(), b"aaaaaa", b"b,a"]
"""Tokens of whole characters."""
PARTS = [
    b"\xc3",
    b"\xa9",
    b"a\xc3",
    b"\xa9b",
    b"\xe6",
    b"\x97",
    b"\xa5",
    b"\x97\xa5a",
    b"\xa9\xc3",
    b"\xff",
    b"\xc3\x9f",
]
"""Tokens that begin or end within a character, one that never belongs to one, and a sharp s."""
corpora = st.lists(st.text("abAé日, ß", max_size=14), min_size=1, max_size=5).filter(lambda its: any(map(folded, its)))


def limit(documents, longest, tokens):
    return Limit(laid_out(map(folded, documents), sorted_suffixes), longest, TokenTexts(tokens))


def too_long(documents, text, longest, start=0):
    """Whether a run too long ends behind the first ``start`` characters, by trying every place of every text."""
    runs = (text[end - longest - 1 : end] for end in range(max(start, longest) + 1, len(text) + 1))
    return any(run in folded(document) for run in runs for document in documents)


def common(one, other):
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def by_trying(documents, longest, tokens, prompt, written):
    """Forbidden ids, by decoding the whole text with each token behind it."""
    before = folded(prompt + tokens.decode(written))
    after = [folded(prompt + tokens.decode([*written, token])) for token in range(tokens.vocabulary)]
    return {n for n, text in enumerate(after) if too_long(documents, text, longest, common(before, text))}


@given(corpora, st.integers(1, 6), st.text("abé A", max_size=9), st.lists(st.integers(0, 99), max_size=12), st.data())
def test_exactly_the_tokens_that_complete_a_run_are_forbidden(documents, longest, prompt, picks, data):
    parts = data.draw(st.booleans())
    tokens = Bytes([*WHOLE, *(PARTS if parts else [])])
    keeper = limit(documents, longest, tokens)
    [writing] = keeper.begun([prompt]).writings
    written = []
    for pick in [*picks, 0]:
        found = keeper.forbidden(writing, written)
        assert set(found) == by_trying(documents, longest, tokens, prompt, written)
        assert len(set(found)) == len(found)
        written = [*written, pick % tokens.vocabulary]


@given(corpora, st.integers(1, 5), st.integers(0, 2**32))
def test_a_text_of_tokens_that_were_not_forbidden_holds_no_run_too_long(documents, longest, seed):
    """Bytes that are no character stand in these texts as well."""
    documents = [*documents, "a\ufffdb\ufffd\ufffda", "\ufffda\ufffd日"]
    tokens, picks = Bytes([*WHOLE, *PARTS, "\ufffd".encode()]), Random(seed)
    keeper = limit(documents, longest, tokens)
    [writing] = keeper.begun([""]).writings
    written = []
    for _ in range(25):
        left = sorted(set(range(tokens.vocabulary)) - set(keeper.forbidden(writing, written)))
        assert left  # white space and the special token complete nothing
        written.append(picks.choice(left))
        assert not too_long(documents, folded(tokens.decode(written)), longest)


def test_the_end_of_the_prompt_counts_and_all_before_it_does_not():
    tokens = Bytes([bytes([byte]) for byte in b"abcdefgh "])
    keeper = limit(["abcdefgh"], 4, tokens)
    for prompt, wanted in (("abcd", b"e"), ("xx AB c D ", b"e"), ("abc", b""), ("abcdx", b""), ("abcdefg", b"h")):
        [writing] = keeper.begun([prompt]).writings
        assert bytes(tokens.tokens[token][0] for token in keeper.forbidden(writing, [])) == wanted


def test_rows_are_told_apart_and_one_that_stands_still_is_not_looked_up_again():
    tokens = Bytes([bytes([byte]) for byte in b"abcdefgh "])
    batch = limit(["abcdefgh"], 3, tokens).begun(["abc", "", "bcd"])
    even = torch.full((3, 9), -2.0)
    first = batch(even, even[None][:0], [[], [], []])
    assert [(row == -torch.inf).nonzero().flatten().tolist() for row in first] == [[3], [], [4]]
    assert (even == -2.0).all()
    second = batch(even, even[None][:0], [[8], [0], [0]])
    assert [(row == -torch.inf).nonzero().flatten().tolist() for row in second] == [[3], [], []]
    known = batch.writings[1].forbidden
    batch(even, even[None][:0], [[8, 8], [0, 8], [0, 0]])
    assert batch.writings[1].forbidden is known


def test_nothing_is_changed_where_nothing_is_forbidden():
    batch = limit(["abcdefgh"], 3, Bytes([b"x", b"y"])).begun(["abc"])
    logprobs = torch.zeros(1, 2)
    assert batch(logprobs, logprobs, [[]]) is logprobs


def test_tokens_of_many_characters_are_found_by_how_they_begin():
    texts = TokenTexts(Bytes([b"stand", b" Standing", b"st", b"", b"s", b"other", b"  "]))
    assert texts.texts == ("stand", "standing", "st", "", "s", "other", "")
    assert sorted(texts.going_on("st")) == [0, 1, 2]
    assert texts.going_on("standings") == []
    assert set(texts.beginnings(5)) == {"stand", "other"}
    assert texts.longest == 8
    assert all(one <= other for one, other in pairwise(texts.texts[token] for token in texts.of_at_least(1)))


def test_tokens_that_change_how_their_neighbours_read_are_refused():
    class Doubling(Bytes):
        def decode(self, ids):
            return super().decode(ids).replace("ab", "ba")

    with pytest.raises(ModelError, match="change how those beside them read"):
        TokenTexts(Doubling([b"c", b"a", b"b"]))
