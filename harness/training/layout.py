"""What is in the folder of a checkpoint, and of a training under way in it."""

from __future__ import annotations

from pathlib import Path

from harness.errors import ModelError

__all__ = ["GRIDS", "JOB", "LEDGER", "LOCK", "MANIFEST", "MODEL", "RECORDS", "SAMPLES", "UNDERWAY", "list_files"]

MANIFEST, MODEL, RECORDS, LEDGER, SAMPLES = "manifest.json", "model", "records.parquet", "ledger.json", "samples.png"
GRIDS = "samples"
UNDERWAY, JOB, LOCK = "underway", "job.json", "lock"


def list_files(folder: Path) -> dict[str, Path]:
    """Every file under ``folder`` but its manifest, by path with ``/``.

    Raises:
        ModelError: there is a link or a device, which could change without the folder changing.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ModelError(f"{folder}: {name} is not a plain file. Put the file itself there.")
        if path.is_file() and name != MANIFEST:
            found[name] = path
    return found
