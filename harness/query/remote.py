"""A store that lies elsewhere: what is finished there is copied here, checked, and read like any other.

Bundles and studies never change once their manifest is written, so one that is here is not fetched again.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from harness.canonical import digest_bytes, loads
from harness.errors import StoreError, UsageError
from harness.evidence.manifest import MANIFEST, STATEMENT

__all__ = ["Mirror", "is_url", "open_mirror"]

STUDIES = "studies"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,200}")
"""Names of folders and files that are written here. Anything else is an attack or an accident."""


def is_url(store: str) -> bool:
    """Whether ``store`` names a place elsewhere, such as ``s3://bucket/runs``, and no folder here."""
    return "://" in store


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies of a store.

    Attributes:
        url: Where the store is.
        folder: Where the copies are.
        files: The file system that it is in.
        root: The store in it.
    """

    url: str
    folder: Path
    files: AbstractFileSystem = field(repr=False)
    root: str

    def refresh(self) -> tuple[str, ...]:
        """Copy what has been finished since, and return the names of what could not be copied, each with the reason.

        Raises:
            StoreError: the store cannot be listed, or the copies cannot be written.
        """
        troubles = []
        for there in self._finished():
            here = self.folder.joinpath(*there.parts)
            try:
                self._fetch(there, here)
            except (_UnlikeError, FileNotFoundError) as error:
                # One bundle that is torn, or being written, hides no other.
                troubles.append(f"{there}: {error}")
            except OSError as error:
                raise StoreError(f"{self.url}: {there} cannot be copied to {self.folder}: {error}.") from error
        return tuple(troubles)

    def _finished(self) -> list[PurePosixPath]:
        """Folders of bundles and studies, relative to the store."""
        return [
            PurePosixPath(*parent, name)
            for parent in ((), (STUDIES,))
            for name in self._folders(PurePosixPath(*parent))
            if (parent or name != STUDIES) and self.files.exists(self._at(PurePosixPath(*parent, name), MANIFEST))
        ]

    def _folders(self, place: PurePosixPath) -> Iterator[str]:
        try:
            found = self.files.ls(self._at(place), detail=True)
        except FileNotFoundError:
            return
        except Exception as error:
            raise StoreError(f"{self.url}: cannot be listed ({type(error).__name__}: {error}).") from error
        for one in found:
            name = PurePosixPath(one["name"].rstrip("/")).name
            if one["type"] == "directory" and NAME.fullmatch(name):
                yield name

    def _at(self, place: PurePosixPath, *more: str) -> str:
        return "/".join((self.root.rstrip("/"), *place.parts, *more))

    def _fetch(self, there: PurePosixPath, here: Path) -> None:
        """Copy one bundle or study aside, check it against its manifests, and put it in place."""
        manifest = self.files.cat_file(self._at(there, MANIFEST))
        if (here / MANIFEST).is_file() and (here / MANIFEST).read_bytes() == manifest:
            return
        aside = here.with_name(f".{here.name}.{os.getpid()}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            self._copy(there, aside)
            self._date(there, aside)
            if here.exists():
                shutil.rmtree(here)
            aside.rename(here)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _date(self, there: PurePosixPath, here: Path) -> None:
        """Give the copy the age of what it is a copy of, where that is told: lists begin with the newest."""
        try:
            finished = self.files.modified(self._at(there, MANIFEST)).timestamp()
        except NotImplementedError:
            return
        os.utime(here / MANIFEST, (finished, finished))

    def _copy(self, there: PurePosixPath, here: Path) -> None:
        """Copy what the manifest lists; where it lists manifests, as that of a study does, what they list too."""
        here.mkdir(parents=True)
        content = self.files.cat_file(self._at(there, MANIFEST))
        (here / MANIFEST).write_bytes(content)
        if self.files.exists(self._at(there, STATEMENT)):
            (here / STATEMENT).write_bytes(self.files.cat_file(self._at(there, STATEMENT)))
        for path, digest in _listed(content).items():
            if path.name == MANIFEST:
                self._copy(there / path.parent, here.joinpath(*path.parent.parts))
                found = (here / path).read_bytes()
            else:
                found = self.files.cat_file(self._at(there, *path.parts))
                (here / path).parent.mkdir(parents=True, exist_ok=True)
                (here / path).write_bytes(found)
            if str(digest_bytes(found)) != digest:
                raise _UnlikeError(f"{path} is not what the manifest names: it was changed, or is being written.")


class _UnlikeError(Exception):
    """What was copied is not what its manifest says."""


def _listed(manifest: bytes) -> Mapping[PurePosixPath, str]:
    """Digests by path. A path that leads elsewhere is refused, since files are written by it."""
    try:
        found: Any = loads(manifest)
        paths = {PurePosixPath(str(one["path"])): str(one["digest"]) for one in found["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise _UnlikeError(f"its manifest cannot be read ({type(error).__name__}).") from error
    for path in paths:
        itself = path == PurePosixPath(MANIFEST)
        if itself or path.is_absolute() or not all(NAME.fullmatch(part) for part in path.parts):
            raise _UnlikeError("its manifest names itself, or a file outside the folder.")
    return paths


def open_mirror(url: str, copies: Path) -> Mirror:
    """Find the store at ``url``.

    Args:
        url: Any that fsspec knows: ``s3://``, ``gs://``, ``az://``, ``sftp://``, ``https://`` …
        copies: Folder that holds the copies of all stores.

    Raises:
        UsageError: no installed package reads such a URL, or it is malformed.
    """
    try:
        files, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{url}: {error} Copy the store into a folder, or install what reads it.") from error
    return Mirror(url, copies / digest_bytes(url.encode()).short, files, root)
