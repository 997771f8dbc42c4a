from __future__ import annotations

import gzip
import io
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.reading import kind_of, parse
from harness.errors import DataError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def parquet(rows) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=5))
def test_json_lines_give_back_what_was_written(rows):
    assert parse(json_lines(rows), "x.jsonl") == rows


def json_lines(rows) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "X.CSV", "x.parquet", "x.jsonl.gz", "x.csv.gz", "x.parquet.gz"])
def test_every_kind_of_file_gives_the_same_rows(name):
    rows = [{"id": "1", "text": "a, “b”\nc"}, {"id": "2", "text": "d"}]
    data = {
        "jsonl": json_lines(rows),
        "json": json.dumps(rows).encode(),
        "csv": 'id,text\r\n1,"a, “b”\nc"\r\n2,d\r\n'.encode(),
        "parquet": parquet(rows),
    }[name.lower().removesuffix(".gz").partition(".")[2]]
    assert parse(gzip.compress(data) if name.endswith(".gz") else data, name) == rows


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv"])
def test_a_byte_order_mark_is_no_part_of_the_data(name):
    data = {"x.jsonl": b'{"id": "1"}', "x.json": b'[{"id": "1"}]', "x.csv": b"id\n1\n"}[name]
    assert parse(b"\xef\xbb\xbf" + data, name) == [{"id": "1"}]


def test_the_only_array_in_an_object_holds_the_rows():
    assert parse(b'{"name": "x", "examples": [{"id": 1}]}', "x.json") == [{"id": 1}]


