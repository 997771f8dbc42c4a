from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.documents import document_file, documents, is_document_file, passages
from harness.errors import DataError, UsageError


def lines(*rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_documents_of_a_text_file_stand_between_blank_lines(tmp_path):
    path = tmp_path / "plays.txt"
    path.write_bytes(b"\xef\xbb\xbfFirst:\r\nSpeak.\r\n\r\n \r\nSecond:\nNo.\n\n\n")
    found = document_file(path)
    assert found.texts == ("First:\nSpeak.", "Second:\nNo.")
    assert found.units == ("document/000000", "document/000001")
    assert found.ids == ("document/000000/0", "document/000001/0")
    assert (found.images, found.labels, found.classes) == (None, None, ())


def test_every_row_with_a_text_is_a_document(tmp_path):
    rows = [{"text": "One line.\n\nStill one document."}, {"text": "Two."}]
    (tmp_path / "a.jsonl").write_bytes(lines(*rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(*rows)))
    found = [document_file(tmp_path / name) for name in ("a.jsonl", "a.parquet", "a.jsonl.gz")]
    assert found[0].texts == ("One line.\n\nStill one document.", "Two.")
    assert len({its.digest for its in found}) == 1


def test_passages_of_a_document_share_its_unit():
    found = documents(b"word " * 100 + b"\n\nshort", "x.txt", passage_bytes=100)
    assert set(found.units) == {"document/000000", "document/000001"}
    assert found.ids[:2] == ("document/000000/0", "document/000000/1")
    assert all(len(text.encode()) <= 100 for text in found.texts)


def test_a_passage_ends_with_a_line_else_a_sentence_else_a_word():
    assert passages("the first line\nthe second line", 20) == ["the first line", "the second line"]
    assert passages("One is here. Two is there", 20) == ["One is here.", "Two is there"]
    assert passages("seven words without any end of sentence", 20) == ["seven words without", "any end of sentence"]
    assert passages("abcdefghij" * 4, 16) == ["abcdefghijabcdef", "ghijabcdefghijab", "cdefghij"]
    # Nothing is gained by cutting where all that stands before white space fits exactly.
    assert passages("0123456789abcdef next", 16) == ["0123456789abcdef", "next"]


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(16, 60))
def test_no_character_is_lost_and_no_passage_is_too_long(text, longest):
    found = passages(text, longest)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(passage.encode()) <= longest and passage == passage.strip() for passage in found)


def test_a_long_document_is_cut_in_linear_time():
    found = passages("one two three four five. " * 40_000, 254)
    assert 3_900 < len(found) < 6_000


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"just one line", "x.txt", "1 document in 1 line; "),
        (b"no blank\nline here\n", "x.txt", "1 document in 2 lines; at least 2 documents are needed"),
        (b"", "x.txt", "0 documents"),
        (b"\xff\xfe", "x.txt", "not UTF-8"),
        (b"\x1f\x8bbroken", "x.txt.gz", "not a whole gzip file"),
        (lines({"text": "alone"}), "x.jsonl", "1 document; at least 2"),
        (lines({"text": "a"}, {"body": "b"}, {"text": " "}, {"text": 3}), "x.jsonl", "3 of 4 rows have no UTF-8 text"),
        (b'{"text": "a"}\n{"text": "\\ud800"}', "x.jsonl", "1 of 2 rows"),
        (lines({"body": "a"}, {"body": "b"}), "x.jsonl", "The first rows have: body"),
    ],
)
def test_a_file_without_documents_is_refused_with_the_reason(content, name, told):
    with pytest.raises(DataError) as refused:
        documents(content, name)
    assert told in str(refused.value)
    assert name in str(refused.value)


def test_passages_too_short_for_any_model_are_refused():
    with pytest.raises(UsageError, match="allow 16 at least"):
        documents(b"a\n\nb", "x.txt", passage_bytes=3)


def test_files_are_told_by_their_names():
    assert all(map(is_document_file, ("a.txt", "A.TXT.gz", "b.jsonl", "c.parquet", "d.jsonl.gz")))
    assert not any(map(is_document_file, ("a.pdf", "b.docx", "txt")))
