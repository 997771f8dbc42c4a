"""What is found in a corpus is what a search by hand finds: every run, where it stands, how often, and no other."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydivsufsort import divsufsort

from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.errors import DataError
from harness.seeds import rng
from harness.text.corpus import FOUND, Place, Run, Sought, covered, gathered, token_spans
from harness.text.corpus_files import CARD, opened, saved
from harness.text.corpus_rows import has_unseen, seen, unseen


def by_hand(text):
    """Suffixes in order, as slowly and plainly as can be."""
    whole = text.tobytes()
    return np.array(sorted(range(len(whole)), key=lambda at: whole[at:]), np.int64)


def corpus(*documents, sort=divsufsort):
    return gathered((("a.txt", document) for document in documents), sort)


def tokens(text):
    return [text[start:end] for start, end in token_spans(text)]


def places(documents, wanted):
    """Document and offset of every occurrence of the tokens ``wanted``."""
    size = len(wanted)
    return [
        (number, at)
        for number, document in enumerate(map(tokens, documents))
        for at in range(len(document) - size + 1)
        if document[at : at + size] == wanted
    ]


def longest(documents, query, start):
    return max((n for n in range(1, len(query) - start + 1) if places(documents, query[start : start + n])), default=0)


def all_runs(documents, text, at_least):
    """Every copy in ``text`` that is part of no longer one, by comparing all with all."""
    query = tokens(text)
    spans = [(start, start + longest(documents, query, start)) for start in range(len(query))]
    whole = [(a, b) for a, b in spans if b - a >= at_least and not any(c < a and b <= d for c, d in spans)]
    found = []
    for a, b in whole:
        where = places(documents, query[a:b])
        first = tuple(Place("a.txt", document, offset) for document, offset in where[:FOUND])
        found.append(Run(a, b - a, len(where), first))
    return sorted(found, key=lambda run: (-run.length, run.start))


TEXTS = st.text(alphabet="ab. \né", max_size=24)


@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS, st.integers(1, 4), st.sampled_from([divsufsort, by_hand]))
def test_every_run_is_found_and_no_other(documents, text, at_least, sort):
    if not any(map(tokens, documents)):
        with pytest.raises(DataError, match="no word in it"):
            corpus(*documents, sort=sort)
        return
    made, query = corpus(*documents, sort=sort), tokens(text)
    assert made.matches(text) == [longest(documents, query, start) for start in range(len(query))]
    assert made.runs(text, at_least=at_least) == all_runs(documents, text, at_least)


def test_a_million_bytes_are_searched_as_a_plain_search_does():
    random = rng(0, "million")
    words = [f"w{number}" for number in range(300)]
    documents = [" ".join(random.choices(words, k=200)) for _ in range(1250)]
    made, whole = corpus(*documents), "\n".join(f" {document} " for document in documents)
    assert len(whole) > 1_000_000
    copied = tokens(random.choice(documents))[70:130]
    query = [*random.choices(words, k=10), *copied, *random.choices(words, k=10)]

    def stands(start, length):
        return f" {' '.join(query[start : start + length])} " in whole

    # As many tokens as stand there, and not one more: what is shorter stands where the longer does.
    for start, length in enumerate(made.matches(" ".join(query))):
        assert length == 0 or stands(start, length)
        assert start + length == len(query) or not stands(start, length + 1)
    (run,) = made.runs(" ".join(query), at_least=50)
    assert (run.count, run.length >= 60) == (1, True)
    assert run.start <= 10
    assert run.start + run.length >= 70


# ── what a run is ─────────────────────────────────────────────────────────────────────────


def test_runs_are_told_with_their_places_longest_first_and_how_often():
    made = gathered(
        [("a.txt", "the cat sat on the mat."), ("b.txt", "a dog, the cat sat down"), ("b.txt", "the cat sat on it")],
        divsufsort,
    )
    assert made.runs("he saw the cat sat on a dog, the", at_least=3) == [
        Run(2, 4, 2, (Place("a.txt", 0, 0), Place("b.txt", 2, 0))),
        Run(6, 4, 1, (Place("b.txt", 1, 0),)),
    ]
    assert covered(made.runs("he saw the cat sat on a dog, the", at_least=3)) == 8


def test_runs_that_overlap_are_both_told_and_their_tokens_counted_once():
    made = corpus("one two three four", "three four five six")
    runs = made.runs("one two three four five six", at_least=3)
    assert [(run.start, run.length) for run in runs] == [(0, 4), (2, 4)]
    assert covered(runs) == 6


def test_no_run_goes_from_one_document_into_the_next():
    made = corpus("alpha beta", "gamma delta")
    assert [run.length for run in made.runs("alpha beta gamma delta", at_least=1)] == [2, 2]
    assert made.runs("alpha beta gamma delta", at_least=3) == []


def test_white_space_does_not_matter_and_everything_else_does():
    made = corpus("It was,\n\tas they said,  late.")
    assert made.runs("It was, as they said, late.", at_least=8)[0].length == 9
    for other in ("it was, as they said, late.", "It was as they said, late.", "It was, as they say, late."):
        assert made.runs(other, at_least=9) == []


def test_a_word_is_no_copy_of_a_part_of_it():
    made = corpus("the cathedral stands")
    assert made.matches("the cat") == [1, 0]
    assert made.matches("he cathedral") == [0, 1]


def test_scripts_without_spaces_have_a_token_for_each_character():
    made = corpus("東京の古い図書館には鍵がある")
    assert made.runs("昔、図書館には鍵が", at_least=5)[0].length == 7
    assert tokens("สวัสดี abc") == [*"สวัสดี", "abc"]


def test_copies_longer_than_what_is_compared_at_once_are_followed_to_their_end():
    random = rng(1, "long")
    words = [f"word{random.randrange(10**6)}" for _ in range(3000)]
    made = corpus(" ".join(words), "something else")
    (run,) = made.runs(" ".join(["other", *words[100:2500], "other"]), at_least=50)
    assert (run.start, run.length, run.places) == (1, 2400, (Place("a.txt", 0, 100),))


@pytest.mark.parametrize("odd", ["", " ", "\ud800", "\x00", "\u202e", "a\u0301" * 40, "\U0010ffff", "x" * 5000])
def test_any_text_can_be_searched_for_and_searched(odd):
    made = corpus("plain words here", f"before {odd} after")
    assert len(made.matches(odd)) == len(tokens(odd))
    assert made.runs(f"before {odd} after", at_least=1)[0].length == len(tokens(odd)) + 2


def test_texts_shorter_than_a_run_hold_none():
    made = corpus("one two three")
    assert made.runs("one two three") == []
    assert made.runs("") == []
    with pytest.raises(ValueError, match="at least one"):
        made.runs("one", at_least=0)


def test_what_is_sought_is_read_as_it_was_written():
    sought = Sought("my/texts.jsonl", "sha256:00", 20)
    assert Sought.of(sought.context()) == sought
    for other in (None, "", "{}", "[1]", '{"corpus": "a"}'):
        with pytest.raises(ValueError, match="Sought"):
            Sought.of(other)


# ── kept in a folder ──────────────────────────────────────────────────────────────────────


def test_an_index_that_was_kept_finds_what_the_fresh_one_finds(tmp_path):
    fresh = gathered([("a.txt", "the cat sat on the mat"), ("é\ud800.txt", "the cat")], divsufsort, source="s")
    saved(fresh, tmp_path / "index")
    kept = opened(tmp_path / "index", source="s")
    assert kept.runs("a cat sat on the mat", at_least=1) == fresh.runs("a cat sat on the mat", at_least=1)
    assert [path.suffix for path in sorted((tmp_path / "index").iterdir())] == [".npy", ".json", ".npy", ".npy"]


def test_where_no_finished_index_is_there_is_none(tmp_path):
    assert opened(tmp_path, source="s") is None
    saved(corpus("a b c"), tmp_path)
    (tmp_path / CARD).unlink()
    assert opened(tmp_path, source="") is None


def changed_card(**changes):
    def change(folder):
        card = json.loads((folder / CARD).read_text())
        (folder / CARD).write_text(json.dumps({**card, **changes}))

    return change


def written(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def pickled(folder):
    np.save(folder / "text.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    digest = str(digest_bytes((folder / "text.npy").read_bytes()))
    digests = json.loads((folder / CARD).read_text())["digests"]
    changed_card(digests={**digests, "text.npy": digest})(folder)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (changed_card(schema=99), "version 99"),
        (changed_card(source="other"), "digest other"),
        (changed_card(digests={}), "text.npy was changed"),
        (written(CARD, b"{"), "not the card"),
        (written(CARD, b"[]"), "not the card"),
        (written("text.npy", b"other"), "text.npy was changed"),
        (written("suffixes.npy", b""), "suffixes.npy was changed"),
        (lambda folder: (folder / "documents.npy").unlink(), "documents.npy cannot be read"),
        (pickled, "cannot be read as part of an index"),
    ],
)
def test_an_index_of_another_text_or_version_or_a_damaged_one_is_refused(tmp_path, damage, reason):
    saved(gathered([("a", "one two three")], divsufsort, source="s"), tmp_path)
    damage(tmp_path)
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        opened(tmp_path, source="s")
    assert "Delete the folder" in str(caught.value)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be kept"):
        saved(corpus("a b"), tmp_path / "file")


# ── rows as documents ─────────────────────────────────────────────────────────────────────


def data(*rows):
    return Dataset("mine", "1", digest_bytes(b""), "unknown", rows, "file")


def test_parts_of_a_document_are_put_together_and_the_other_half_keeps_its_numbers():
    made = data(
        {"text": "one", "unit": "a", "role": "member"},
        {"text": "two", "unit": "a", "role": "member"},
        {"text": "three", "unit": "b", "role": "nonmember"},
        {"text": "four", "unit": "c", "role": "validation"},
        {"text": "five"},
        {"text": "six"},
    )
    assert list(seen(made)) == ["one\ntwo", "", "", "five", "six"]
    assert list(unseen(made)) == ["", "three", "", "", ""]
    assert has_unseen(made)
    assert not has_unseen(data({"text": "one"}))


@pytest.mark.parametrize("row", [{}, {"text": None}, {"text": 3}, {"text": "a", "role": "guest"}])
def test_rows_that_are_no_text_or_have_a_role_of_their_own_are_told_by_number(row):
    with pytest.raises(DataError, match="row 2"):
        list(seen(data({"text": "fine"}, row)))
