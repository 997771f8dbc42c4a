"""Single cases of a run, a page at a time: DuckDB reads the columns that are shown from the bundle's own tables.

What a reader types, a search or the name of a cell, is a parameter of a statement and never part of one. Prompts and
replies come with personal data blacked out; whoever may see what stood there is written down each time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canonical import dumps, loads
from harness.errors import StoreError, UsageError
from harness.query.access import require
from harness.query.tables import opened, tables_of
from harness.records import Outcome
from harness.text.redaction import redacted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from harness.query.library import Library

__all__ = [
    "LONGEST_PAGE",
    "OUTCOMES",
    "Filter",
    "Page",
    "Sample",
    "count_outcomes",
    "page_of",
    "reveal",
    "samples_named",
]

LONGEST_PAGE = 200
"""Samples on a page."""
OUTCOMES = tuple(one.value for one in Outcome)
"""What may become of a case."""
REVEALS = ".reveals.jsonl"
"""File of a store that says who saw what redaction had taken."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases are wanted.

    Attributes:
        cell: Probe and data set, ``probe@dataset``; None for all.
        outcome: Of the score; None for all.
        group: A value of any of the case's groups; None for all.
        arm: ``main`` or a control; None for all.
        case: Name of the only one; None for all.
        text: Must occur in prompt or reply, whatever the case of its letters; empty for all.
    """

    cell: str | None = None
    outcome: str | None = None
    group: str | None = None
    arm: str | None = None
    case: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One case of a run, its reply, and how it was judged.

    Attributes:
        cell: Probe and data set.
        case: Its name in the cell.
        cluster: The item that it belongs to.
        arm: ``main`` or a control.
        groups: Labels.
        ask: What was put to the model; JSON values, texts redacted.
        expected: What the probe knows of the answer, likewise.
        finish: How the reply ended.
        text: Of the reply, redacted; None where it has none.
        error: Why there is no reply; None where there is.
        media: Names of pictures.
        outcome: Of the score.
        values: Of the score.
        note: Of the score.
        hidden: Passages that redaction took, in prompt, reply, and what was expected.
    """

    cell: str
    case: str
    cluster: str
    arm: str
    groups: Mapping[str, str]
    ask: Any
    expected: Any
    finish: str
    text: str | None
    error: str | None
    media: tuple[str, ...]
    outcome: str
    values: Mapping[str, float]
    note: str
    hidden: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the samples that fit.

    Attributes:
        samples: In order of cell and case as they were asked.
        fitting: How many fit in all.
    """

    samples: tuple[Sample, ...]
    fitting: int


CHOSEN = """SELECT s.file_row_number AS place, s.cell, s."case", s.outcome, s."values", s.note
FROM read_parquet($scores, file_row_number = true) AS s"""
"""Everything that filters ask for is in the narrow table of scores, but for texts."""
FOUND = """WITH found AS (
    SELECT cell, "case" FROM read_parquet($cases) WHERE contains(lower(ask), lower($text)) OR ask_digest IN
    (SELECT ask_digest FROM read_parquet($replies) WHERE contains(lower(text), lower($text)))
)"""
SOUGHT = 'SEMI JOIN found AS f ON f.cell = s.cell AND f."case" = s."case"'
WHOLE = """SELECT c.cell, c."case", c.cluster, c.arm, c.groups, c.ask, c.expected, r.finish, r.text, r.error, r.media,
p.outcome, p."values", p.note
FROM page AS p JOIN asked AS c ON c.cell = p.cell AND c."case" = p."case" JOIN answered AS r USING (ask_digest)
ORDER BY p.place"""
"""Of tables that hold one page each."""

WIDE = {
    "asked": ("cases", 'cell, "case", ask_digest, cluster, arm, groups, ask, expected', '"case"'),
    "answered": ("replies", "ask_digest, finish, text, error, media", "ask_digest"),
}
"""Of each of these tables: the file, its columns, and the one that says which rows are wanted."""
NAMED = """CREATE TEMP TABLE page AS SELECT w.place, s.cell, s."case", s.outcome, s."values", s.note
FROM (SELECT unnest($cells) AS cell, unnest($names) AS "case", generate_subscripts($cells, 1) AS place) AS w
JOIN read_parquet($scores) AS s ON s.cell = w.cell AND s."case" = w."case" """


def page_of(library: Library, run: str, wanted: Filter, *, start: int = 0, size: int = 25) -> Page:
    """One page of the cases of a run.

    Args:
        library: The store, and who reads.
        run: Name of the bundle.
        wanted: Which cases.
        start: Samples to pass over.
        size: Samples on the page, at most `LONGEST_PAGE`.

    Raises:
        AccessError: the reader does not see single cases.
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    require(library.role, "raw")
    fitting, rows = _read(library, run, wanted, start=start, size=min(size, LONGEST_PAGE))
    return Page(tuple(_redacted(_sample(row)) for row in rows), fitting)


def _read(library: Library, run: str, wanted: Filter, *, start: int, size: int) -> tuple[int, list[tuple[Any, ...]]]:
    """How many fit, and the whole rows of one page; prompts and replies are read of that page alone, unless sought."""
    where, parameters = _where(wanted)
    paths = tables_of(library, run)
    narrow = {"scores": paths["scores"], **parameters}
    if wanted.text:
        narrow |= {"cases": paths["cases"], "replies": paths["replies"]}
    fit = f"{FOUND} {CHOSEN} {SOUGHT} {where}" if wanted.text else f"{CHOSEN} {where}"
    with opened(paths["cases"]) as connection:
        [(fitting,)] = connection.execute(
            f"SELECT count(*) FROM ({fit})",  # noqa: S608  made of our own words; what was typed is a parameter
            narrow,
        ).fetchall()
        connection.execute(
            f"CREATE TEMP TABLE page AS {fit} ORDER BY place LIMIT $size OFFSET $start",
            {**narrow, "size": size, "start": start},
        )
        return fitting, _whole(connection, paths)


