"""The tables of a bundle, read with DuckDB: the columns that a statement names, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from harness.canonical import loads
from harness.errors import BundleError

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Scored", "opened", "tables_of", "values_of"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score, as far as a view needs it.

    Attributes:
        case: Name of the case in its cell.
        cluster: The item that it belongs to.
        groups: Labels.
        outcome: Of the score.
        values: Those that were asked for and are there.
    """

    case: str
    cluster: str
    groups: Mapping[str, str]
    outcome: str
    values: Mapping[str, float]


def tables_of(library: Library, run: str) -> dict[str, str]:
    """Where the tables of a run lie: of its cases, scores and replies, by these names.

    Raises:
        UsageError: no bundle has that name.
    """
    folder = library.folder(run)
    return {name: str(folder / f"{name}.parquet") for name in ("cases", "scores", "replies")}


@contextmanager
def opened(path: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that fetches nothing from anywhere; ``path`` is the table that a complaint names.

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


VALUES = """
SELECT "case", cluster, groups, outcome, list_transform($names, lambda name: "values"[name])
FROM read_parquet($scores) WHERE cell = $cell AND arm IN (SELECT unnest($arms)) ORDER BY "case"
"""


def values_of(
    library: Library, run: str, cell: str, names: Sequence[str], *, arms: Sequence[str] = ("main",)
) -> tuple[Scored, ...]:
    """The scores of one cell in the order of case ids, with some of their values; for functions that sum them up.

    Args:
        library: The store.
        run: Name of the bundle.
        cell: Probe and data set, ``probe@dataset``.
        names: Of the values wanted, at least one.
        arms: Of the cases wanted.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its table cannot be read.
    """
    scores = tables_of(library, run)["scores"]
    wanted = {"scores": scores, "cell": cell, "names": list(names), "arms": list(arms)}
    with opened(scores) as connection:
        rows = connection.execute(VALUES, wanted).fetchall()
    return tuple(
        Scored(
            case,
            cluster,
            loads(groups),
            outcome,
            {name: value for name, value in zip(names, found, strict=True) if value is not None},
        )
        for case, cluster, groups, outcome, found in rows
    )
