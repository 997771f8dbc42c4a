"""Small data sets on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

ROWS = [{"id": "a", "question": "Is it?"}, {"id": "b", "question": "Is it not?"}]


def put(folder: Path, name: str, data: bytes) -> str:
    """Write a file and return its SHA-256 in hexadecimal."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def third_party(tmp_path):
    """A folder as HARNESS_DATA names it: one set with two data files, a licence and a card."""
    folder = tmp_path / "data" / "quiz"
    lines = "\n".join(json.dumps(row) for row in ROWS).encode()
    digests = {
        "LICENSE": put(folder, "LICENSE", b"free"),
        "rows.jsonl": put(folder, "rows.jsonl", lines),
        "old/rows.json": put(folder, "old/rows.json", json.dumps(ROWS[:1]).encode()),
    }
    roles = {"LICENSE": "licence text"}
    files = [
        f'[[file]]\npath = "{path}"\nrole = "{roles.get(path, "data")}"\nsha256 = "{digest}"\n'
        for path, digest in digests.items()
    ]
    card = [
        'schema = 1\nname = "quiz"\ntitle = "Quiz"\ntask = "facts"',
        '[upstream]\ncommit = "abc123"',
        '[licence]\nspdx = "CC-BY-4.0"',
        '[data]\nrows = 2\n[data.columns]\n"question" = "the question"',
        '[quality]\nproblems = ["small"]',
        *files,
    ]
    (folder / "CARD.toml").write_text("\n".join(card))
    return tmp_path / "data"
