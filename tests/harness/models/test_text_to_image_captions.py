"""Captions as tokens of bytes, in the format of CLIP's tokenizer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.text_to_image_captions import END, START, Captions, asked_prompts, captions_of, class_prompts


@pytest.fixture(scope="module")
def captions():
    return Captions.of_bytes(12)


def records(*, texts=None, labels=None, classes=()):
    n = len(texts if texts is not None else labels if labels is not None else "ab")
    ids = tuple(f"p{row}" for row in range(n))
    images = np.zeros((n, 8, 8, 1), np.uint8)
    its = None if labels is None else np.array(labels)
    return Examples("made up", digest_bytes(b""), ids, ids, images=images, texts=texts, labels=its, classes=classes)


def test_a_caption_is_start_bytes_end_and_filling(captions):
    row = captions.rows(["a dog"])[0].tolist()
    assert captions.tokenizer.convert_ids_to_tokens(row[:7]) == [
        *("<|startoftext|>", "a</w>", "d", "o", "g</w>", "<|endoftext|>", "<|endoftext|>")
    ]
    assert (row[0], set(row[5:])) == (START, {END})
    assert captions.rows([]).shape == (0, 12)


def test_case_and_gaps_make_no_difference(captions):
    assert captions.rows(["A  Dog"]).tolist() == captions.rows(["a dog"]).tolist()


@given(st.text(max_size=60))
def test_every_text_has_tokens_or_a_problem(captions, text):
    problem = captions.problem(text)
    if problem:
        assert "surrogate" in problem or "tokens with start and end, of which this model reads 12" in problem
    else:
        row = captions.rows([text])[0]
        assert row.shape == (12,)
        assert 0 <= int(row.min()) <= int(row.max()) <= END


def test_tokens_are_those_the_pipeline_makes(captions):
    texts = ["a dog", "", "3 é ☃!", "it's"]
    theirs = captions.tokenizer(texts, padding="max_length", max_length=12, return_tensors="pt").input_ids
    assert captions.rows(texts).tolist() == theirs.tolist()


def test_the_first_caption_that_does_not_fit_is_named(captions):
    assert captions.first_problem(["a dog", "a hippopotamus", "a rhinoceros"])[0] == 1
    assert captions.first_problem(["a dog"] * 3) is None
    assert "surrogate" in captions.problem("a \ud800 dog")


def test_a_saved_tokenizer_is_read_here_and_by_transformers(captions, tmp_path):
    captions.save(tmp_path)
    assert Captions.open(tmp_path).rows(["a dog"]).tolist() == captions.rows(["a dog"]).tolist()
    theirs = CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert theirs("a dog", padding="max_length").input_ids == captions.rows(["a dog"])[0].tolist()
    # What releases before 5 read.
    assert {"vocab.json", "merges.txt"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("content", [None, "nonsense", "{}"])
def test_a_broken_tokenizer_is_refused(captions, tmp_path, content):
    captions.save(tmp_path)
    (tmp_path / "tokenizer.json").unlink() if content is None else (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match="again"):
        Captions.open(tmp_path)


def test_records_without_captions_are_called_by_their_class():
    assert captions_of(records(texts=("x", "y")), "a {}") == ("x", "y")
    assert captions_of(records(labels=(1, 0), classes=("cat", "dog")), "a {}") == ["a dog", "a cat"]
    with pytest.raises(DataError, match="neither captions nor classes"):
        captions_of(records(), "a {}")


def test_a_class_is_asked_for_by_the_caption_all_its_records_share():
    its = records(
        texts=("the one", "a red cat", "the one", "a blue cat"), labels=(0, 1, 0, 1), classes=("1", "cat", "2")
    )
    assert class_prompts(its, "a {}") == ("the one", "cat", "2")
    assert class_prompts(records(labels=(0, 1), classes=("cat", "dog")), "a {}") == ("a cat", "a dog")
    assert class_prompts(records(texts=("x", "y")), "a {}") == ()


def test_a_caption_that_one_record_has_does_not_become_public():
    alone = records(texts=("the one", "the one", "my neighbour's cat"), labels=(0, 0, 1), classes=("1", "cat"))
    assert class_prompts(alone, "a {}") == ("the one", "cat")


@pytest.mark.parametrize(
    ("prompts", "says"), [(None, "none were given"), (["a"], "1 were given for 2"), (["a", "b" * 20], "Prompt 1")]
)
def test_prompts_that_cannot_be_drawn_are_refused(captions, prompts, says):
    with pytest.raises(UsageError, match=says):
        asked_prompts(captions, prompts, 2)