def test_the_arrays_in_the_only_object_in_an_object_hold_the_rows_one_after_the_other():
    whole = b'{"version": "1", "data": {"second": [{"id": 1}], "first": [{"id": 2}, {"id": 3}]}}'
    assert parse(whole, "x.json") == [{"id": 1}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize(
    "whole", [b'{"data": {"a": [], "b": 1}}', b'{"a": {"x": []}, "b": {"x": []}}', b'{"a": [], "b": []}', b"3"]
)
def test_which_of_several_things_in_an_object_are_rows_is_not_guessed(whole):
    with pytest.raises(DataError, match="no array of rows"):
        parse(whole, "x.json")


def test_between_tabs_a_quotation_mark_is_a_letter_like_any_other():
    assert parse(b'id\ttext\n1\tShe said "no\n2\t"yes", he said\r\n', "x.tsv") == [
        {"id": "1", "text": 'She said "no'},
        {"id": "2", "text": '"yes", he said'},
    ]


@pytest.mark.parametrize("name", ["x.txt.dev", "X.TXT.TEST", "x.txt.train.gz", "x.txt"])
def test_the_name_of_a_part_may_stand_behind_the_kind(name):
    data = b"one\ntwo\n"
    assert parse(gzip.compress(data) if name.endswith(".gz") else data, name) == [{"text": "one\ntwo"}]


@pytest.mark.parametrize("name", ["x.dev", "x.test", "dev", "x.txt.eval", "x.txt.dev.test", ".txt.dev2"])
def test_a_part_of_no_known_kind_is_not_read(name):
    assert kind_of(name) is None


def test_line_separators_inside_a_string_end_no_line():
    assert parse('{"a": "one\u2028two"}\n\n{"a": "three"}\r\n'.encode(), "x.jsonl") == [
        {"a": "one\u2028two"},
        {"a": "three"},
    ]


def test_an_unnamed_column_keeps_its_empty_name():
    assert parse(b",a\n0,x\n", "x.csv") == [{"": "0", "a": "x"}]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.jsonl", b'{"a": 1}\n{"a": \n', r"x\.jsonl:2: not JSON at column 7"),
        ("x.jsonl", b'{"a": 1}\n[1]\n', r"x\.jsonl:2: a row is a JSON object, not list"),
        ("x.jsonl", b'{"a": NaN}\n', r"x\.jsonl:1: NaN is not allowed"),
        ("x.jsonl", b'{"a":' * 100_000, r"x\.jsonl:1: nested too deeply"),
        ("x.jsonl", b'{"a": 1}\n\xff\n', r"x\.jsonl:2: not UTF-8 \(byte 9, 0xff\)"),
        ("x.jsonl", b"\n \n", r"x\.jsonl: the data set is empty"),
        ("x.json", b'[{"a": 1},\n2]', r"x\.json: row 2: a row is a JSON object, not int"),
        ("x.json", b'{"a": 1}', r"x\.json: no array of rows"),
        ("x.json", b"[\n{", r"x\.json:2: not JSON"),
        ("x.json", b"[]", "is empty"),
        ("x.csv", b"a,b\n1,2\n3\n", r"x\.csv:3: 1 values for 2 columns"),
        ("x.tsv", b"a\tb\n1\t2\t3\n", r"x\.tsv:2: 3 values for 2 columns"),
        ("x.csv", b"a,a\n1,2\n", r"x\.csv:1: two columns share a name"),
        ("x.csv", b'a\n"b" c\n', r"x\.csv:2: not CSV"),
        ("x.csv", b"a,b\n", "is empty"),
        ("x.csv", b"", "is empty"),
        ("x.parquet", b"PAR1", "not a whole Parquet file"),
        ("x.jsonl.gz", b"not gzip", "not a whole gzip file"),
        ("x.jsonl.gz", gzip.compress(b'{"a": 1}', mtime=0)[:-5], "not a whole gzip file"),
        ("x.xml", b"<a/>", "this kind of file is not read"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(name, data, says):
    with pytest.raises(DataError, match=says):
        parse(data, name)


def test_values_that_evidence_cannot_hold_are_refused():
    with pytest.raises(DataError, match=r"row 1, when: values of type date"):
        parse(parquet([{"when": date(2026, 1, 1)}]), "x.parquet")
    with pytest.raises(DataError, match=r"row 2, x: nan"):
        parse(parquet([{"x": 1.0}, {"x": float("nan")}]), "x.parquet")


def test_nested_parquet_values_come_as_lists_and_objects():
    assert parse(parquet([{"a": ["x"], "b": {"c": 1.5}}]), "x.parquet") == [{"a": ["x"], "b": {"c": 1.5}}]


@given(st.binary(max_size=200), st.sampled_from(["x.jsonl", "x.json", "x.csv", "x.parquet", "x.jsonl.gz"]))
def test_any_bytes_give_rows_or_a_clear_refusal(data, name):
    rows, told = [], name
    try:
        rows = parse(data, name)
    except DataError as error:
        told = str(error)
    assert name in told
    assert rows or told != name


def test_the_kind_of_a_file_is_told_by_its_name():
    assert [kind_of(name) for name in ("a/b.JSONL", "b.csv.gz", "b.txt", "b.txt.gz", "b.md", "b", "b.gz")] == [
        ".jsonl",
        ".csv",
        ".txt",
        ".txt",
        None,
        None,
        None,
    ]


def test_documents_of_a_plain_text_stand_between_blank_lines():
    text = "\n  The first,\nof two lines.  \r\n\r\n \t\nThe second.\n\n\n"
    assert parse(text.encode(), "x.txt") == [{"text": "The first,\nof two lines."}, {"text": "The second."}]
    assert parse(gzip.compress(text.encode()), "x.txt.gz") == parse(text.encode(), "x.txt")
    with pytest.raises(DataError, match="empty"):
        parse(b" \n\n ", "x.txt")
    with pytest.raises(DataError, match=r"x.txt:2: not UTF-8"):
        parse(b"a\n\xff", "x.txt")


def test_documents_of_wikitext_are_its_articles():
    text = " \n = One = \n \n Text . \n \n = = Part = = \n \n More , a = b = c . \n \n = Two + 2 = \n \n End . \n"
    first, second = parse(text.encode(), "x.txt")
    assert first["text"].splitlines()[0] == "= One = "
    assert "= = Part = =" in first["text"]
    assert first["text"].endswith("a = b = c .")
    assert second["text"].split("\n")[0] == "= Two + 2 = "
    # A heading that does not come first is part of a text of another kind.
    assert len(parse(f"Note.\n\n{text}".encode(), "x.txt")) > 2
