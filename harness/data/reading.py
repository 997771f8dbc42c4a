"""Bytes of a data file → rows, or an error that names the line.

Rows keep the file's own keys and values. JSON numbers that are NaN or infinite are refused, as
is everything that evidence could not hold: a data set is quoted there.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from harness.canonical import loads
from harness.contracts import Row
from harness.data.plain_text import documents_in
from harness.errors import DataError

__all__ = ["SUFFIXES", "kind_of", "parse"]

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".txt")
"""Kinds of file that are read, each also with ``.gz`` after it."""
SPLITS = (".train", ".dev", ".test")
"""What may stand behind the kind: some sets name the parts of one file so, as in ``sentences.txt.dev``."""


def kind_of(path: str) -> str | None:
    """Return which of `SUFFIXES` ``path`` is, ``.gz`` and `SPLITS` aside; None for any other kind."""
    plain = Path(path.lower().removesuffix(".gz"))
    suffix = Path(plain.stem).suffix if plain.suffix in SPLITS else plain.suffix
    return suffix if suffix in SUFFIXES else None


def parse(data: bytes, name: str) -> list[Row]:
    """Read the content of the file called ``name``.

    Args:
        data: Its bytes, compressed where the name ends in ``.gz``.
        name: Decides the kind, and stands in every message.

    Returns:
        Rows in file order, at least one.

    Raises:
        DataError: unknown kind, broken compression, not UTF-8, a malformed line, or no rows at all.
    """
    kind = kind_of(name)
    if kind is None:
        raise DataError(f"{name}: this kind of file is not read. Give one of {', '.join(SUFFIXES)}, or .gz of them.")
    if name.lower().endswith(".gz"):
        data = _decompress(data, name)
    readers: Mapping[str, Callable[[str, str], list[Row]]] = {
        ".jsonl": _jsonl,
        ".json": _json,
        ".csv": _csv,
        ".tsv": _tsv,
        ".txt": _text,
    }
    rows = _parquet(data, name) if kind == ".parquet" else readers[kind](_decode(data, name), name)
    if not rows:
        raise DataError(f"{name}: the data set is empty. Add at least one row, or name another file.")
    return rows


def _decompress(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: not a whole gzip file ({error}). Get it again from its source.") from error


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")  # a byte-order mark, which spreadsheets write, is not data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}:{line}: not UTF-8 (byte {error.start}, 0x{data[error.start]:02x}). Save the file as UTF-8."
        ) from error


def _text(text: str, name: str) -> list[Row]:
    """Read the documents of a plain text, one row each with ``text`` alone."""
    del name
    return [{"text": document} for document in documents_in(text)]


def _jsonl(text: str, name: str) -> list[Row]:
    return list(_json_lines(text, name))


def _json_lines(text: str, name: str) -> Iterator[Row]:
    # Split at "\n" only: other Unicode line ends may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{name}:{number}: not JSON at column {error.colno}: {error.msg}. Correct it.") from error
        except ValueError as error:
            raise DataError(f"{name}:{number}: {error}. Write null for a missing number.") from error
        except RecursionError as error:
            raise DataError(f"{name}:{number}: nested too deeply to be a row. Flatten it.") from error
        yield _object(row, f"{name}:{number}")


def _object(row: Any, where: str) -> Row:
    if not isinstance(row, dict):
        raise DataError(f"{where}: a row is a JSON object, not {type(row).__name__}. Wrap it as {{...}}.")
    return row


def _json(text: str, name: str) -> list[Row]:
    """Read an array of objects, alone or as the only array in an object; or all arrays in the only object in it.

    Lists of texts in objects in an object, as BOLD has them (Dhamala et al. 2021, arXiv 2101.11718), become one row a
    text: its two keys as ``path``, its place in the list, and ``text``.
    """
    try:
        whole = loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{name}:{error.lineno}: not JSON at column {error.colno}: {error.msg}. Correct it.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: {error}. Correct the file.") from error
    if _holds_lists_of_texts(whole):
        return [
            {"path": [outer, inner], "place": place, "text": text}
            for outer, lists in whole.items()
            for inner, texts in lists.items()
            for place, text in enumerate(texts)
        ]
    if isinstance(whole, dict):
        arrays = [value for value in whole.values() if isinstance(value, list)]
        inner = [value for value in whole.values() if isinstance(value, dict)]
        if not arrays and len(inner) == 1 and all(isinstance(value, list) for value in inner[0].values()):
            arrays = [[row for rows in inner[0].values() for row in rows]]
        whole = arrays[0] if len(arrays) == 1 else whole
    if not isinstance(whole, list):
        raise DataError(f"{name}: no array of rows in it. Give [{{...}}, ...], or one row a line as .jsonl.")
    return [_object(row, f"{name}: row {number}") for number, row in enumerate(whole, start=1)]


def _holds_lists_of_texts(whole: Any) -> bool:
    """Whether ``whole`` is an object of objects of lists of nothing but texts, with one text at least."""
    if not (isinstance(whole, dict) and whole and all(isinstance(its, dict) for its in whole.values())):
        return False
    lists = [texts for its in whole.values() for texts in its.values()]
    texts = [text for its in lists if isinstance(its, list) for text in its]
    return all(isinstance(its, list) for its in lists) and bool(texts) and all(isinstance(text, str) for text in texts)


def _csv(text: str, name: str) -> list[Row]:
    """Read RFC 4180 with a header line; every value stays a string."""
    return _table(text, name, ",", csv.QUOTE_MINIMAL)


def _tsv(text: str, name: str) -> list[Row]:
    """Read a header line and values between tabs; quotation marks are letters like any other."""
    return _table(text, name, "\t", csv.QUOTE_NONE)


def _table(text: str, name: str, delimiter: str, quoting: Literal[0, 3]) -> list[Row]:
    """Return the rows below the header line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) != len(header):
            raise DataError(f"{name}:1: two columns share a name. Rename one of {header}.")
        rows: list[Row] = []
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                where = f"{name}:{reader.line_num}"
                raise DataError(
                    f"{where}: {len(values)} values for {len(header)} columns."
                    " Quote values that hold commas, and let none hold a tab between tabs."
                )
            rows.append(dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise DataError(f"{name}:{reader.line_num}: not CSV: {error}. Quote the value, or save as .jsonl.") from error
    return rows


def _parquet(data: bytes, name: str) -> list[Row]:
    # Imported here: listing data sets and planning on JSON or CSV do not need a columnar engine.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(pa.BufferReader(data)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name}: not a whole Parquet file ({error}). Write it again.") from error
    return [
        {key: _plain(value, f"{name}: row {n}, {key}") for key, value in row.items()} for n, row in enumerate(rows, 1)
    ]


def _plain(value: Any, where: str) -> Any:
    """Return what JSON can hold of a Parquet value; maps and structs come as dicts, lists as lists."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise DataError(f"{where}: {value} is not a number that evidence can hold. Write null instead.")
        return value
    if isinstance(value, list):
        return [_plain(item, where) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, where) for key, item in value.items()}
    raise DataError(f"{where}: values of type {type(value).__name__} are not read. Store text, numbers or lists.")
