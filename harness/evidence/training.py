"""How a model was trained, as files of a bundle: which there may be, how large they are, and how they are read.

    training/manifest.json       what its checkpoint says of itself, without names of folders
    training/ledger.json         what a private training spent
    training/samples.png         of generators that draw: samples of the weights that were kept
    training/samples/<step>.png  the first of these seeds after so many steps

They come from a backend that documents its model (`harness.contracts.training.DocumentedBackend`). Bundles without them
are whole: most models were trained by somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canonical import loads
from harness.errors import BundleError
from harness.images.png_size import LARGEST_SIDE, png_size

__all__ = ["FOLDER", "LEDGER", "MANIFEST", "SAMPLES", "Papers", "admitted", "files_in", "read_papers", "tier_of"]

FOLDER = "training"
MANIFEST, LEDGER, SAMPLES = "manifest.json", "ledger.json", "samples.png"
GRID = re.compile(r"samples/([1-9][0-9]{0,8})\.png")
MOST_GRIDS = 16
LARGEST_JSON, LARGEST_PICTURE = 2**22, 2**23
"""Bytes of one file."""

_TIERS = {LEDGER: "public", MANIFEST: "auditor"}
"""A ledger is what a claim rests on, and holds no more. A manifest has seeds and digests by which whoever has the
records can tell who was trained on; pictures are the model's own, as those of ``media/`` are."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What a bundle holds of a training; nothing of it has been checked but names, sizes and that JSON is JSON.

    Attributes:
        manifest: JSON of the checkpoint's manifest.
        ledger: JSON of the privacy ledger; None without privacy.
        pictures: PNG files by name within `FOLDER`, each read when it is asked for.
    """

    manifest: Mapping[str, Any]
    ledger: Mapping[str, Any] | None
    pictures: Mapping[str, Path] = field(default_factory=dict)

    @property
    def grids(self) -> dict[int, str]:
        """Names of the pictures of steps, by step, the first step first."""
        found = {int(match[1]): name for name in self.pictures if (match := GRID.fullmatch(name))}
        return dict(sorted(found.items()))


def tier_of(path: str) -> str | None:
    """Who may see the file at ``path`` of a bundle; None where it is not one of these files."""
    folder, _, name = path.partition("/")
    return _TIERS.get(name, "raw") if folder == FOLDER and name else None


def admitted(documents: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """What a bundle takes of a backend's documents, by path in the bundle; and why it takes no others, a sentence each.

    Args:
        documents: By name within `FOLDER`; from any backend.
    """
    reasons = {name: _refusal(name, content) for name, content in sorted(documents.items())}
    taken = [name for name, reason in reasons.items() if not reason]
    surplus = [name for name in taken if GRID.fullmatch(name)][MOST_GRIDS:]
    reasons |= dict.fromkeys(surplus, f"there are more than {MOST_GRIDS} such pictures")
    kept = {f"{FOLDER}/{name}": bytes(documents[name]) for name, reason in reasons.items() if not reason}
    left = [f"{name[:80]!r} is left out of the bundle: {reason}." for name, reason in reasons.items() if reason]
    return kept, left


def files_in(folder: Path) -> dict[str, Path]:
    """Every file under the ``training`` folder of the bundle at ``folder``, by name within it, sorted."""
    place = folder / FOLDER
    found = (path for path in place.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(place).as_posix(): path for path in sorted(found)}


def read_papers(folder: Path) -> Papers | None:
    """What the bundle at ``folder`` holds of its model's training; None where it holds nothing.

    Raises:
        BundleError: a file of it may not be there, is too large, or is not JSON.
    """
    files = files_in(folder)
    if not files:
        return None
    for what in faults(files):
        raise BundleError(f"{folder / FOLDER}: {what}. `harness verify` says what else is wrong.")
    pictures = {name: path for name, path in files.items() if name.endswith(".png")}
    return Papers(
        _read_object(files[MANIFEST]), _read_object(files[LEDGER]) if LEDGER in files else None, dict(pictures)
    )


def faults(files: Mapping[str, Path]) -> Iterator[str]:
    """What forbids these files of a `FOLDER`, half a sentence each."""
    if MANIFEST not in files:
        yield f"there is no {MANIFEST}, which the other files belong to"
    if sum(1 for name in files if GRID.fullmatch(name)) > MOST_GRIDS:
        yield f"it holds more than {MOST_GRIDS} pictures of steps"
    for name, path in files.items():
        if path.is_symlink() or not path.is_file():
            yield f"{name} is no plain file"
        elif not _known(name):
            yield f"{name} is none of the files that may be there"
        elif path.stat().st_size > _largest(name):
            yield f"{name} has more than {_largest(name):,} bytes"
        elif reason := _refusal(name, path.read_bytes()):
            yield f"{name}: {reason}"


def _read_object(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = loads(path.read_bytes())
    return found


def _refusal(name: str, content: bytes) -> str:
    """Why a bundle does not take a file, as half a sentence; empty where it does."""
    if not _known(name):
        return "it is none of the files that tell of a training"
    if len(content) > _largest(name):
        return f"it has {len(content):,} bytes, more than {_largest(name):,}"
    if not name.endswith(".png"):
        return _no_object(content)
    size = png_size(content)
    if size is None:
        return "it is no PNG"
    if not 0 < min(size) <= max(size) <= LARGEST_SIDE:
        return f"its picture has {size[0]:,} by {size[1]:,} pixels; 1 to {LARGEST_SIDE:,} a side may be"
    return ""


def _no_object(content: bytes) -> str:
    try:
        found = loads(content)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({' '.join(str(error).split())[:80]})"
    return "" if isinstance(found, dict) else "it holds no JSON object"


def _known(name: str) -> bool:
    return name in {MANIFEST, LEDGER, SAMPLES} or GRID.fullmatch(name) is not None


def _largest(name: str) -> int:
    return LARGEST_PICTURE if name.endswith(".png") else LARGEST_JSON
