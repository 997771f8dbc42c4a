"""One cell of a bundle's tables at a time: what is compared need not be read whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.canonical import Digest, loads
from harness.errors import BundleError
from harness.evidence import tables
from harness.query.tables import opened
from harness.records import Case, Reading, Reply, Score
from harness.study.measured import Heard

__all__ = ["Item", "cases_of", "heard_in", "items_of", "overlap", "readings_in", "replies_to", "scores_of"]

CONTENT = ("ask_digest", "expected", "groups", "cluster", "arm")
OVERLAP = f"""SELECT coalesce(a.cell, b.cell) AS cell, count(*) FILTER (
    {" AND ".join(f"a.{name} = b.{name}" for name in CONTENT)}), count(*)
FROM read_parquet($first) AS a FULL JOIN read_parquet($second) AS b ON a.cell = b.cell AND a."case" = b."case"
GROUP BY ALL"""  # noqa: S608  made of our own words alone
"""Counted where the tables are: a run of a million cases is not laid out in memory to be counted."""
Item = tuple[str, str, str, str, str]
"""What makes a case the same one in another run, beside its cell and its name: the digest of what is asked, what is
expected, its groups, its cluster and its arm."""


def items_of(folder: Path, cell: str) -> dict[str, Item]:
    """The cases of one cell by name; of the asks, their digests alone are read.

    Raises:
        BundleError: the table cannot be read.
    """
    found: dict[str, Item] = {}
    with _told(folder):
        columns = pq.read_table(
            folder / "cases.parquet", columns=["case", *CONTENT], filters=[("cell", "=", cell)]
        ).to_pydict()
        rows = zip(*(columns[name] for name in ("case", *CONTENT)), strict=True)
        for case, *content in rows:
            ask, expected, groups, cluster, arm = content
            found[case] = (ask, expected, groups, cluster, arm)
    return found


def overlap(first: Path, second: Path) -> dict[str, tuple[int, int]]:
    """How many cases of each cell two runs have both, and how many names stand in one alone or for something else.

    Raises:
        BundleError: a table cannot be read.
    """
    with opened(str(first / "cases.parquet")) as connection:
        rows = connection.execute(
            OVERLAP, {"first": str(first / "cases.parquet"), "second": str(second / "cases.parquet")}
        ).fetchall()
    return {cell: (both, names - both) for cell, both, names in rows}


def cases_of(folder: Path, cell: str, wanted: Collection[str] | None = None) -> tuple[Case, ...]:
    """The cases of one cell, in order; those of ``wanted`` names alone, where names are given.

    Raises:
        BundleError: the table cannot be read.
    """
    with _told(folder):
        rows = _of_cell(folder / "cases.parquet", cell, wanted)
        return tables.cases_from(_bytes(rows)).get(cell, ())


def scores_of(folder: Path, cell: str, wanted: Collection[str] | None = None) -> Mapping[str, Score]:
    """The scores of one cell by name of the case; as `cases_of`.

    Raises:
        BundleError: the table cannot be read.
    """
    with _told(folder):
        rows = _of_cell(folder / "scores.parquet", cell, wanted)
        return tables.scores_from(_bytes(rows)).get(cell, {})


def replies_to(folder: Path, asks: Collection[str]) -> dict[Digest, Reply]:
    """The replies to the asks with these digests.

    Raises:
        BundleError: the table cannot be read.
    """
    with _told(folder):
        rows = pq.read_table(folder / "replies.parquet")
        return tables.replies_from(_bytes(rows.filter(_among(rows, "ask_digest", asks))))


def heard_in(folder: Path, asks: Collection[str]) -> dict[str, Heard]:
    """What is watched of the replies to the asks with these digests: a fraction of what `replies_to` reads.

    Raises:
        BundleError: the table cannot be read.
    """
    names = ["ask_digest", "text", "prompt_tokens", "output_tokens"]
    with _told(folder):
        rows = pq.read_table(folder / "replies.parquet", columns=names)
        its = rows.filter(_among(rows, "ask_digest", asks)).to_pydict()
        return {
            ask: Heard(None if text is None else loads(text), read + written)
            for ask, text, read, written in zip(*(its[name] for name in names), strict=True)
        }


def readings_in(folder: Path) -> dict[Reading, Mapping[str, float]]:
    """All that instruments read of the run's replies.

    Raises:
        BundleError: the table cannot be read.
    """
    with _told(folder):
        return tables.readings_from((folder / "readings.parquet").read_bytes())


def _of_cell(path: Path, cell: str, wanted: Collection[str] | None) -> pa.Table:
    rows = pq.read_table(path, filters=[("cell", "=", cell)])
    return rows if wanted is None else rows.filter(_among(rows, "case", wanted))


def _among(rows: pa.Table, column: str, wanted: Collection[str]) -> Any:
    return pc.is_in(rows[column], value_set=pa.array(list(wanted), pa.string()))


def _bytes(rows: pa.Table) -> bytes:
    """Some rows as a table of their own, for the readers of whole tables."""
    sink = BytesIO()
    pq.write_table(rows, sink, compression="none")
    return sink.getvalue()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{folder}: its tables cannot be read: {error}. `harness verify` says what is wrong."
        ) from error
