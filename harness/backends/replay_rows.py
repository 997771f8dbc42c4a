"""Rows of a file of recorded outputs, each with its place: JSON lines, CSV (either may be .gz), Parquet."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from harness.canonical import loads
from harness.errors import DataError

__all__ = ["PlacedRow", "read_rows"]

ROWS_AT_ONCE = 4096
"""Parquet rows turned into Python objects at a time."""

CheckColumns = Callable[[str, Collection[str]], None]


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """One row and where it stands, ``file:line`` (``file: row n`` in Parquet, which has no lines).

    Cells that say nothing (null, or an empty CSV cell) are left out, except for empty texts.
    """

    place: str
    values: Mapping[str, Any]


def read_rows(path: Path, *, check_columns: CheckColumns) -> Iterator[PlacedRow]:
    """Yield the rows of ``path`` in order.

    Args:
        path: The ending tells the format.
        check_columns: Called with a place and the columns found there, once for CSV and Parquet,
            for each row of JSON lines; raises what it will.

    Raises:
        DataError: the file is malformed; names the line.
        OSError: it cannot be read.
    """
    name = path.name.lower().removesuffix(".gz")
    ending = name.rpartition(".")[2]
    readers = {"jsonl": _json_lines, "ndjson": _json_lines, "json": _json_lines, "csv": _csv, "parquet": _parquet}
    if ending not in readers:
        raise DataError(
            f"{path}: the ending tells the format, and this one is not known. Use .jsonl, .csv or .parquet"
            " (.jsonl and .csv may also end in .gz)."
        )
    try:
        yield from readers[ending](path, check_columns)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: the compressed file is damaged ({error}). Write or copy it again.") from error


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


def _json_lines(path: Path, check_columns: CheckColumns) -> Iterator[PlacedRow]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                row = loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{place}: not JSON ({error}). Each line is one JSON object; repair this one."
                ) from error
            if not isinstance(row, dict):
                raise DataError(f"{place}: a JSON {type(row).__name__}, not an object. Each line is one JSON object.")
            check_columns(place, row.keys())
            yield PlacedRow(place, {key: value for key, value in row.items() if value is not None})


def _csv(path: Path, check_columns: CheckColumns) -> Iterator[PlacedRow]:
    with _opened(path) as file:
        # Decoded line by line, so that a bad byte is found on its own line; spreadsheets put a mark before the first.
        lines = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(file))
        reader = csv.reader(lines, strict=True)
        columns: list[str] = []
        try:
            for row in reader:
                place = f"{path}:{reader.line_num}"
                if not columns:
                    columns = row
                    if len(set(columns)) < len(columns):
                        raise DataError(f"{place}: two columns have the same name. Rename one.")
                    check_columns(place, columns)
                elif row:
                    yield PlacedRow(place, _cells(place, columns, row))
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}:{reader.line_num + isinstance(error, UnicodeDecodeError)}: not CSV in UTF-8 ({error})."
                " Repair this row, or save the file as JSON lines."
            ) from error


def _cells(place: str, columns: list[str], row: list[str]) -> dict[str, str]:
    if len(row) != len(columns):
        raise DataError(
            f"{place}: {len(row)} cells under {len(columns)} columns. Quote cells that hold commas or lines."
        )
    cells = dict(zip(columns, row, strict=True))
    return {name: cell for name, cell in cells.items() if cell or name in ("text", "reply", "prompt")}


def _parquet(path: Path, check_columns: CheckColumns) -> Iterator[PlacedRow]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            check_columns(str(path), file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield PlacedRow(f"{path}: row {number}", {k: v for k, v in row.items() if v is not None})
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a Parquet file that can be read ({error}). Write or copy it again.") from error
