"""An index of works, by which references are looked up: from rows, from a CSL-JSON file, or from a BibTeX file.

Nothing is looked up on the network. Whether a reference that the index lacks was invented is for its owner to say: only
of a closed index, which has every work that may be cited, does absence mean that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_bytes
from harness.contracts import Row
from harness.data.load import load
from harness.data.reading import parse
from harness.data.third_party import read_bytes
from harness.errors import DataError, MissingExtraError
from harness.text.references.titles import ALIKE, LEAST_WORDS, key, likeness, main_title, words
from harness.text.references.works import Work, work_of

__all__ = ["Bibliography", "gathered", "read_bibliography"]

CUE = 3
"""Words at the beginning of a title by which titles are found in running text."""
MOST_WORDS = 400
BIBTEX_FIELDS: Mapping[str, str] = {"DOI": "doi", "ISBN": "isbn", "URL": "url", "PMID": "pmid", "abstract": "abstract"}
TYPES: Mapping[str, str] = {
    "article": "article-journal",
    "book": "book",
    "inproceedings": "paper-conference",
    "conference": "paper-conference",
    "techreport": "report",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
}


@dataclass(frozen=True)
class Bibliography:
    """Works, found by identifier or by title.

    Attributes:
        name: Where they come from.
        works: In the order of the file.
        closed: Whether a work that is not among them does not exist.
        problems: What was left out, and what is doubtful, one line each.
        digest: Over what was read.
    """

    name: str
    works: tuple[Work, ...]
    closed: bool
    problems: tuple[str, ...]
    digest: Digest
    _by_identifier: Mapping[tuple[str, str], Work] = field(default_factory=dict, repr=False)
    _by_title: Mapping[str, Work] = field(default_factory=dict, repr=False)
    _by_cue: Mapping[tuple[str, ...], Sequence[Work]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.works)

    def owner(self, kind: str, value: str) -> Work | None:
        """Return the work that has this identifier, in its canonical form."""
        return self._by_identifier.get((kind, value))

    def titled(self, said: str, titles: Iterable[str]) -> Work | None:
        """Return the work that is named: by one of ``titles`` word for word, or by a title like one in ``said``.

        Titles of fewer than three words are found only among ``titles``.
        """
        exact = next((self._by_title[key(title)] for title in titles if key(title) in self._by_title), None)
        return exact or self._in_text(said)

    def _in_text(self, said: str) -> Work | None:
        spoken = words(said)[:MOST_WORDS]
        for at in range(len(spoken) - CUE + 1):
            for work in self._by_cue.get(spoken[at : at + CUE], ()):
                window = " ".join(spoken[at : at + len(words(work.title)) + 1])
                if likeness(work.title, window) >= ALIKE:
                    return work
        return None


def gathered(rows: Iterable[Row], name: str, *, closed: bool = False, content: Digest | None = None) -> Bibliography:
    """Make an index of ``rows`` in the names of CSL-JSON.

    A row without a title, and one that repeats the identifiers of an earlier row, is left out and told; so is an
    identifier that is not sound or that another work has already.

    Args:
        rows: The works.
        name: Where they come from, for messages.
        closed: Whether absence means that a work does not exist.
        content: Digest of what was read; None for that of the works.

    Raises:
        DataError: no row can be read.
    """
    works: list[Work] = []
    problems: list[str] = []
    owners: dict[tuple[str, str], Work] = {}
    for number, row in enumerate(rows, start=1):
        where = f"{name}: entry {number}"
        try:
            work = work_of(row, default=f"entry-{number}")
        except (ValueError, TypeError) as error:
            problems.append(f"{where}: {error}; left out.")
            continue
        problems += [f"{where} ({work.id}): {text!r} is no sound identifier; passed over." for text in work.doubtful]
        taken = [one for one in work.identifiers if one in owners]
        if taken and len(taken) == len(work.identifiers):
            kind, value = taken[0]
            problems.append(f"{where} ({work.id}): the {kind} {value} is that of {owners[taken[0]].id}; left out.")
            continue
        problems += [f"{where} ({work.id}): the {kind} {value} is that of another entry." for kind, value in taken]
        owners.update((one, work) for one in work.identifiers if one not in owners)
        works.append(work)
    if not works:
        told = f" {problems[0]}" if problems else ""
        raise DataError(f"{name}: no work in it that could be looked up.{told} A work needs a title.")
    return Bibliography(
        name,
        tuple(works),
        closed,
        tuple(problems),
        digest([work.id for work in works]) if content is None else content,
        owners,
        _by_title(works),
        _by_cue(works),
    )


def read_bibliography(path: str | None, *, closed: bool = False) -> Bibliography:
    """Read the index at ``path``: CSL-JSON (.json, .jsonl) or BibTeX (.bib); None for the set that ships.

    Raises:
        DataError: there is no such file, it cannot be read, or it has no work in it.
        MissingExtraError: it is BibTeX and the package that reads it is not installed.
    """
    if path is None:
        data = load("works")
        return gathered(data.rows, data.name, closed=closed, content=data.digest)
    content = read_bytes(Path(path))
    if path.lower().endswith(".bib"):
        rows, problems = _bibtex(content, path)
        if problems and not rows:
            raise DataError(f"{path}: no entry in it can be read. {problems[0]}")
        found = gathered(rows, path, closed=closed, content=digest_bytes(content))
        return replace(found, problems=(*problems, *found.problems))
    return gathered(parse(content, path), path, closed=closed, content=digest_bytes(content))


def _by_title(works: Sequence[Work]) -> Mapping[str, Work]:
    """Index works by their whole title, and by what stands before its colon where that is no other's title."""
    found: dict[str, Work] = {}
    for work in works:
        found.setdefault(key(work.title), work)
    for work in works:
        short = main_title(work.title)
        if short is not None:
            found.setdefault(key(short), work)
    return found


