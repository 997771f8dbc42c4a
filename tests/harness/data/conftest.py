"""Small data sets on disk, and a server of files on the loopback interface."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from contextlib import suppress
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


@pytest.fixture
def loopback(tmp_path_factory):
    """A server of one folder: its address, the folder, and the list of what it was asked for.

    ``/loud`` never stops sending.
    """
    folder, asked = tmp_path_factory.mktemp("served"), []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            if self.path != "/loud":
                super().do_GET()
                return
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"\0" * 65536)

        def log_message(self, *args):
            """Say nothing."""

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", folder, asked
    running.shutdown()
    running.server_close()
