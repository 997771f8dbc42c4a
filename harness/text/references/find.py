"""A reply → the references in it, each with what is said of its work.

A reference is an identifier with the line that it stands in, or a title with authors or a year and no identifier.
Several identifiers in one line share it out between them; one that stands alone in its line belongs to the line before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.text.references.identifiers import Identifier, identifiers
from harness.text.references.titles import named, titles, words

__all__ = ["MOST_TEXT", "Reference", "references"]

MOST_TEXT = 10_000
"""Characters of a reply that are looked at."""
MOST = 50
"""References of one reply."""
BIBTEX = re.compile(r"@[a-zA-Z]+\s*\{")
BULLET = re.compile(r"^\s*(?:[-*•·]|\[?\d{1,3}[\].)]|\(\d{1,3}\))\s+")
BOOKKEEPING = re.compile(
    r"\b(?:doi|arxiv|isbn|pmid|pubmed|url|link|id|identifier|available|at|see|source|reference|the|is|of|and|or|from"
    r"|https?|www|article|paper|book|work|this|for|it|preprint)\b|[\d\W_]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference.

    Attributes:
        identifier: What it is looked up by; None where there is only a title.
        titles: What it may say that the work is called, surest first.
        said: All that is said of the work, the identifier taken out.
    """

    identifier: Identifier | None
    titles: tuple[str, ...]
    said: str


def references(text: str) -> list[Reference]:
    """Return the references of ``text``, of a long one of its beginning, in order; the same identifier counts once."""
    found: list[Reference] = []
    known: set[tuple[str, str]] = set()
    for said, inside in _joined(list(_entries(text[:MOST_TEXT]))):
        if not inside:
            found += _by_title(said)
        for part, identifier in _shared_out(said, inside):
            form = (str(identifier.kind), identifier.value or identifier.text)
            if form not in known:
                known.add(form)
                found.append(Reference(identifier, tuple(titles(part)), part))
    return found[:MOST]


def _entries(text: str) -> Iterator[str]:
    """Yield BibTeX entries whole, the rest line by line without bullets."""
    at = 0
    while at < len(text):
        match = BIBTEX.search(text, at)
        before = text[at : match.start() if match else len(text)]
        yield from (BULLET.sub("", line).strip() for line in before.splitlines() if line.strip())
        if match is None:
            return
        end = _closed(text, match.end())
        yield text[match.start() : end]
        at = end


def _closed(text: str, start: int) -> int:
    """Return the place behind the brace that closes the one before ``start``; the end where there is none."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def _joined(entries: list[str]) -> list[tuple[str, list[Identifier]]]:
    """Pair entries with their identifiers; one that is nothing but identifiers joins the entry before it."""
    found: list[tuple[str, list[Identifier]]] = []
    for entry in entries:
        said, inside = entry, identifiers(entry)
        if inside and found and not found[-1][1] and not _about(_without(entry, inside)):
            said = f"{found.pop()[0]} {entry}"
            inside = identifiers(said)
        found.append((said, inside))
    return found


def _shared_out(said: str, inside: list[Identifier]) -> Iterator[tuple[str, Identifier]]:
    """Yield for each identifier the part of the entry up to it, for the last one all that is left."""
    start = 0
    for number, identifier in enumerate(inside):
        end = len(said) if number == len(inside) - 1 else identifier.end
        part = said[start : identifier.start] + " " + said[identifier.end : end]
        yield " ".join(part.split()), identifier
        start = identifier.end


def _by_title(said: str) -> list[Reference]:
    """Return the reference by title alone that the entry is, where it is one."""
    found = [title for title in titles(said) if len(words(title)) > 1 or BIBTEX.match(said)]
    return [Reference(None, tuple(found), said)] if found and (named(said) or BIBTEX.match(said)) else []


def _without(entry: str, inside: list[Identifier]) -> str:
    for identifier in reversed(inside):
        entry = entry[: identifier.start] + " " + entry[identifier.end :]
    return entry


def _about(rest: str) -> bool:
    """Whether anything is said of a work beside words that introduce an identifier."""
    return bool(BOOKKEEPING.sub("", rest))