def _whole(connection: DuckDBPyConnection, paths: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """The rows of the table ``page`` with what was asked and answered.

    Names and digests are given one by one: only then are the wide columns of other rows not even unpacked.
    """
    for table, seen in (
        ("asked", 'SELECT DISTINCT "case" FROM page'),
        ("answered", "SELECT DISTINCT ask_digest FROM asked"),
    ):
        values = [value for (value,) in connection.execute(seen).fetchall()]
        name, columns, key = WIDE[table]
        given = {f"v{place}": value for place, value in enumerate(values)}
        some = ", ".join(f"${its}" for its in given) or "NULL"
        connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {columns} FROM read_parquet($path) WHERE {key} IN ({some})",  # noqa: S608
            {"path": paths[name], **given},
        )
    return connection.execute(WHOLE).fetchall()


def samples_named(library: Library, run: str, wanted: Sequence[tuple[str, str]]) -> tuple[Sample, ...]:
    """Single cases by cell and name, in the order in which they are named; what the run does not have is left out.

    Raises:
        AccessError: the reader does not see single cases.
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    require(library.role, "raw")
    paths = tables_of(library, run)
    cells, cases = [cell for cell, _ in wanted], [case for _, case in wanted]
    with opened(paths["cases"]) as connection:
        connection.execute(NAMED, {"scores": paths["scores"], "cells": cells, "names": cases})
        rows = _whole(connection, paths)
    return tuple(_redacted(_sample(row)) for row in rows)


def count_outcomes(library: Library, run: str) -> Mapping[tuple[str, str], int]:
    """How many cases of each cell came to which outcome; reads two columns alone.

    Raises:
        AccessError: the reader does not see scores.
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    require(library.role, "auditor")
    scores = tables_of(library, run)["scores"]
    with opened(scores) as connection:
        rows = connection.execute(
            "SELECT cell, outcome, count(*) FROM read_parquet($scores) GROUP BY ALL ORDER BY ALL", {"scores": scores}
        ).fetchall()
    return {(cell, outcome): number for cell, outcome, number in rows}


def reveal(library: Library, run: str, cell: str, case: str, *, who: str, why: str) -> Sample:
    """One case with nothing blacked out. Who looked, when and why is written into the store first.

    Raises:
        AccessError: the reader may not.
        UsageError: there is no such case, or no reason is given.
        StoreError: it cannot be written down: then nothing is shown.
    """
    require(library.role, "revealed")
    if not why.strip():
        raise UsageError("Say why it must be seen: the reason is kept beside the name and the time.")
    _, rows = _read(library, run, Filter(cell=cell, case=case), start=0, size=1)
    if not rows:
        raise UsageError(f"{run} has no case {case!r} of {cell!r}. Choose one of the list.")
    line = {"at": datetime.now(UTC).isoformat(), "who": who, "run": run, "cell": cell, "case": case, "why": why}
    _append(library.store.root / REVEALS, dumps(line) + b"\n")
    return _sample(rows[0])


def _append(path: Path, line: bytes) -> None:
    try:
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"{path}: who sees what was blacked out cannot be written down, so it is not shown: {error.strerror}."
        ) from error


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _where(wanted: Filter) -> tuple[str, dict[str, str]]:
    parts, parameters = [], {}
    for column, name, value in (
        ("s.cell", "cell", wanted.cell),
        ('s."case"', "case", wanted.case),
        ("s.outcome", "outcome", wanted.outcome),
        ("s.arm", "arm", wanted.arm),
    ):
        if value is not None:
            parts.append(f"{column} = ${name}")
            parameters[name] = value
    if wanted.group is not None:
        parts.append("list_contains(map_values(CAST(s.groups AS JSON)::MAP(VARCHAR, VARCHAR)), $group)")
        parameters["group"] = wanted.group
    if wanted.text:
        # Texts lie there as JSON strings: what is sought is written likewise.
        parameters["text"] = dumps(wanted.text).decode()[1:-1]
    return f"WHERE {' AND '.join(parts)}" if parts else "", parameters


def _sample(row: Sequence[Any]) -> Sample:
    cell, case, cluster, arm, groups, ask, expected, finish, text, error, media, outcome, values, note = row
    return Sample(
        cell=cell,
        case=case,
        cluster=cluster,
        arm=arm,
        groups=loads(groups),
        ask=loads(ask),
        expected=loads(expected),
        finish=finish,
        text=None if text is None else loads(text),
        error=None if error is None else loads(error),
        media=tuple(loads(media)),
        outcome=outcome,
        values=dict(values),
        note=note,
        hidden=0,
    )


def _redacted(sample: Sample) -> Sample:
    taken: list[str] = []

    def black(value: Any) -> Any:
        if isinstance(value, str):
            text, found = redacted(value)
            taken.extend(its.text for its in found)
            return text
        if isinstance(value, dict):
            return {key: black(its) for key, its in value.items()}
        return [black(its) for its in value] if isinstance(value, list) else value

    return replace(
        sample,
        ask=black(sample.ask),
        expected=black(sample.expected),
        text=black(sample.text),
        error=black(sample.error),
        note=black(sample.note),
        hidden=len(taken),
    )
