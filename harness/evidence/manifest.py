"""The list of a bundle's files with their digests, and the in-toto statement that names the list.

Every file but the statement is in the manifest; the statement is derived from the manifest and
the verdict alone, so it is checked by deriving it again. No single byte is outside the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.canonical import Digest, digest_bytes, dumps
from harness.evidence.training import tier_of
from harness.records import GateResult, Ruling, Value, Verdict

__all__ = ["MANIFEST", "SCHEMA", "STATEMENT", "Entry", "Manifest", "build_manifest", "build_statement", "entry"]

MANIFEST = "manifest.json"
STATEMENT = "statement.intoto.json"
SCHEMA = 1

_TIERS = {
    "cases.parquet": "raw",
    "replies.parquet": "raw",
    "readings.parquet": "raw",
    "scores.parquet": "auditor",
}
"""Who may see a file: raw holds prompts, model text and what instruments read; all that is not listed is public."""

_TYPES = {
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".toml": "application/toml",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a bundle.

    Attributes:
        path: Inside the bundle, with forward slashes.
        digest: Of its content.
        size: In bytes.
        type: Media type.
        tier: public, auditor or raw.
    """

    path: str
    digest: Digest
    size: int
    type: str
    tier: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a bundle but the manifest and the statement, sorted by path."""

    schema: int
    files: tuple[Entry, ...]


def entry(path: str, content: bytes) -> Entry:
    """Describe one file."""
    return Entry(
        path,
        digest_bytes(content),
        len(content),
        _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream"),
        _TIERS.get(path) or tier_of(path) or ("raw" if path.startswith("media/") else "public"),
    )


def build_manifest(files: Iterable[Entry] | Mapping[str, bytes]) -> Manifest:
    """List ``files``: their entries, or their content by path."""
    entries = [entry(*file) for file in files.items()] if isinstance(files, Mapping) else files
    return Manifest(SCHEMA, tuple(sorted(entries, key=lambda file: file.path)))


def build_statement(manifest: bytes, model: Mapping[str, Value], verdict: Verdict | None) -> bytes:
    """An in-toto Statement v1 with the test-result predicate, over the manifest and the model.

    An inconclusive or waived gate is a warning there: the predicate knows passed, warned and failed only.

    Source:
        in-toto attestation framework, Statement v1 and predicate test-result/v0.1.
    """
    gates = verdict.gates if verdict else ()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": MANIFEST, "digest": {"sha256": digest_bytes(manifest).hex}},
            {"name": f"model:{model['name']}", "digest": {"sha256": Digest.parse(str(model["digest"])).hex}},
        ],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": _result(verdict),
            "configuration": [{"name": "harness.toml"}],
            "passedTests": [_name(gate) for gate in gates if gate.ruling is Ruling.PASS],
            "warnedTests": [_name(gate) for gate in gates if _warned(gate)],
            "failedTests": [_name(gate) for gate in gates if gate.ruling is Ruling.FAIL and not gate.waived],
        },
    }
    return dumps(statement, indent=2)


def _warned(gate: GateResult) -> bool:
    return gate.ruling is Ruling.INCONCLUSIVE or (gate.ruling is Ruling.FAIL and bool(gate.waived))


def _name(gate: GateResult) -> str:
    return f"{gate.metric}@{gate.dataset}"


def _result(verdict: Verdict | None) -> str:
    if verdict is None:
        return "WARNED"
    return {Ruling.PASS: "PASSED", Ruling.FAIL: "FAILED"}.get(verdict.ruling, "WARNED")
