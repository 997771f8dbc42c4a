"""Answers that a model gave in an earlier run, with how sure it was and whether they were right: read from its bundle.

The files that are read must be what the bundle's manifest says. That the manifest is the one that the run wrote, and
that its scores follow from its replies, `harness verify` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_bytes, from_json, loads
from harness.errors import DataError
from harness.mitigations.defer_confidence import AGREEMENT, ANSWERS, KINDS, LETTERS, STATED, WHOLE, ConfidenceSource
from harness.records import Ask, GenerateAsk, Outcome, Reply, ScoreAsk

__all__ = ["PROBES", "Answer", "CalibrationData", "read_calibration"]

SCHEMA = 1
TABLES = {
    "cases.parquet": ("cell", "case", "ask", "expected", "cluster", "wording"),
    "replies.parquet": ("ask_digest", "finish", "text", "scores"),
    "scores.parquet": ("cell", "case", "outcome", "values"),
}
"""Tables and columns that are read."""
PROBES = {
    LETTERS: ("hallucination.calibration", "correct", 1.0),
    ANSWERS: ("hallucination.calibration", "correct", 1.0),
    WHOLE: ("hallucination.calibration", "correct", 1.0),
    STATED: ("hallucination.calibration", "correct", 1.0),
    AGREEMENT: ("hallucination.self_consistency", "wrong", 0.0),
}
"""For each kind of confidence the probe whose cases count, the value of a score that says whether an answer was right,
and what that value then is."""

Tables = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the earlier run.

    Attributes:
        sure: Confidence in [0, 1], computed from its replies as it will be of others.
        wrong: 1 where it was judged wrong, 0 where right.
        text: What was asked, the question alone where the case tells which part that is.
    """

    sure: float
    wrong: int
    text: str


@dataclass(frozen=True, slots=True)
class CalibrationData:
    """What a bundle tells.

    Attributes:
        model: Digest of the identity that gave the answers.
        digest: Over these and the answers; when they were given, and what else the bundle holds, is no part of it.
        answers: In order of cell and case; one of each cluster, since those that share a context are not independent.
    """

    model: Digest
    digest: Digest
    answers: tuple[Answer, ...]


def read_calibration(folder: Path, source: ConfidenceSource) -> CalibrationData:
    """Read the answers whose confidence ``source`` can tell from the bundle at ``folder``.

    Raises:
        DataError: it is no finished bundle, was changed, or holds no such answer.
    """
    manifest = _bytes(folder, "manifest.json")
    try:
        listed = _listed(loads(manifest))
        contents = {name: _verified(folder, name, listed) for name in ("run.json", *TABLES)}
        model = Digest.parse(loads(contents["run.json"])["plan"]["identity"]["digest"])
        tables = {name: _rows(contents[name], columns) for name, columns in TABLES.items()}
        answers = tuple(_answers(tables, source))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError) as error:
        told = f"{type(error).__name__}: {error}"
        raise DataError(f"{folder}: not a bundle of this format: {told}. `harness verify` says more.") from error
    if not answers:
        probe = PROBES[source.kind][0]
        samples = f" with samples = {source.samples} or more" if source.kind == AGREEMENT else ""
        raise DataError(
            f"{folder}: the bundle holds no judged answer with a confidence by {KINDS[source.kind]}. Run"
            f" {probe}{samples} on this model without `defer`, in a way that asks for these, and name its bundle."
        )
    # Six digits are what another processor computes alike.
    given = [[answer.text, answer.wrong, round(answer.sure, 6)] for answer in answers]
    return CalibrationData(model, digest([str(model), given]), answers)


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise DataError(
            f"{folder / name}: cannot be read: {error.strerror}. `calibration` names the folder of a finished bundle."
        ) from error


def _listed(manifest: Any) -> dict[str, Digest]:
    if manifest["schema"] != SCHEMA:
        raise ValueError(f"its schema is {manifest['schema']!r}, and {SCHEMA} can be read")
    return {entry["path"]: Digest.parse(entry["digest"]) for entry in manifest["files"]}


def _verified(folder: Path, name: str, listed: Mapping[str, Digest]) -> bytes:
    content = _bytes(folder, name)
    if digest_bytes(content) != listed[name]:
        raise DataError(
            f"{folder / name}: was changed: its digest is not that of the manifest. Copy the bundle again, or make it"
            " anew; `harness verify` says what else is wrong."
        )
    return content


def _rows(content: bytes, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    # Parquet comes with a large library, which a threshold that is given needs not.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(BytesIO(content), columns=list(columns)).to_pylist()
    except pa.ArrowException as error:
        raise ValueError(f"a table cannot be read: {error}") from error
    return rows


def _answers(tables: Tables, source: ConfidenceSource) -> Iterator[Answer]:
    probe, label, right = PROBES[source.kind]
    replies = {row["ask_digest"]: row for row in tables["replies.parquet"]}
    scores = {(row["cell"], row["case"]): row for row in tables["scores.parquet"]}
    seen = set()
    for row in sorted(tables["cases.parquet"], key=lambda row: (row["cell"], row["case"])):
        place = row["cell"], row["cluster"]
        if row["cell"].partition("@")[0] != probe or place in seen:
            continue
        ask: Ask = from_json(Ask, loads(row["ask"]))
        score = scores[row["cell"], row["case"]]
        values = dict(score["values"])
        concerned = source.concerns(ask) and _is_of(row, source)
        if not concerned or score["outcome"] != Outcome.SCORED.value or label not in values:
            continue
        found = [replies.get(str(digest(one))) for one in source.asks(ask)]
        sure = source.of(ask, [_reply(its) for its in found if its is not None]) if None not in found else None
        if sure is not None:
            seen.add(place)
            yield Answer(sure, int(values[label] != right), _text(row, ask))


def _is_of(row: Mapping[str, Any], source: ConfidenceSource) -> bool:
    """Whether the case was judged by this kind of confidence: the same likelihoods can be read in two ways."""
    expected = loads(row["expected"])
    return "source" not in expected or expected["source"] == source.kind


def _reply(row: Mapping[str, Any]) -> Reply:
    text = None if row["text"] is None else loads(row["text"])
    reply: Reply = from_json(Reply, {"finish": row["finish"], "text": text, "scores": loads(row["scores"])})
    return reply


def _text(row: Mapping[str, Any], ask: Ask) -> str:
    """Return the question with the lines that it stands in: a line such as "Answer:" is nobody's material."""
    shown = ask.context if isinstance(ask, ScoreAsk) else ask.prompt if isinstance(ask, GenerateAsk) else ""
    if shown is None or row["wording"] is None:
        return shown or ""
    wording = str(loads(row["wording"]))
    parts = [part for part in wording.splitlines() if part.strip()]
    return "\n".join(dict.fromkeys((wording, *(line for line in shown.splitlines() if any(p in line for p in parts)))))
