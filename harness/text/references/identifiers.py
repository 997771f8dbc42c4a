"""Identifiers of works in hostile text: where they stand, their one form, and whether they keep their own rules.

What is called a DOI, an arXiv identifier, an ISBN or a PubMed number, or begins like an address, is found whether it is
sound or not; without such a word before it, only what is unmistakably one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from harness.text.references.isbn import isbn13

__all__ = ["Identifier", "Kind", "canonical", "identifiers"]


class Kind(StrEnum):
    """What an identifier is."""

    DOI = "doi"
    ARXIV = "arxiv"
    ISBN = "isbn"
    PMID = "pmid"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier.

    Attributes:
        kind: What it is, or is called.
        value: Its one form (`canonical`); None where it breaks the rules of its kind.
        text: As written.
        start: Offset of its first character, the word that names its kind included.
        end: Offset behind its last.
    """

    kind: Kind
    value: str | None
    text: str
    start: int
    end: int


MOST = 200
"""Characters of one identifier."""
DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+", re.IGNORECASE)
INSIDE = re.compile(r"(?<=/)10\.\d{4,9}(?:\.\d+)*/")
NEW_ARXIV = re.compile(r"(\d{2})(0[1-9]|1[0-2])\.(\d{4,5})(?:v\d+)?")
OLD_ARXIV = re.compile(r"([a-z]+(?:-[a-z]+)?)(?:\.[a-z]{2})?/(\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v\d+)?", re.IGNORECASE)
ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(\S+)", re.IGNORECASE)
FIRST, LONGER = "0704", "1501"
"""Year and month of the first identifiers with a full stop in them, and of the first with five digits behind it."""
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)

WORDS = r"(?:\s+(?:number|no\.?|id|identifier|code|preprint|e-?print|paper|is|of))*"
CUED: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        Kind.DOI,
        re.compile(
            r"(?:https?://)?(?:www\.)?(?:dx\.)?doi\.org/\s?(?P<id>[^\s\"<>{}|\\^`]{1,200})"
            rf"|\bdoi{WORDS}\s*[:=]?\s*[\[({{\"'*_`]*(?:doi:\s*)?(?=\S{{0,40}}\d)(?P<bare>[^\s\"{{}}|\\^`]{{1,200}})"
            r"|\bdoi\b[^\n]{0,300}?\bis:?\s+[\"'*_`(\[]*(?=\S{0,40}\d)(?P<far>[^\s\"<>{}|\\^`]{1,200})",
            re.IGNORECASE,
        ),
    ),
    (
        Kind.ARXIV,
        re.compile(
            r"(?:https?://)?(?:www\.)?arxiv\.org/(?:abs|pdf|html|format|e-print)/(?P<id>[^\s\"<>{}|\\^`]{1,100})"
            rf"|\barxiv{WORDS}\s*[:=.]?\s*[\[(\"'*_`]*(?:arxiv:\s*)?(?P<bare>[\w.\-/]*\d[\w.\-/]*)"
            r"|\beprint\s*=\s*[{\"](?P<far>[\w.\-/:]*\d[\w.\-/]*)",
            re.IGNORECASE,
        ),
    ),
    (
        Kind.ISBN,
        re.compile(
            rf"\bisbn(?:[- ]?1[03])?(?:\s*\([^)\n]{{1,20}}\))?{WORDS}\s*[:=#]?\s*[{{\"'*_`(]*"
            r"(?P<id>\d[\d\u2010-\u2015 \-]{1,25}[\dXx])"
            r"|\bisbn\b[^\n]{0,300}?\bis:?\s+[\"'*_`(\[]*(?P<far>\d[\d\u2010-\u2015 \-]{1,25}[\dXx])",
            re.IGNORECASE,
        ),
    ),
    (
        Kind.PMID,
        re.compile(
            r"(?:https?://)?(?:pubmed\.ncbi\.nlm\.nih\.gov|(?:www\.)?ncbi\.nlm\.nih\.gov/pubmed)/(?P<id>\w+)/?"
            rf"|\b(?:pmid|pubmed(?: id)?){WORDS}\s*[:=]?\s*[{{\"']*(?P<bare>\d[\w.]*)",
            re.IGNORECASE,
        ),
    ),
)
BARE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.DOI, re.compile(r"(?<![\w.])(?P<id>10\.\d{4,9}(?:\.\d+)*/[^\s\"{}|\\^`]{1,200})")),
    (Kind.ISBN, re.compile(r"(?<![\w\-])(?P<id>97[89][\- ]?(?:\d[\- ]?){9}\d)(?![\w\-])")),
)
WHOLE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.ARXIV, re.compile(r"\W*(?P<id>\d{4}\.\d{4,5}(?:v\d+)?)\W*")),
    (Kind.ISBN, re.compile(r"[^\w\-]*(?P<id>(?:97[89][\- ]?)?(?:\d[\- ]?){9}[\dXx])[^\w\-]*")),
)
"""What nothing else in its line leaves room for doubt."""
ADDRESS = re.compile(r"(?:\bh?t{1,2}ps?:/{1,2}|\bwww\.)[^\s\"<>{}|\\^`]{1,2000}", re.IGNORECASE)
YEAR = re.compile(r"(?:19|20)\d{2}")
TAIL = re.compile(r"/(?:full|abstract|pdf|epdf|meta)$", re.IGNORECASE)


