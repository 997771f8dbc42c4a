"""Files that are there wholly or not at all, also after a power cut."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["move", "sync", "sync_tree", "write"]


def write(path: Path, content: bytes) -> None:
    """Write ``content`` under another name, bring it to disk, and rename it into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder to ``target``, in place of what is there."""
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


def sync(path: Path) -> None:
    """Bring one file's content, or one folder's list of names, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Bring everything under ``folder``, and the folder itself, to disk."""
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)
