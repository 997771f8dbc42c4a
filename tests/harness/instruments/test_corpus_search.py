from __future__ import annotations

import json

import pytest

from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.errors import DataError, ModelError, UsageError
from harness.instruments.corpus_search import CorpusSearch
from harness.records import Reading
from harness.text.corpus import Sought, token_spans

PASSAGE = "Early on Monday the miller carried off a cracked bell behind the chapel, although the frost had come early."
OTHER = (
    "Late on Friday two ferrymen weighed a basket of eels under the long bridge, and nobody had asked for it at all."
)


@pytest.fixture
def file(tmp_path):
    """A corpus with one text of each half and one that is left out."""
    rows = [
        {"text": f"Nothing much. {PASSAGE}", "role": "member"},
        {"text": f"{OTHER} It rained.", "role": "nonmember"},
        {"text": "Seen for stopping only, and so neither of both.", "role": "validation"},
    ]
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def reading(path, text, at_least=10):
    data = load(str(path))
    return Reading("corpus_search", text, Sought(data.name, str(data.digest), at_least).context())


def read(instrument, *readings):
    return instrument.read(list(readings), NOTHING)


def test_copies_are_counted_in_both_halves_and_the_longest_is_placed(file):
    (found,) = read(CorpusSearch(), reading(file, f"Well: {PASSAGE} And then. {OTHER}"))
    size, other = len(token_spans(PASSAGE)), len(token_spans(OTHER))
    assert (found["copied"], found["longest"], found["tokens"]) == (size, size, 2 + size + 3 + other)
    assert (found["document"], found["offset"], found["occurrences"]) == (1, 4, 1)
    assert (found["unseen_copied"], found["unseen_longest"]) == (other, other)
    assert (found["corpus_tokens"], found["unseen_tokens"]) == (3 + size, other + 3)


def test_short_runs_are_told_and_are_no_copies(file):
    (found,) = read(CorpusSearch(), reading(file, "He saw the miller carried off a bell."))
    assert (found["copied"], found["longest"], found["occurrences"]) == (0, 5, 0)
    (left_out,) = read(CorpusSearch(), reading(file, "Seen for stopping only, and so neither of both."))
    assert left_out["copied"] == left_out["unseen_copied"] == 0


def test_every_reading_has_the_names_on_the_card_whatever_the_text(file, checked, hostile):
    checked(CorpusSearch(), [reading(file, text) for text in (*hostile, PASSAGE)])


def test_an_index_is_made_once_and_finds_the_same(file, tmp_path):
    wanted = [reading(file, PASSAGE), reading(file, "Nothing of the kind.")]
    plain = read(CorpusSearch(), *wanted)
    kept = CorpusSearch(index=str(tmp_path / "index"))
    assert read(kept, *wanted) == plain
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*") if path.is_file()}
    assert len(files) == 8
    assert read(CorpusSearch(index=str(tmp_path / "index")), *wanted) == plain
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_a_changed_text_gets_an_index_of_its_own(file, tmp_path):
    instrument = CorpusSearch(index=str(tmp_path / "index"))
    before = reading(file, PASSAGE)
    read(instrument, before)
    file.write_text(json.dumps({"text": "Something else in many words, of which none is of the passage."}))
    assert read(instrument, reading(file, PASSAGE))[0]["copied"] == 0
    assert len(list((tmp_path / "index").iterdir())) == 2
    with pytest.raises(DataError, match="the cases were made of"):
        read(CorpusSearch(), before)


def test_a_damaged_index_is_refused(file, tmp_path):
    wanted = reading(file, PASSAGE)
    read(CorpusSearch(index=str(tmp_path / "index")), wanted)
    next((tmp_path / "index").rglob("seen/text.npy")).write_bytes(b"short")
    with pytest.raises(DataError, match="was changed"):
        read(CorpusSearch(index=str(tmp_path / "index")), wanted)


@pytest.mark.parametrize("content", ['{"text": ""}', '{"text": " "}', '{"text": "a", "role": "nonmember"}'])
def test_a_corpus_without_a_word_to_search_is_refused(tmp_path, content):
    path = tmp_path / "empty.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match="no word in it"):
        read(CorpusSearch(), reading(path, "a"))


def test_what_is_trained_on_is_had_from_the_model_alone():
    wanted = Reading("corpus_search", "a", Sought("training", "sha256:0").context())
    with pytest.raises(ModelError, match="training data, which this backend does not know"):
        read(CorpusSearch(), wanted)
    with pytest.raises(UsageError, match="which corpus"):
        read(CorpusSearch(), Reading("corpus_search", "a"))
