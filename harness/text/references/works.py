"""Rows in the names of CSL-JSON as one record: what an index knows of a work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.text.references.identifiers import Kind, canonical

__all__ = ["Work", "work_of"]

FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.DOI: ("DOI", "doi"),
    Kind.ARXIV: ("arxiv", "arXiv", "eprint"),
    Kind.ISBN: ("ISBN", "isbn"),
    Kind.PMID: ("PMID", "pmid"),
    Kind.URL: ("URL", "url"),
}
"""Kind of identifier → the keys under which rows have it."""


@dataclass(frozen=True, slots=True)
class Work:
    """One work.

    Attributes:
        id: Its key.
        kind: Type of work in the terms of CSL-JSON; empty where it is not known.
        title: Without mark-up.
        authors: Family name and given name of each; the latter may be empty.
        year: Of publication; None where it is not known.
        identifiers: Sound identifiers, kind before canonical form, in the order of `Kind`.
        written: The same as they stand in the row.
        field: Subject label; empty where there is none.
        text: Abstract or text; empty where there is none.
        doubtful: Identifiers that are given and not sound.
    """

    id: str
    kind: str
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int | None
    identifiers: tuple[tuple[str, str], ...]
    written: tuple[tuple[str, str], ...]
    field: str
    text: str
    doubtful: tuple[str, ...] = ()


def work_of(row: Mapping[str, Any], *, default: str = "") -> Work:
    """Read a row.

    Args:
        row: ``title`` is needed; ``issued`` is a year, a date as text, or an object with ``date-parts``.
        default: Key of a row that has none.

    Raises:
        ValueError: there is no title.
        TypeError: a field holds what it cannot.
    """
    title = row.get("title")
    if not isinstance(title, str) or not re.search(r"\w", title):
        raise ValueError("'title' is missing or empty")
    sound: list[tuple[str, str]] = []
    written: list[tuple[str, str]] = []
    doubtful: list[str] = []
    for kind, keys in FIELDS.items():
        for text in _several(next((row[key] for key in keys if row.get(key)), ""), kind):
            value = canonical(kind, text)
            if value is None:
                doubtful.append(text)
            elif (str(kind), value) not in sound:
                sound.append((str(kind), value))
                written.append((str(kind), text))
    return Work(
        id=str(row.get("id") or row.get("citation-key") or default),
        kind=str(row.get("type") or ""),
        title=" ".join(title.split()),
        authors=_authors(row.get("author")),
        year=_year(row.get("issued")),
        identifiers=tuple(sound),
        written=tuple(written),
        field=str(row.get("field") or ""),
        text=str(row.get("abstract") or row.get("text") or "").strip(),
        doubtful=tuple(doubtful),
    )


def _several(value: object, kind: Kind) -> list[str]:
    """Return the identifiers of one field; some hold several book numbers."""
    text = str(value).strip()
    if kind is Kind.ISBN:
        return [part for part in re.split(r"[,;/]\s*|\s(?=97[89])", text) if part.strip()]
    return [text] if text else []


def _authors(value: object) -> tuple[tuple[str, str], ...]:
    if value in (None, ""):
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError("'author' must be a list of names")
    names = []
    for name in value:
        if not isinstance(name, Mapping):
            raise TypeError("'author' must be a list of objects with family and given")
        family = str(name.get("family") or name.get("literal") or "").strip()
        if family:
            names.append((family, str(name.get("given") or "").strip()))
    return tuple(names)


def _year(value: object) -> int | None:
    if isinstance(value, Mapping):
        parts = value.get("date-parts")
        first = parts[0] if isinstance(parts, Sequence) and parts else None
        value = first[0] if isinstance(first, Sequence) and first else value.get("raw") or value.get("literal")
    match = re.search(r"\d{4}", str(value)) if value is not None else None
    return int(match[0]) if match else None