def _by_cue(works: Sequence[Work]) -> Mapping[tuple[str, ...], Sequence[Work]]:
    found: dict[tuple[str, ...], list[Work]] = {}
    for work in works:
        if len(words(work.title)) >= LEAST_WORDS:
            found.setdefault(words(work.title)[:CUE], []).append(work)
    return found


# ── BibTeX ────────────────────────────────────────────────────────────────────────────────


def _bibtex(content: bytes, path: str) -> tuple[list[Row], list[str]]:
    """Return the entries of a BibTeX file in the names of CSL-JSON, and what could not be read, one line each."""
    try:
        import bibtexparser
        from bibtexparser.middlewares import LatexDecodingMiddleware
    except ImportError as error:
        raise MissingExtraError(
            f"Reading {path}", "bibtexparser", "cite", "give the index as CSL-JSON, which reference managers export."
        ) from error
    text = content.decode("utf-8-sig", "replace")
    # The parser tells of broken blocks by its log as well; here they are told once, with their line.
    log = logging.getLogger("bibtexparser")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        library = bibtexparser.parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    finally:
        log.setLevel(level)
    problems = [_failed(block, path) for block in library.failed_blocks]
    return [_entry(entry) for entry in library.entries], problems


def _failed(block: Any, path: str) -> str:
    reason = str(block.error or "") or getattr(block.error, "abort_reason", "") or "malformed"
    return f"{path}:{(block.start_line or 0) + 1}: {reason.splitlines()[0].strip().rstrip('.')}; left out."


def _entry(entry: Any) -> Row:
    fields = {str(item.key).lower(): str(item.value) for item in entry.fields}
    row: dict[str, Any] = {csl: fields[name] for csl, name in BIBTEX_FIELDS.items() if fields.get(name)}
    if fields.get("archiveprefix", "arxiv").lower() == "arxiv" and fields.get("eprint"):
        row["arxiv"] = fields["eprint"]
    row |= {
        "id": entry.key,
        "type": TYPES.get(entry.entry_type.lower(), "article"),
        "title": fields.get("title", "").replace("{", "").replace("}", ""),
        "author": [_name(name) for name in fields.get("author", "").split(" and ") if name.strip()],
        "issued": fields.get("year") or fields.get("date"),
    }
    return row


def _name(name: str) -> Mapping[str, str]:
    family, comma, given = name.replace("{", "").replace("}", "").partition(",")
    if comma:
        return {"family": family.strip(), "given": given.strip()}
    parts = name.split()
    return {"family": parts[-1], "given": " ".join(parts[:-1])}
