"""Cases, replies, readings and scores as Parquet, and back; equal records give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.canonical import Digest, digest, dumps, from_json, loads
from harness.errors import BundleError
from harness.records import Case, Consultation, Judged, Reading, Reply, Score

__all__ = [
    "cases_from",
    "cases_table",
    "consulted_from",
    "consulted_table",
    "readings_from",
    "readings_table",
    "replies_from",
    "replies_table",
    "scores_from",
    "scores_table",
]

Table = bytes
"""A Parquet file's content."""


def _write(columns: Mapping[str, pa.DataType], rows: Sequence[tuple[Any, ...]]) -> Table:
    arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(columns.values())]
    sink = BytesIO()
    pq.write_table(pa.table(arrays, schema=pa.schema(list(columns.items()))), sink, compression="zstd")
    return sink.getvalue()


def _read(content: Table, name: str) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = pq.read_table(BytesIO(content)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise BundleError(f"{name}: not a readable Parquet table: {error}. The bundle is damaged.") from error
    return rows


def _json(record: object) -> str:
    return dumps(record).decode("utf-8")


def cases_table(cases: Mapping[str, Sequence[Case]]) -> Table:
    """Every case by cell; the ask, what is expected and the groups as canonical JSON."""
    names = ("cell", "case", "ask_digest", "ask", "expected", "groups", "cluster", "arm", "wording")
    columns = {name: pa.string() for name in names}
    rows = [
        (
            *(cell, case.id, str(digest(case.ask)), _json(case.ask)),
            *(_json(case.expected), _json(case.groups), case.cluster, case.arm.value, _visible(case.wording)),
        )
        for cell, its in cases.items()
        for case in its
    ]
    return _write(columns, rows)


def cases_from(content: Table) -> dict[str, tuple[Case, ...]]:
    """Read what `cases_table` wrote, now or before there were wordings."""
    cases: dict[str, list[Case]] = {}
    for row in _read(content, "cases.parquet"):
        record = {
            "id": row["case"],
            "ask": loads(row["ask"]),
            "expected": loads(row["expected"]),
            "groups": loads(row["groups"]),
            "cluster": row["cluster"],
            "arm": row["arm"],
            "wording": None if row.get("wording") is None else loads(row["wording"]),
        }
        cases.setdefault(row["cell"], []).append(from_json(Case, record))
    return {cell: tuple(its) for cell, its in cases.items()}


def replies_table(replies: Mapping[Digest, Reply]) -> Table:
    """One row for each distinct ask, in order of digest."""
    columns = {
        **{name: pa.string() for name in ("ask_digest", "finish", "text", "error", "scores", "media")},
        **{name: pa.int64() for name in ("prompt_tokens", "output_tokens", "retries")},
        "seconds": pa.float64(),
        "losses": pa.string(),
        "joules": pa.float64(),
    }
    rows = [
        (
            *(str(key), reply.finish.value, _visible(reply.text), _visible(reply.error), _json(reply.scores)),
            *(_json(reply.media), reply.usage.prompt_tokens, reply.usage.output_tokens, reply.retries, reply.seconds),
            *(_json(reply.losses), reply.joules),
        )
        for key, reply in sorted(replies.items())
    ]
    return _write(columns, rows)


def _visible(text: str | None) -> str | None:
    """``text`` as a JSON string: Parquet holds UTF-8, and broken model output may not be."""
    return None if text is None else _json(text)


def replies_from(content: Table) -> dict[Digest, Reply]:
    """Read what `replies_table` wrote, now or before there were losses and joules."""
    replies: dict[Digest, Reply] = {}
    for row in _read(content, "replies.parquet"):
        record: dict[str, Any] = {
            **{name: row[name] for name in ("finish", "retries", "seconds")},
            **{name: None if row[name] is None else loads(row[name]) for name in ("text", "error")},
            **{name: loads(row[name]) for name in ("scores", "media", "losses") if name in row},
            "usage": {name: row[name] for name in ("prompt_tokens", "output_tokens")},
            "joules": row.get("joules"),
        }
        replies[Digest.parse(row["ask_digest"])] = from_json(Reply, record)
    return replies


def consulted_table(consulted: Mapping[str, Mapping[Digest, Consultation]]) -> Table:
    """One row for each thing that an instrument asked a model, in order of instrument and digest."""
    columns = {name: pa.string() for name in ("instrument", "ask_digest", "consultation")}
    rows = [(name, str(key), _json(one)) for name, its in sorted(consulted.items()) for key, one in sorted(its.items())]
    return _write(columns, rows)


def consulted_from(content: Table) -> dict[str, dict[Digest, Consultation]]:
    """Read what `consulted_table` wrote."""
    consulted: dict[str, dict[Digest, Consultation]] = {}
    for row in _read(content, "consulted.parquet"):
        its = consulted.setdefault(row["instrument"], {})
        its[Digest.parse(row["ask_digest"])] = from_json(Consultation, loads(row["consultation"]))
    return consulted


def readings_table(readings: Mapping[Reading, Mapping[str, float]]) -> Table:
    """One row for each distinct reading, in canonical order."""
    columns = {name: pa.string() for name in ("reading", "values")}
    rows = sorted((_json(reading), _json(values)) for reading, values in readings.items())
    return _write(columns, rows)


def readings_from(content: Table) -> dict[Reading, Mapping[str, float]]:
    """Read what `readings_table` wrote."""
    rows = _read(content, "readings.parquet")
    return {from_json(Reading, loads(row["reading"])): loads(row["values"]) for row in rows}


def scores_table(judged: Mapping[str, Sequence[Judged]]) -> Table:
    """Every score by cell and case, with the case's labels repeated so that the table can be queried alone."""
    columns = {
        **{name: pa.string() for name in ("cell", "case", "cluster", "arm", "groups", "outcome", "note")},
        "values": pa.map_(pa.string(), pa.float64()),
    }
    rows = [
        (
            *(cell, one.case.id, one.case.cluster, one.case.arm.value, _json(one.case.groups)),
            *(one.score.outcome.value, one.score.note, sorted(one.score.values.items())),
        )
        for cell, its in judged.items()
        for one in its
    ]
    return _write(columns, rows)


def scores_from(content: Table) -> dict[str, dict[str, Score]]:
    """Read what `scores_table` wrote: cell → case id → score."""
    scores: dict[str, dict[str, Score]] = {}
    for row in _read(content, "scores.parquet"):
        record = {"outcome": row["outcome"], "values": dict(row["values"]), "note": row["note"]}
        scores.setdefault(row["cell"], {})[row["case"]] = from_json(Score, record)
    return scores
