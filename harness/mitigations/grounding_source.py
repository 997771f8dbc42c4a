"""A source that answers are to rest on: a text, a folder of texts, or a data set, cut into passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.canonical import digest
from harness.contracts import Row
from harness.data import available, load
from harness.data.documents import passages
from harness.data.plain_text import blocks
from harness.data.reading import kind_of
from harness.data.third_party import read_bytes, unzipped
from harness.errors import DataError
from harness.records import Value

__all__ = ["FIELDS", "LONGEST", "Source", "read_source"]

LONGEST = 1000
"""Bytes of a passage, at most: some 160 words."""
FEWEST = 8
"""Words below which a paragraph, such as a heading, is read with the one after it."""
FIELDS = ("passage", "text", "context")
"""Where a row of a data set has its text; the first of these that it has."""
SUFFIXES = (".txt", ".md", ".txt.gz", ".md.gz")
"""What a folder holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is looked up.

    Attributes:
        passages: In the order of the source, each different, none blank.
        listed: Every text that stands in it by itself: paragraphs whole, and all fields of rows.
        digest: Of all passages, in order.
    """

    passages: tuple[str, ...]
    listed: tuple[str, ...]
    digest: str


@lru_cache(maxsize=4)
def read_source(name: str) -> Source:
    """Read the source ``name``.

    Args:
        name: Of a data set, as `harness.data.load` takes it; or the path of a text file, or of a folder that holds
            nothing but text files, those whose names begin with a dot aside. A data set comes before a folder of its
            name.

    Raises:
        DataError: it is not there, is no text, or holds none.
    """
    path = Path(name)
    if path.is_dir() and name not in {card.name for card in available()}:
        texts = listed = [one for file in _files(path) for one in _paragraphs(file)]
    elif path.is_file() and kind_of(name) in {None, ".txt"}:
        texts = listed = _paragraphs(path)
    else:
        rows = load(name).rows
        texts = [_text(row, f"{name}: row {number}") for number, row in enumerate(rows, start=1)]
        listed = [one for row in rows for one in _strings([*row.values()]) if one.strip()]
    cut = _cut(texts)
    if not cut:
        raise DataError(f"grounding: the source {name} holds no text. Name one that does.")
    return Source(cut, tuple(listed), str(digest([*cut])))


def _files(folder: Path) -> list[Path]:
    inside = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [one for one in inside if not any(part.startswith(".") for part in one.split("/"))]
    others = [one for one in names if not one.lower().endswith(SUFFIXES)]
    if others:
        raise DataError(
            f"grounding: the folder {folder} holds {len(others)} files that are not read as text, {others[0]!r} among"
            f" them. Leave nothing in it but {', '.join(SUFFIXES)}."
        )
    return [folder / one for one in names]


def _paragraphs(file: Path) -> list[str]:
    """Return what stands between blank lines, a heading with what it is the heading of."""
    try:
        text = unzipped(read_bytes(file), str(file)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 (byte {error.start}). Save the file as UTF-8.") from error
    found: list[str] = []
    waiting = ""
    for block in blocks(text):
        waiting = f"{waiting}\n{block}" if waiting else block
        if len(waiting.split()) >= FEWEST:
            found.append(waiting)
            waiting = ""
    return [*found, waiting] if waiting else found


def _text(row: Row, where: str) -> str:
    field = next((name for name in FIELDS if name in row), None)
    text = None if field is None else row[field]
    if not isinstance(text, str) or not text.strip():
        raise DataError(
            f"{where} has no text to answer from under {', '.join(map(repr, FIELDS))}."
            " Name a data set that has one in each row, or a text file."
        )
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise DataError(f"{where} holds half of a surrogate pair, which is no text. Take it out.")
    return text


def _cut(texts: Sequence[str]) -> tuple[str, ...]:
    """Cut long texts at sentences, and leave out what has been there before."""
    return tuple(dict.fromkeys(part for text in texts for part in passages(text, LONGEST)))


def _strings(values: Sequence[Value]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _strings([*value.values()])
        elif isinstance(value, list | tuple):
            yield from _strings(value)
