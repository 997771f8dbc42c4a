"""Text files as training records: documents, cut into passages that belong together.

The unit is the document, never the passage: passages of one document are alike, so they must be on one side.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.data.content import examples_of, named
from harness.data.examples import Examples
from harness.data.plain_text import blocks
from harness.data.reading import kind_of, parse
from harness.data.third_party import read_bytes, unzipped
from harness.errors import DataError, UsageError

__all__ = ["PASSAGE_BYTES", "SHORTEST_PASSAGE", "document_file", "is_document_file", "passages"]

PASSAGE_BYTES = 254
"""Longest passage unless told otherwise: with a beginning and an end it makes 256 byte-level tokens."""

SHORTEST_PASSAGE = 16
"""Least that may be asked for as the longest passage; any character of Unicode fits in it."""

LINE_END = re.compile(r"(?P<after>\n)")
SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’)\]]*(?P<after>\s)")
SPACE = re.compile(r"(?P<after>\s)")


def is_document_file(name: str) -> bool:
    """Say whether a file so named is read as text: ``.txt``, ``.jsonl``, ``.parquet`` and the like, or .gz of them."""
    return kind_of(name) is not None


def document_file(path: Path, *, name: str | None = None, passage_bytes: int | None = None) -> Examples:
    """Read documents from a file.

    Args:
        path: A ``.txt`` file, whose documents stand between blank lines; or rows with a ``text`` each.
        name: As it was asked for; None takes the path.
        passage_bytes: Longest passage in bytes of UTF-8; None means `PASSAGE_BYTES`.

    Raises:
        DataError: it cannot be read, rows have no text, or there are fewer than two documents.
        UsageError: ``passage_bytes`` is too small.
    """
    return documents(read_bytes(path), path.as_posix(), name=name, passage_bytes=passage_bytes)


def documents(content: bytes, where: str, *, name: str | None = None, passage_bytes: int | None = None) -> Examples:
    """Read documents from the content of the file ``where``; see `document_file`."""
    longest = PASSAGE_BYTES if passage_bytes is None else passage_bytes
    if longest < SHORTEST_PASSAGE:
        raise UsageError(f"Passages of at most {longest} bytes are too short: allow {SHORTEST_PASSAGE} at least.")
    # Not the articles of WikiText, as elsewhere: the passages of a section are alike enough to be one unit.
    whole = _blocks(content, where) if kind_of(where) in {None, ".txt"} else _rows(content, where)
    parts = [passages(document, longest) for document in whole]
    units = [f"document/{number:06d}" for number in range(len(whole))]
    return examples_of(
        name or where,
        ids=[f"{unit}/{place}" for unit, its in zip(units, parts, strict=True) for place in range(len(its))],
        units=[unit for unit, its in zip(units, parts, strict=True) for _ in its],
        texts=[passage for its in parts for passage in its],
    )


def _blocks(content: bytes, where: str) -> list[str]:
    """Return the documents of a plain text file: what stands between blank lines."""
    try:
        text = unzipped(content, where).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 (byte {error.start}). Save the file as UTF-8.") from error
    found = blocks(text)
    if len(found) < 2:
        lines = sum(bool(line.strip()) for line in re.split(r"\r\n?|\n", text))
        raise DataError(
            f"{where}: {_counted(len(found), 'document')} in {_counted(lines, 'line')}; at least 2 documents are"
            " needed, since members and non-members are told apart by document. Put a blank line between documents, or"
            ' give a .jsonl file with one {"text": "..."} a line.'
        )
    return found


def _rows(content: bytes, where: str) -> list[str]:
    rows = parse(content, where)
    texts = [row.get("text") for row in rows]
    empty = [f"row {place}" for place, text in enumerate(texts, 1) if not _is_text(text)]
    if empty:
        columns = ", ".join(sorted({str(key) for row in rows[:100] for key in row}))
        raise DataError(
            f"{where}: {len(empty)} of {len(rows)} rows have no UTF-8 text under 'text': {named(empty)}."
            f" The first rows have: {named([columns])}. Name the column 'text', or remove those rows."
        )
    if len(rows) < 2:
        raise DataError(
            f"{where}: 1 document; at least 2 are needed, since members and non-members are told apart by document."
            " Add rows."
        )
    return [text.strip() for text in texts if isinstance(text, str)]


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _is_text(value: object) -> bool:
    """Say whether it is text that is not blank and has a UTF-8 form: JSON can spell half a character."""
    return isinstance(value, str) and bool(value.strip()) and not any("\ud800" <= sign <= "\udfff" for sign in value)


def passages(document: str, longest: int) -> list[str]:
    """Cut a document into passages of at most ``longest`` bytes of UTF-8.

    Each is cut at the last end of a line in its second half, else of a sentence, else of a word, else between two
    characters. Only white space at the cuts is lost.

    Args:
        document: Not blank.
        longest: At least `SHORTEST_PASSAGE`.
    """
    text, found, at = document.strip(), [], 0
    while at < len(text):
        end = at + _fitting(text[at : at + longest], longest)
        end = end if end == len(text) else _cut(text, at, end)
        found.append(text[at:end].rstrip())
        at = end
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _fitting(head: str, longest: int) -> int:
    """Return how many characters of ``head`` fit in ``longest`` bytes."""
    return len(head.encode()[:longest].decode("utf-8", "ignore"))


def _cut(text: str, start: int, end: int) -> int:
    """Return the best place to cut ``text`` after ``start`` and not after ``end``."""
    for boundary in (LINE_END, SENTENCE_END, SPACE):
        # One character beyond the end is looked at: white space there lets all before it stay.
        places = [match.end() - len(match["after"]) for match in boundary.finditer(text, start, end + 1)]
        last = max((place for place in places if place <= end), default=start)
        if last - start > (end - start) // 2 or (boundary is SPACE and last > start):
            return last
    return end