def canonical(kind: Kind, text: str) -> str | None:
    """Return the one form of an identifier of that kind, by which it is looked up; None where it is not sound.

    DOIs without prefix in lower case; arXiv identifiers without version and class; thirteen digits of an ISBN;
    addresses without scheme, ``www.``, fragment and closing slash, the host in lower case.
    """
    text = text.strip()[:MOST]
    match kind:
        case Kind.DOI:
            text = re.sub(r"^(?:https?://)?(?:dx\.)?doi\.org/|^doi:\s*", "", text, flags=re.IGNORECASE)
            return text.lower() if DOI.fullmatch(text) else None
        case Kind.ARXIV:
            return _arxiv(re.sub(r"^arxiv:\s*|\.pdf$", "", text, flags=re.IGNORECASE))
        case Kind.ISBN:
            return isbn13(text)
        case Kind.PMID:
            return text if re.fullmatch(r"[1-9][0-9]{0,7}", text) else None
        case Kind.URL:
            return _address(text)


def identifiers(text: str) -> list[Identifier]:
    """Return the identifiers of ``text`` in order, none within another; an address that holds a DOI is that DOI."""
    found: list[Identifier] = []
    for kind, pattern in CUED:
        found += [one for match in pattern.finditer(text) for one in _cued(kind, match)]
    for kind, pattern in BARE:
        found += [one for match in pattern.finditer(text) for one in _bare(kind, match)]
    for kind, pattern in WHOLE:
        match = pattern.fullmatch(text)
        found += [_identifier(kind, match["id"], match.start("id"), match.end("id"))] if match else []
    addresses = [_as_address(match) for match in ADDRESS.finditer(text)]
    kept: list[Identifier] = []
    # What was named as something comes before what merely looks like it; an address is the last resort.
    for one in (*found, *addresses):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


# ── one kind at a time ────────────────────────────────────────────────────────────────────


def _cued(kind: Kind, match: re.Match[str]) -> Iterator[Identifier]:
    """Yield what follows the word for its kind, unless it is no identifier at all: a year, a word without digits."""
    group = next((name for name in ("id", "bare", "far") if name in match.groupdict() and match[name]), None)
    if group is None:
        return
    written = _isbn_part(match[group]) if kind is Kind.ISBN else _trimmed(match[group], kind)
    inside = INSIDE.search(written) if kind is Kind.DOI else None
    end = match.start(group) + len(written)
    # In an address, other words may stand between "doi" and the number.
    written = written[inside.start() :] if inside else written
    if not re.search(r"\d", written) or YEAR.fullmatch(written):
        return
    if group == "far" and len(re.findall(r"\d", written)) < 3:
        return
    if kind is Kind.ARXIV and group == "far" and not (":" in written or "." in written or "-" in written):
        return
    yield _identifier(kind, written, match.start(), end)


def _bare(kind: Kind, match: re.Match[str]) -> Iterator[Identifier]:
    written = _trimmed(match["id"], kind)
    if canonical(kind, written):
        yield _identifier(kind, written, match.start(), match.start() + len(written))


def _identifier(kind: Kind, written: str, start: int, end: int) -> Identifier:
    plain = TAIL.sub("", unquote(written)) if kind is Kind.DOI else written
    inside = ARXIV_DOI.fullmatch(plain) if kind is Kind.DOI else None
    if inside:
        kind, plain = Kind.ARXIV, inside[1]
    return Identifier(kind, canonical(kind, plain), written, start, end)


def _as_address(match: re.Match[str]) -> Identifier:
    written = _trimmed(match[0], Kind.URL)
    return Identifier(Kind.URL, _address(written), written, match.start(), match.start() + len(written))


def _trimmed(text: str, kind: Kind) -> str:
    """Take from the end what belongs to the sentence: marks, and brackets and angles that were never opened."""
    if kind is Kind.DOI:
        text = re.split(r"[?#](?=\w+=|$)", text, maxsplit=1)[0]
    while text:
        last = text[-1]
        opened = {")": "(", "]": "[", ">": "<"}.get(last)
        if last in ".,;:!?'’”*_…" or (opened and text.count(last) > text.count(opened)):
            text = text[:-1]
        else:
            return text
    return text


def _isbn_part(text: str) -> str:
    """Return the part of ``text`` that is the number: up to the first space, unless only the whole has its length."""
    whole, first = text.strip(), text.split(" ", maxsplit=1)[0]
    lengths = [sum(char.isdigit() or char in "xX" for char in part) for part in (first, whole)]
    if lengths[0] in {10, 13}:
        return first
    if lengths[1] in {10, 13}:
        return whole
    parts = whole.split(" ")
    # Groups set apart by spaces, with something else behind them.
    for size in range(len(parts), 1, -1):
        joined = " ".join(parts[:size])
        if isbn13(joined):
            return joined
    return first if lengths[0] >= 8 else whole


def _arxiv(text: str) -> str | None:
    new = NEW_ARXIV.fullmatch(text)
    if new:
        month = new[1] + new[2]
        digits = 5 if month >= LONGER else 4
        return f"{month}.{new[3]}" if month >= FIRST and len(new[3]) == digits else None
    old = OLD_ARXIV.fullmatch(text)
    return f"{old[1].lower()}/{old[2]}" if old else None


def _address(text: str) -> str | None:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError:
        return None
    labels = host.split(".")
    sound = len(labels) >= 2 and all(LABEL.fullmatch(label) for label in labels) and re.search(r"[a-z]", labels[-1])
    if parts.scheme.lower() not in {"http", "https"} or not sound:
        return None
    place = f":{port}" if port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host.removeprefix('www.')}{place}{parts.path.rstrip('/')}{query}"
