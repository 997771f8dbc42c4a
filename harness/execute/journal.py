"""Replies on disk, one SQLite file for each model, written in whole batches.

A batch of replies is one transaction: after a crash a batch is there entirely or not at all, so a
resumed run forms the same batches as an uninterrupted one and computes the same numbers. Every
reply carries a check over ask and content, since SQLite itself does not notice a flipped byte. The images
that a batch's replies name are part of its transaction: a reply that is there has its images there.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from harness.canonical import Digest, dumps, from_json, loads
from harness.errors import JournalError, StoreError
from harness.records import Finish, Reply

__all__ = ["Journal"]

SCHEMA = 1
_LOOK_UP = 500
"""Asks looked up in one query; SQLite's default limit of bound variables is higher on every build."""


def _check(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + content).digest()[:16]


class Journal:
    """Replies and readings of one model.

    Args:
        path: The file; made with its folder where it does not exist.
        identity: Digest of the model's identity; a journal of another model is refused.

    Raises:
        JournalError: the file is damaged, of a newer format, or of another model.
        StoreError: the folder cannot be written.
    """

    def __init__(self, path: Path, identity: Digest) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(
                f"{path.parent}: cannot keep a journal here: {error}. Choose a writable --store."
            ) from error
        try:
            self._open(identity)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise self._trouble(error) from error
        except JournalError:
            self._db.close()
            raise

    @staticmethod
    def file_name(identity: Digest) -> str:
        """Name of the file that the replies of the model with this identity are kept in."""
        return f"{identity.short}.sqlite"

    def beside(self, identity: Digest) -> Journal:
        """Open the journal of another model in the same folder."""
        return Journal(self.path.with_name(self.file_name(identity)), identity)

    def _open(self, identity: Digest) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        # FULL syncs every commit: a reply that was paid for survives a power cut, not only a crash.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(
            "BEGIN IMMEDIATE;"
            "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS entries (kind TEXT, key TEXT, content BLOB NOT NULL, check_ BLOB NOT NULL,"
            " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
            "COMMIT;"
        )
        wanted = {"schema": str(SCHEMA), "identity": str(identity)}
        self._db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", wanted.items())
        found = dict(self._db.execute("SELECT key, value FROM meta"))
        if found != wanted:
            raise JournalError(
                f"{self.path}: this journal is of schema {found.get('schema')} and model {found.get('identity')},"
                f" not of schema {SCHEMA} and model {identity}. Move it aside; replies will be asked for again."
            )

    def _trouble(self, error: sqlite3.DatabaseError) -> JournalError | StoreError:
        text = str(error)
        if isinstance(error, sqlite3.OperationalError) and ("full" in text or "readonly" in text or "disk I/O" in text):
            return StoreError(
                f"{self.path}: cannot write the journal: {text}. Free some space or choose another --store;"
                " what was committed is safe and `harness resume` goes on from there."
            )
        if isinstance(error, sqlite3.OperationalError) and "locked" in text:
            return StoreError(f"{self.path}: another run is writing this journal. Wait for it to end, then run again.")
        return self.damaged(text)

    def damaged(self, why: str) -> JournalError:
        """The error for a journal that cannot be trusted."""
        return JournalError(
            f"{self.path}: the journal is damaged ({why}). Nothing was changed. Move the file aside to ask everything"
            " again, or restore it from a copy."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._db.close()

    def _read(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        try:
            for start in range(0, len(keys), _LOOK_UP):
                part = keys[start : start + _LOOK_UP]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, content, check_ FROM entries WHERE kind = ? AND key IN ({marks})"  # noqa: S608  only marks
                for key, content, check in self._db.execute(query, (kind, *part)):
                    # SQLite columns take any type: content that is no longer bytes was changed as well.
                    if not isinstance(content, bytes) or _check(key, content) != check:
                        raise self.damaged(f"entry {key} does not match its check")
                    found[key] = content
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error
        return found

    def _write(self, entries: Iterable[tuple[str, str, bytes]]) -> None:
        """Write ``(kind, key, content)`` in one transaction."""
        rows = [(kind, key, content, _check(key, content)) for kind, key, content in entries]
        if not rows:
            return
        try:
            with closing(self._db.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)
                cursor.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._trouble(error) from error

    def replies(self, asks: Sequence[Digest]) -> dict[Digest, Reply]:
        """Those of ``asks`` that have been answered."""
        found = self._read("reply", [str(ask) for ask in asks])
        return {Digest.parse(key): from_json(Reply, loads(content)) for key, content in found.items()}

    def add_replies(self, replies: Mapping[Digest, Reply], media: Mapping[str, bytes] | None = None) -> None:
        """Make ``replies`` and the files they name durable, all or none.

        FAILED replies are left out: they are asked again next time.

        Args:
            replies: By digest of the ask.
            media: Content of every file that a reply names, by name.
        """
        kept = {ask: reply for ask, reply in replies.items() if reply.finish is not Finish.FAILED}
        files = {name: (media or {})[name] for reply in kept.values() for name in reply.media}
        self._write(
            [
                *(("media", name, content) for name, content in files.items()),
                *(("reply", str(ask), dumps(reply)) for ask, reply in kept.items()),
            ]
        )

    def media(self, name: str) -> bytes:
        """Content of a file that a kept reply names.

        Raises:
            JournalError: it is not here, or was changed.
        """
        found = self._read("media", [name]).get(name)
        if found is None:
            raise self.damaged(f"a reply names the file {name}, which is not there")
        return found

    def readings(self, keys: Sequence[Digest]) -> dict[Digest, dict[str, float]]:
        """Those of the readings that have been taken, by `harness.measure.reading_key`."""
        found = self._read("reading", [str(key) for key in keys])
        return {Digest.parse(key): loads(content) for key, content in found.items()}

    def add_readings(self, readings: Mapping[Digest, Mapping[str, float]]) -> None:
        """Make ``readings`` durable, all or none."""
        self._write(("reading", str(key), dumps(values)) for key, values in readings.items())

    def rate(self) -> float | None:
        """Tokens a second that this model reached here when it was last asked; None if it never was."""
        found = self._read("rate", ["last"]).get("last")
        return None if found is None else float(loads(found))

    def set_rate(self, tokens_per_second: float) -> None:
        """Remember how fast the model is here, for forecasts."""
        self._write([("rate", "last", dumps(tokens_per_second))])

    def count(self) -> int:
        """Number of replies kept."""
        try:
            return int(self._db.execute("SELECT count(*) FROM entries WHERE kind = 'reply'").fetchone()[0])
        except sqlite3.DatabaseError as error:
            raise self._trouble(error) from error
