"""Single cases that came out otherwise in another run: right before and wrong now, answered before and refused now.

A case flipped where its outcome changed, or one of its yes-or-no values: those that are 0 or 1 in every case that both
runs scored. How many did is an aggregate, and for everybody; which ones, with what was asked and answered, is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.query.access import require
from harness.query.samples import LONGEST_PAGE, Sample, samples_named
from harness.query.tables import opened, tables_of

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Flip", "FlipCount", "FlipPage", "count_flips", "flips_of"]

OUTCOME = "outcome"
"""Stands for the outcome among the names of what flipped."""

SETTLED = """
CREATE TEMP TABLE paired AS
SELECT row_number() OVER (ORDER BY b.file_row_number) AS place, b.cell, b."case"
FROM read_parquet($cases_before) AS a JOIN read_parquet($cases_after, file_row_number = true) AS b
ON a.cell = b.cell AND a."case" = b."case" AND a.ask_digest = b.ask_digest AND a.expected = b.expected
AND a.groups = b.groups AND a.cluster = b.cluster AND a.arm = b.arm;
CREATE TEMP TABLE scored AS
SELECT p.place, p.cell, p."case", a.outcome AS early, b.outcome AS late, a."values" AS first, b."values" AS second
FROM paired AS p JOIN read_parquet($scores_before) AS a ON a.cell = p.cell AND a."case" = p."case"
JOIN read_parquet($scores_after) AS b ON b.cell = p.cell AND b."case" = p."case";
CREATE TEMP TABLE valued AS
SELECT place, cell, "case", name, first[name] AS early, second[name] AS late
FROM (SELECT *, unnest(map_keys(first)) AS name FROM scored WHERE early = 'scored' AND late = 'scored')
WHERE second[name] IS NOT NULL;
CREATE TEMP TABLE flipped AS
SELECT place, cell, "case", 'outcome' AS name, early, late, true AS is_outcome FROM scored WHERE early <> late
UNION ALL
SELECT v.place, v.cell, v."case", v.name, CAST(v.early::INT AS VARCHAR), CAST(v.late::INT AS VARCHAR), false
FROM valued AS v JOIN (
    SELECT cell, name FROM valued GROUP BY cell, name HAVING bool_and(early IN (0, 1) AND late IN (0, 1))
) AS plain ON plain.cell = v.cell AND plain.name = v.name
WHERE v.early <> v.late;
"""
WORDS = {"0": "no", "1": "yes"}


@dataclass(frozen=True, slots=True)
class FlipCount:
    """How many cases of one cell flipped.

    Attributes:
        cell: Probe and data set.
        both: Cases that both runs have.
        flipped: Of them, cases in which anything flipped.
        ways: What flipped, from what, to what, and in how many cases; the most frequent first.
    """

    cell: str
    both: int
    flipped: int
    ways: tuple[tuple[str, str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """One case that came out otherwise.

    Attributes:
        before: In the baseline, redacted.
        after: In the run that is held against it, redacted.
        what: What flipped, from what, to what.
    """

    before: Sample
    after: Sample
    what: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FlipPage:
    """Some of the cases that flipped.

    Attributes:
        flips: In the order in which the later run asked them.
        fitting: How many there are in all.
    """

    flips: tuple[Flip, ...]
    fitting: int


def count_flips(library: Library, before: str, after: str) -> tuple[FlipCount, ...]:
    """How many cases of each cell that both runs have came out otherwise; cells by name.

    Raises:
        UsageError: no bundle has that name.
        BundleError: tables of one of them cannot be read.
    """
    paths = _paths(library, before, after)
    with opened(paths["cases_after"]) as connection:
        _settle(connection, paths)
        both = connection.execute("SELECT cell, count(*) FROM paired GROUP BY cell ORDER BY cell").fetchall()
        cases = dict(connection.execute('SELECT cell, count(DISTINCT "case") FROM flipped GROUP BY cell').fetchall())
        ways = connection.execute(
            "SELECT cell, name, early, late, is_outcome, count(*) FROM flipped GROUP BY ALL ORDER BY 6 DESC, 2, 3, 4"
        ).fetchall()
    told: dict[str, list[tuple[str, str, str, int]]] = {}
    for cell, name, early, late, is_outcome, number in ways:
        told.setdefault(cell, []).append((*_said(name, early, late, is_outcome), number))
    return tuple(FlipCount(cell, number, cases.get(cell, 0), tuple(told.get(cell, ()))) for cell, number in both)


def flips_of(
    library: Library, before: str, after: str, cells: Collection[str], *, start: int = 0, size: int = 10
) -> FlipPage:
    """One page of the cases that came out otherwise.

    Args:
        library: The store, and who reads.
        before: Name of the baseline.
        after: Name of the run that is held against it.
        cells: Those that are wanted, ``probe@dataset`` each.
        start: Cases to pass over.
        size: Cases on the page, at most `LONGEST_PAGE`.

    Raises:
        AccessError: the reader does not see single cases.
        UsageError: no bundle has that name.
        BundleError: tables of one of them cannot be read.
    """
    require(library.role, "raw")
    paths = _paths(library, before, after)
    page = {"cells": list(cells), "size": min(size, LONGEST_PAGE), "start": start}
    fit = """FROM (SELECT place, cell, "case",
    list((name, early, late, is_outcome) ORDER BY is_outcome DESC, name) AS what
    FROM flipped WHERE list_contains($cells, cell) GROUP BY ALL)"""
    with opened(paths["cases_after"]) as connection:
        _settle(connection, paths)
        [(fitting,)] = connection.execute(f"SELECT count(*) {fit}", {"cells": list(cells)}).fetchall()
        rows = connection.execute(
            f'SELECT cell, "case", what {fit} ORDER BY place LIMIT $size OFFSET $start',
            page,
        ).fetchall()
    wanted = [(its, case) for its, case, _ in rows]
    early, late = (
        {(one.cell, one.case): one for one in samples_named(library, run, wanted)} for run in (before, after)
    )
    flips = tuple(
        Flip(early[its, case], late[its, case], tuple(_said(*one) for one in map(_fields, what)))
        for its, case, what in rows
        if (its, case) in early and (its, case) in late
    )
    return FlipPage(flips, fitting)


def _fields(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, dict) else tuple(row)


def _said(name: str, early: str, late: str, is_outcome: bool) -> tuple[str, str, str]:  # noqa: FBT001  a row's column
    return (OUTCOME, early, late) if is_outcome else (name, WORDS[early], WORDS[late])


def _paths(library: Library, before: str, after: str) -> dict[str, str]:
    return {
        f"{table}_{side}": tables_of(library, run)[table]
        for side, run in (("before", before), ("after", after))
        for table in ("cases", "scores")
    }


def _settle(connection: Any, paths: Mapping[str, str]) -> None:
    """Lay out in memory which cases both have, how each came out, and what of it flipped."""
    for statement in SETTLED.split(";\n"):
        needed = {name: path for name, path in paths.items() if f"${name}" in statement}
        if statement.strip():
            connection.execute(statement, needed)
