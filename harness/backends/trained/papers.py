"""The files of a checkpoint that say how its model came to be: what an auditor may have without the model itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from harness.backends.trained.known import ABSOLUTE
from harness.canonical import digest_bytes, dumps, loads
from harness.errors import ModelError

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["papers"]

ROOTED = re.compile(r"(?:[/\\~]|\.\.?[/\\]|[A-Za-z]:[/\\]).*", re.DOTALL)
"""A path from the root, a home, a drive, or the folder that one was in."""


def papers(checkpoint: Checkpoint) -> dict[str, bytes]:
    """The manifest, the privacy ledger and the samples of ``checkpoint``, by name.

    The manifest is as it lies there, but for paths: of each, the last part is kept.

    Raises:
        ModelError: a file was changed since the checkpoint was opened.
    """
    from harness.training.layout import GRIDS, LEDGER, MANIFEST, SAMPLES

    declared = checkpoint.manifest.files
    named = [name for name in declared if name in {LEDGER, SAMPLES} or name.startswith(f"{GRIDS}/")]
    found = {name: _read(checkpoint, name, declared[name]) for name in named}
    return {MANIFEST: dumps(_placeless(loads(checkpoint.manifest.dump())), indent=2), **found}


def _read(checkpoint: Checkpoint, name: str, expected: str) -> bytes:
    try:
        content = (checkpoint.folder / name).read_bytes()
    except OSError as error:
        raise ModelError(
            f"{checkpoint.folder / name} cannot be read: {error.strerror}. Restore the original checkpoint."
        ) from error
    if digest_bytes(content).hex != expected:
        raise ModelError(f"{checkpoint.folder / name} was changed just now. Restore the original checkpoint.")
    return content


def _placeless(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """A manifest whose recipe, settings and data name no folder; digests, counts and sentences stay."""
    return {key: _cut(value) if key in {"recipe", "settings", "data"} else value for key, value in manifest.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return PureWindowsPath(value).name or value if ROOTED.fullmatch(value) else ABSOLUTE.sub(r"\1", value)
    if isinstance(value, dict):
        return {key: _cut(its) for key, its in value.items()}
    return [_cut(its) for its in value] if isinstance(value, list) else value
