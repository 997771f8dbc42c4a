"""A run's evidence as one record, written aside and renamed into place, manifest last; and read back."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canonical import Digest, dumps, from_json, loads
from harness.errors import BundleError, EvidenceError, StoreError
from harness.evidence import tables
from harness.evidence.manifest import MANIFEST, SCHEMA, STATEMENT, Entry, build_manifest, build_statement, entry
from harness.evidence.media import FOLDER, in_folder, named
from harness.records import Case, Consultation, Finish, Judged, Reading, Reply, Score, Value, Verdict
from harness.summarise import CellResult

__all__ = ["Content", "Evidence", "files_of", "read_bundle", "read_findings", "read_json", "totals", "write_bundle"]

Content = Mapping[str, bytes]
"""A bundle's files by path."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a run found.

    Attributes:
        run: Plan, environment, totals, timings and policy, as JSON values: the content of ``run.json``.
        cases: By cell, in order.
        replies: By digest of the ask.
        readings: What instruments read.
        judged: Cases with their scores, by cell.
        results: Estimates and controls, one for each planned cell.
        verdict: None where the configuration has no gate.
        media: Content of the images that replies name, by name; may read each when it is asked for.
        consulted: By name of the instrument, what it asked a model of its own, by digest of the ask.
    """

    run: Mapping[str, Value]
    cases: Mapping[str, Sequence[Case]]
    replies: Mapping[Digest, Reply]
    readings: Mapping[Reading, Mapping[str, float]]
    judged: Mapping[str, Sequence[Judged]]
    results: Sequence[CellResult]
    verdict: Verdict | None
    media: Mapping[str, bytes] = field(default_factory=dict)
    consulted: Mapping[str, Mapping[Digest, Consultation]] = field(default_factory=dict)


def totals(replies: Mapping[Digest, Reply]) -> dict[str, Value]:
    """What the replies add up to: asks, failures, retries and tokens."""
    its = replies.values()
    return {
        "asks": len(its),
        "failed": sum(reply.finish is Finish.FAILED for reply in its),
        "retries": sum(reply.retries for reply in its),
        "prompt_tokens": sum(reply.usage.prompt_tokens for reply in its),
        "output_tokens": sum(reply.usage.output_tokens for reply in its),
    }


def files_of(evidence: Evidence, extra: Content) -> dict[str, bytes]:
    """Every file of the bundle but images, manifest and statement; ``extra`` are those that other rooms make."""
    return {
        "run.json": dumps(evidence.run, indent=2),
        "cases.parquet": tables.cases_table(evidence.cases),
        "replies.parquet": tables.replies_table(evidence.replies),
        "readings.parquet": tables.readings_table(evidence.readings),
        "scores.parquet": tables.scores_table(evidence.judged),
        **({"consulted.parquet": tables.consulted_table(evidence.consulted)} if evidence.consulted else {}),
        "estimates.json": dumps({"schema": SCHEMA, "cells": list(evidence.results)}, indent=2),
        "verdict.json": dumps({"schema": SCHEMA, "verdict": evidence.verdict}, indent=2),
        **extra,
    }


def write_bundle(folder: Path, evidence: Evidence, extra: Content) -> Path:
    """Write the bundle to ``folder``, wholly or not at all, and return where it is.

    Where another process has just taken ``folder``, the next number is used.

    Raises:
        StoreError: the disk is full or the store cannot be written; the journal still has every reply.
        EvidenceError: an image that a reply names cannot be read.
    """
    files = files_of(evidence, extra)
    model = loads(files["run.json"])["plan"]["identity"]
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        aside.mkdir(parents=True)
        entries = [*_write_media(aside, evidence)]
        for path, content in files.items():
            _write(aside / path, content)
            entries.append(entry(path, content))
        manifest = dumps(build_manifest(entries), indent=2)
        _write(aside / STATEMENT, build_statement(manifest, model, evidence.verdict))
        _write(aside / MANIFEST, manifest)
        for place in sorted({(aside / path).parent for path in files} | {aside}, reverse=True):
            _sync(place)
        folder = _publish(aside, folder)
        _sync(folder.parent)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StoreError(
            f"{folder}: cannot write the bundle: {error.strerror or error}. Every reply is in the journal:"
            " free some space or repair the folder, then run `harness resume`."
        ) from error
    except EvidenceError:  # an image cannot be read from the journal
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return folder


def _publish(aside: Path, folder: Path) -> Path:
    """Rename ``aside`` to ``folder``, or to the first higher attempt that nobody has taken."""
    while True:
        try:
            return aside.rename(folder)
        except OSError as error:
            stem, _, attempt = folder.name.rpartition("-")
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not attempt.isdigit():
                raise
            folder = folder.with_name(f"{stem}-{int(attempt) + 1}")


def _write_media(folder: Path, evidence: Evidence) -> Iterator[Entry]:
    """Write the images, one in memory at a time, and yield their entries."""
    for name in named(evidence.replies.values()):
        content = evidence.media[name]
        _write(folder / FOLDER / name, content, durable=False)
        yield entry(f"{FOLDER}/{name}", content)
    if (folder / FOLDER).exists():
        # Thousands of files synced one by one take half a minute; synced together, a moment.
        os.sync()


def _write(path: Path, content: bytes, *, durable: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make names durable, where the system lets a folder be synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json(folder: Path, name: str) -> Any:
    """Read one JSON file of a bundle.

    Raises:
        BundleError: it is missing or not JSON.
    """
    try:
        return loads((folder / name).read_bytes())
    except FileNotFoundError as error:
        raise BundleError(
            f"{folder}: there is no {name}, so this is not a whole bundle. Run the audit again."
        ) from error
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{folder / name}: cannot be read: {error}. `harness verify` says what else is wrong."
        ) from error


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(f"{folder / name}: cannot be read: {error.strerror}. The bundle is not whole.") from error


def _fitting(folder: Path, name: str, kind: Any, data: Any) -> Any:
    try:
        return from_json(kind, data)
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{folder / name}: not of this format: {error}. `harness verify` says what else is wrong."
        ) from error


def read_bundle(folder: Path) -> Evidence:
    """Read a bundle; digests are checked by `harness.evidence.verify`, not here.

    Raises:
        BundleError: a file is missing or unreadable.
    """
    try:
        cases = tables.cases_from(_read(folder, "cases.parquet"))
        replies = tables.replies_from(_read(folder, "replies.parquet"))
        readings = tables.readings_from(_read(folder, "readings.parquet"))
        scores = tables.scores_from(_read(folder, "scores.parquet"))
        there = (folder / "consulted.parquet").exists()
        consulted = tables.consulted_from(_read(folder, "consulted.parquet")) if there else {}
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"{folder}: a table is not of this format: {error}. `harness verify` says more.") from error
    return Evidence(
        run=_run(folder),
        cases=cases,
        replies=replies,
        readings=readings,
        judged=_judged(folder, cases, scores),
        results=read_results(folder),
        verdict=read_verdict(folder),
        media=in_folder(folder, named(replies.values())),
        consulted=consulted,
    )


def read_findings(folder: Path) -> Evidence:
    """Read a bundle without its tables: enough for every page that shows no single case, in a fraction of the time.

    Raises:
        BundleError: a file is missing or unreadable.
    """
    return Evidence(_run(folder), {}, {}, {}, {}, read_results(folder), read_verdict(folder))


def _run(folder: Path) -> dict[str, Value]:
    run = read_json(folder, "run.json")
    if not isinstance(run, dict) or not {"plan", "plan_digest", "policy", "judged_on"} <= set(run):
        raise BundleError(f"{folder / 'run.json'}: not the record of a run. `harness verify` says what else is wrong.")
    return run


def _judged(
    folder: Path, cases: Mapping[str, Sequence[Case]], scores: Mapping[str, Mapping[str, Score]]
) -> dict[str, list[Judged]]:
    try:
        return {cell: [Judged(case, scores[cell][case.id]) for case in its] for cell, its in cases.items()}
    except KeyError as error:
        raise BundleError(f"{folder}: scores.parquet has no score for {error}. The bundle is damaged.") from error


def read_results(folder: Path) -> list[CellResult]:
    """The estimates and controls of a bundle, without its tables."""
    content = read_json(folder, "estimates.json")
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise BundleError(
            f"{folder / 'estimates.json'}: not a list of cells. `harness verify` says what else is wrong."
        )
    results: list[CellResult] = [_fitting(folder, "estimates.json", CellResult, cell) for cell in cells]
    return results


def read_verdict(folder: Path) -> Verdict | None:
    """The verdict of a bundle; None where its configuration had no gate."""
    found = read_json(folder, "verdict.json").get("verdict")
    verdict: Verdict | None = None if found is None else _fitting(folder, "verdict.json", Verdict, found)
    return verdict
