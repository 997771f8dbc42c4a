"""The folder of runs: bundles, journals by model, and marks of runs that are under way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import Digest, dumps, loads
from harness.errors import StoreError, UsageError, nearest
from harness.evidence.manifest import MANIFEST
from harness.records import Value

__all__ = ["Store", "Underway"]


@dataclass(frozen=True, slots=True)
class Underway:
    """A run that began and has no bundle yet.

    Attributes:
        id: Name that its bundle will get, without the attempt.
        config: Text of its harness.toml.
        overrides: What the command line changed, by dotted key.
        project: Folder of its harness.toml.
        asks: Digests of all its asks.
        started: Time it began, ISO 8601 in UTC.
        identity: Digest of the model.
    """

    id: str
    config: str
    overrides: Mapping[str, Value]
    project: str
    asks: tuple[str, ...]
    started: str
    identity: str


@dataclass(frozen=True, slots=True)
class Store:
    """Runs under one folder.

    Attributes:
        root: The folder; made on first write.
    """

    root: Path

    def prepare(self) -> None:
        """Make the folder and prove that it can be written, before anything is asked.

        Raises:
            StoreError: it cannot.
        """
        probe = self.root / f".writable.{os.getpid()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{str(self.root)!r}: runs cannot be kept here: {getattr(error, 'strerror', None) or error}."
                " Name a writable folder with --store or `store` under [run]."
            ) from error

    def journal(self, identity: Digest) -> Path:
        """Where the replies of the model with this identity are journalled."""
        return self.root / ".journals" / f"{identity.short}.sqlite"

    def set_journal_aside(self, identity: Digest) -> None:
        """Keep the journal of this model under another name, so that everything is asked again."""
        path = self.journal(identity)
        if not path.exists():
            return
        number = 1 + sum(1 for _ in path.parent.glob(f"{path.stem}.aside-*.sqlite"))
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(path.with_name(f"{path.stem}.aside-{number}.sqlite{ending}"))

    # ── runs under way ────────────────────────────────────────────────────────────────────

    def mark(self, run: Underway) -> None:
        """Remember that ``run`` began, so that it can be resumed."""
        place = self.root / ".underway" / f"{run.id}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = place.with_suffix(f".{os.getpid()}.tmp")
        aside.write_bytes(dumps(run, indent=2))
        aside.replace(place)

    def unmark(self, run_id: str) -> None:
        """Forget the mark of a finished run."""
        (self.root / ".underway" / f"{run_id}.json").unlink(missing_ok=True)

    def underway(self) -> list[Underway]:
        """Runs that began and have not finished, newest first."""
        found = []
        for place in (self.root / ".underway").glob("*.json"):
            try:
                data = loads(place.read_bytes())
                found.append(Underway(**{**data, "asks": tuple(data["asks"])}))
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise StoreError(
                    f"{place}: this mark cannot be read: {error}. Remove the file and run again."
                ) from error
        return sorted(found, key=lambda run: run.started, reverse=True)

    # ── bundles ───────────────────────────────────────────────────────────────────────────

    def bundles(self) -> list[Path]:
        """Folders of finished runs, newest first."""
        if not self.root.is_dir():
            return []
        found = [p for p in self.root.iterdir() if not p.name.startswith(".") and (p / MANIFEST).is_file()]
        return sorted(found, key=lambda p: ((p / MANIFEST).stat().st_mtime_ns, p.name), reverse=True)

    def next_folder(self, run_id: str) -> Path:
        """Folder for a new bundle of the plan ``run_id``: attempts are numbered, never overwritten."""
        attempts = [number for number, _ in self._attempts(run_id)]
        return self.root / f"{run_id}-{max(attempts, default=0) + 1}"

    def _attempts(self, run_id: str) -> Iterator[tuple[int, Path]]:
        for place in self.root.glob(f"{run_id}-*"):
            number = place.name.removeprefix(f"{run_id}-")
            if number.isdigit():
                yield int(number), place

    def find(self, run: str) -> Path:
        """The bundle named by ``run``: a path, a folder's name or the beginning of one, or ``latest``.

        Raises:
            UsageError: there is none, or several begin so.
        """
        if (Path(run) / MANIFEST).is_file() or Path(run).is_dir():
            return Path(run)
        bundles = self.bundles()
        if run == "latest" and bundles:
            return bundles[0]
        fitting = [place for place in bundles if place.name == run] or [p for p in bundles if p.name.startswith(run)]
        if len(fitting) == 1:
            return fitting[0]
        names = [place.name for place in bundles]
        if fitting:
            raise UsageError(
                f"{run!r} fits {len(fitting)} runs in {self.root}: {', '.join(p.name for p in fitting)}. Say more."
            )
        hint = nearest(run, names) or (
            f" The newest is {names[0]}." if names else " It holds no finished run yet: start one with `harness run`."
        )
        raise UsageError(f"There is no run {run!r} in {self.root}.{hint}")


def slug(name: str) -> str:
    """A model's name as part of a folder's name: lower case, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")[:40] or "model"
