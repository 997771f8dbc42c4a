"""Single cases of a run, a page at a time: DuckDB reads the columns that are shown from the bundle's own tables.

What a reader types, a search or the name of a cell, is a parameter of a statement and never part of one. Prompts and
replies come with personal data blacked out; whoever may see what stood there is written down each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from harness.canonical import dumps, loads
from harness.errors import BundleError, StoreError, UsageError
from harness.query.access import require
from harness.text.redaction import redacted

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["LONGEST_PAGE", "Filter", "Page", "Sample", "count_outcomes", "page_of", "reveal"]

LONGEST_PAGE = 200
"""Samples on a page."""
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
        text: Must occur in prompt or reply, whatever the case of its letters; empty for all.
    """

    cell: str | None = None
    outcome: str | None = None
    group: str | None = None
    arm: str | None = None
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


JOINED = """
FROM read_parquet($cases, file_row_number = true) AS c
JOIN read_parquet($scores) AS s ON s.cell = c.cell AND s."case" = c."case"
JOIN read_parquet($replies) AS r ON r.ask_digest = c.ask_digest
"""
COLUMNS = """c.cell, c."case", c.cluster, c.arm, c.groups, c.ask, c.expected, r.finish, r.text, r.error, r.media,
s.outcome, s."values", s.note"""


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
    where, parameters = _where(wanted)
    paths = _paths(library, run)
    with _opened(paths["cases"]) as connection:
        [(fitting,)] = connection.execute(f"SELECT count(*) {JOINED} {where}", {**paths, **parameters}).fetchall()
        rows = connection.execute(
            f"SELECT {COLUMNS} {JOINED} {where} ORDER BY c.file_row_number LIMIT $size OFFSET $start",
            {**paths, **parameters, "size": min(size, LONGEST_PAGE), "start": start},
        ).fetchall()
    return Page(tuple(_redacted(_sample(row)) for row in rows), fitting)


def count_outcomes(library: Library, run: str) -> Mapping[tuple[str, str], int]:
    """How many cases of each cell came to which outcome; reads two columns alone.

    Raises:
        AccessError: the reader does not see scores.
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    require(library.role, "auditor")
    scores = _paths(library, run)["scores"]
    with _opened(scores) as connection:
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
    paths = _paths(library, run)
    with _opened(paths["cases"]) as connection:
        rows = connection.execute(
            f'SELECT {COLUMNS} {JOINED} WHERE c.cell = $cell AND c."case" = $case',
            {**paths, "cell": cell, "case": case},
        ).fetchall()
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


def _paths(library: Library, run: str) -> dict[str, str]:
    folder = library.folder(run)
    return {name: str(folder / f"{name}.parquet") for name in ("cases", "scores", "replies")}


@contextmanager
def _opened(path: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that fetches nothing from anywhere.

    Raises:
        BundleError: a table cannot be read.
    """
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2"}
    )
    try:
        yield connection
    except duckdb.Error as error:
        raise BundleError(
            f"{Path(path).parent}: its tables cannot be read: {error}. `harness verify` says what is wrong."
        ) from error
    finally:
        connection.close()


def _where(wanted: Filter) -> tuple[str, dict[str, str]]:
    parts, parameters = [], {}
    for column, name, value in (
        ("c.cell", "cell", wanted.cell),
        ("s.outcome", "outcome", wanted.outcome),
        ("c.arm", "arm", wanted.arm),
    ):
        if value is not None:
            parts.append(f"{column} = ${name}")
            parameters[name] = value
    if wanted.group is not None:
        parts.append("list_contains(map_values(CAST(c.groups AS JSON)::MAP(VARCHAR, VARCHAR)), $group)")
        parameters["group"] = wanted.group
    if wanted.text:
        parts.append("(contains(lower(c.ask), lower($text)) OR contains(lower(r.text), lower($text)))")
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
