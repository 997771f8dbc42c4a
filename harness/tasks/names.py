"""Names of tasks, found in lm-eval's YAML files without importing it: its own index takes ten seconds and more.

A file that names a task has ``task: name`` at the beginning of a line; one that lists tasks has ``group: name``. Which
file names what is remembered in the user's cache for as long as lm-eval's folder stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from harness.canonical import digest, dumps, loads
from harness.data.load import embedded
from harness.errors import MissingExtraError, UsageError, nearest
from harness.tasks import EXTRA, PACKAGE

__all__ = ["Index", "find", "installed", "scan"]

CACHE = "HARNESS_CACHE"
"""Environment variable that puts the cache elsewhere."""
NAME = re.compile(
    rb"^[\"']?(task|group)[\"']?[ \t]*:[ \t]*([\"']?)([^\s\"'#\[\]{}&*!|>]+)\2[ \t]*(?:#.*)?\r?$", re.MULTILINE
)
TAGS = re.compile(rb"^[\"']?tag[\"']?[ \t]*:[ \t]*(.*(?:\n[ \t]*-[ \t].*)*)", re.MULTILINE)
WORD = re.compile(rb"[^\s\"'#\[\],]+")
SHOWN = 8
"""Members of a group that a message names."""


@dataclass(frozen=True, slots=True)
class Index:
    """Names in one folder.

    Attributes:
        tasks, groups: Name → path of its file below the folder.
        tags: Name of a tag → tasks that carry it.
    """

    tasks: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, list[str]] = field(default_factory=dict)


def find(task: str, *, include_path: str | None = None) -> Path:
    """Return the file that describes ``task``.

    Args:
        task: Its name, or the path of its file.
        include_path: Folder of the user's own tasks, looked at first; those that ship with the harness come next, and
            lm-eval's own last.

    Raises:
        UsageError: nothing names such a task, or it names a group; names the nearest, or the group's tasks.
        MissingExtraError: it is not among the others, and lm-eval is not installed.
    """
    if task.endswith((".yaml", ".yml")):
        if Path(task).is_file():
            return Path(task)
        raise UsageError(f"There is no file {task} (looked in {Path.cwd()}). Check the path.")
    looked: list[Index] = []
    for folder in _folders(include_path):
        index = _remembered(folder) if folder == installed() else scan(folder)
        if task in index.tasks:
            return folder / index.tasks[task]
        looked.append(index)
        if task in index.groups or task in index.tags:
            raise _several(task, folder, index)
    raise _unknown(task, looked)


def _folders(include_path: str | None) -> Iterator[Path]:
    if include_path is not None:
        folder = Path(include_path).expanduser()
        if not folder.is_dir():
            raise UsageError(f"include_path names {include_path}, which is not a folder (looked in {Path.cwd()}).")
        yield folder
    yield embedded()
    theirs = installed()
    if theirs is None:
        raise MissingExtraError("The tasks of lm-eval", PACKAGE, EXTRA, "name a file, or a folder as include_path.")
    yield theirs


def installed() -> Path | None:
    """Folder of the tasks that come with lm-eval; None where it is not installed."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "tasks" if places else None


def scan(folder: Path) -> Index:
    """Look for names in all YAML files below ``folder``; of two files with one name the first in order counts."""
    tasks: dict[str, str] = {}
    groups: dict[str, str] = {}
    tags: dict[str, list[str]] = {}
    for path, content in _files(folder):
        for match in NAME.finditer(content):
            kind, name = match[1].decode(), match[3].decode("utf-8", "replace")
            (tasks if kind == "task" else groups).setdefault(name, path)
            if kind == "task" and (tagged := TAGS.search(content)):
                for word in WORD.findall(tagged[1]):
                    if word != b"-":
                        tags.setdefault(word.decode("utf-8", "replace"), []).append(name)
    return Index(tasks, groups, tags)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each YAML file; what cannot be read names nothing."""
    skipped, start = len(str(folder)) + 1, str(folder)
    for place, folders, names in os.walk(start):
        folders[:] = sorted(name for name in folders if name not in {"__pycache__", ".ipynb_checkpoints"})
        for name in sorted(names):
            if name.endswith(".yaml"):
                # Strings, not paths: of 14,000 files, making the paths would take longer than reading them.
                path = f"{place}{os.sep}{name}"
                try:
                    with open(path, "rb") as file:  # noqa: PTH123
                        yield path[skipped:].replace(os.sep, "/"), file.read()
                except OSError:
                    continue


# ── remembering ───────────────────────────────────────────────────────────────────────────


def _remembered(folder: Path) -> Index:
    """The names in lm-eval's folder, from the cache where they were looked for before."""
    try:
        release = version(PACKAGE)
    except PackageNotFoundError:
        release = "unknown"
    named = os.environ.get(CACHE)
    root = Path(named).expanduser() if named else user_cache_path("rai-harness", appauthor=False)
    state = digest([str(folder), release, folder.stat().st_mtime_ns])
    place = root / "lm-eval" / f"names-{state.short}.json"
    try:
        return Index(**loads(place.read_bytes()))
    except (OSError, ValueError, TypeError):
        index = scan(folder)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = place.with_suffix(f".{os.getpid()}.partial")
        aside.write_bytes(dumps(asdict(index)))
        aside.replace(place)
    except OSError:
        pass  # A cache that cannot be written costs the scan next time, and nothing else.
    return index


# ── refusing ──────────────────────────────────────────────────────────────────────────────


def _several(name: str, folder: Path, index: Index) -> UsageError:
    members = sorted(index.tags.get(name) or _members(folder / index.groups[name]))
    listed = ", ".join(members[:SHOWN]) + (f" and {len(members) - SHOWN} more" if len(members) > SHOWN else "")
    return UsageError(f"{name!r} is not one task but a group of them. Name one: {listed or 'its file lists them'}.")


def _members(path: Path) -> list[str]:
    found = re.findall(rb"^[ \t]*-[ \t]+(?:task:[ \t]*)?([\w.+\-]+)[ \t]*\r?$", path.read_bytes(), re.MULTILINE)
    return [name.decode() for name in found]


def _unknown(task: str, looked: list[Index]) -> UsageError:
    known = [name for index in looked for name in (*index.tasks, *index.groups, *index.tags)]
    return UsageError(
        f"lm-eval has no task named {task!r}.{nearest(task, known)} It has {len(known):,} names, which"
        " `lm_eval ls tasks` lists; tasks of your own are found in the folder that include_path names."
    )
