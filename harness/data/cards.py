"""What a data set says of itself: its card, read into one frozen record.

Two layouts are read alike: our ``datasets/<name>/card.toml`` and the ``CARD.toml`` beside
third-party data. Either names every file with its SHA-256, so that nothing unlisted is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import Digest
from harness.errors import DataError

__all__ = ["CARD_NAMES", "VARIABLE", "DataFile", "DatasetCard", "read_card"]

VARIABLE = "HARNESS_DATA"
"""Environment variable that names the folder of third-party data."""

CARD_NAMES = ("card.toml", "CARD.toml")
"""File names of a card, ours first."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that a card vouches for.

    Attributes:
        path: Relative to the card's folder, with forward slashes.
        digest: SHA-256 of the file as it lies there, compressed or not.
        role: What it is, such as ``data`` or ``licence text``.
        rows: Number of records, where the card says so.
    """

    path: str
    digest: Digest
    role: str = "data"
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """A data set's card.

    Attributes:
        name: Name of its folder, by which it is asked for.
        title: Human name.
        version: Its own version, or the upstream commit it was taken at.
        licence: SPDX identifier.
        task: What it is for, in words.
        files: Every file that may be read.
        fields: Column or key → what it holds.
        problems: Known problems, one sentence each.
        rows: Number of records, where the card says so.
        folder: Where the card and its files lie.
        origin: ``embedded`` or ``HARNESS_DATA``.
    """

    name: str
    title: str
    version: str
    licence: str
    task: str
    files: tuple[DataFile, ...]
    fields: Mapping[str, str]
    problems: tuple[str, ...]
    rows: int | None
    folder: Path
    origin: str

    @property
    def default(self) -> DataFile | None:
        """The file meant when none is named: the first whose role is ``data``."""
        return next((file for file in self.files if file.role == "data"), None)


def read_card(folder: Path, *, origin: str) -> DatasetCard:
    """Read the card in ``folder``.

    Raises:
        DataError: there is none, it is not TOML, or it lacks a name, a licence or a file with its digest.
    """
    path = next((folder / name for name in CARD_NAMES if (folder / name).is_file()), None)
    if path is None:
        raise DataError(
            f"{folder} has no {CARD_NAMES[1]}, so nothing says what its files must be."
            " Add a card, or name one of its files by path to use it as a file of your own."
        )
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return _card(table, folder, origin)
    except KeyError as error:
        raise DataError(f"{path}: the card lacks {error.args[0]!r}. Add it; every card has it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: the card cannot be read: {error}. Correct it there.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}. Check its permissions.") from error


def _card(table: Mapping[str, Any], folder: Path, origin: str) -> DatasetCard:
    """Map either layout to the record; raises ``KeyError`` for what is missing."""
    data, quality = table.get("data", {}), table.get("quality", {})
    rows = table.get("rows", data.get("rows"))
    problems = quality.get("known_problems", quality.get("problems", table.get("problems", ())))
    return DatasetCard(
        name=str(table["name"]),
        title=str(table.get("title", table["name"])),
        version=str(table.get("version") or table.get("upstream", {}).get("commit", "unknown")),
        licence=_licence(table["licence"]),
        task=str(table.get("task", "")),
        files=_files(table),
        fields={str(key): str(text) for key, text in (table.get("fields") or data.get("columns", {})).items()},
        problems=tuple(str(problem) for problem in problems),
        rows=None if rows is None else int(rows),
        folder=folder,
        origin=origin,
    )


def _licence(entry: Any) -> str:
    return str(entry["spdx"]) if isinstance(entry, Mapping) else str(entry)


def _files(table: Mapping[str, Any]) -> tuple[DataFile, ...]:
    """Return the listed files; a card with one file may name it at the top level."""
    listed = table.get("file", [])
    if isinstance(listed, str):
        listed = [{"path": listed, "sha256": table["sha256"], "rows": table.get("rows")}]
    if not listed:
        raise KeyError("file")
    return tuple(
        DataFile(
            path=str(entry["path"]),
            digest=Digest("sha256", str(entry["sha256"])),
            role=str(entry.get("role", "data")),
            rows=entry.get("rows"),
        )
        for entry in listed
    )
