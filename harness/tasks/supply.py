"""The documents that a task brings itself: from files of this machine, or from the hub where the network is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.canonical import digest
from harness.contracts import Dataset
from harness.contracts.composed import OWN
from harness.errors import DataError
from harness.offline import is_offline
from harness.records import Value
from harness.tasks.document import PART, Row, as_json, splits_of
from harness.tasks.engine import class_documents, quiet, theirs
from harness.tasks.outline import Code, Outline

__all__ = ["needs_network", "supply"]

LOADERS = frozenset({"json", "csv", "parquet", "text", "arrow"})
"""What `datasets` reads from files; anything else is a folder of this machine, or a name on the hub."""


def needs_network(outline: Outline) -> bool:
    """Whether the task's data are on the hub, as far as its file says."""
    path = outline.config.get("dataset_path")
    if isinstance(outline.config.get("custom_dataset"), Code):
        return False
    return not (isinstance(path, str) and (path in LOADERS or Path(path).exists()))


def supply(outline: Outline, *, shots: int) -> Dataset:
    """Load what the task asks, and what it draws examples from.

    Args:
        outline: The task.
        shots: Number of examples that will be shown; without any, only what is asked is loaded.

    Raises:
        DataError: the data are not here and the network is forbidden, or they cannot be had; says what to do.
        MissingExtraError: lm-eval is not installed.
    """
    with quiet(), theirs(lambda problem: DataError(_lacking(outline, problem))):
        rows = class_documents(outline) if outline.is_class else _rows(outline, shots)
    if not rows:
        raise DataError(f"The task {outline.name!r} has no document to ask.")
    source = str(outline.config.get("dataset_path", outline.name))
    metadata = outline.config.get("metadata")
    version = str(metadata.get("version", "unknown")) if isinstance(metadata, Mapping) else "unknown"
    origin = f"{'hub' if needs_network(outline) else 'file'}: {source}"
    return Dataset(OWN, version, digest(rows), "unknown", rows, origin)


def _rows(outline: Outline, shots: int) -> list[Row]:
    asked, named = splits_of(outline)
    found = _load(outline)
    wanted = [asked, *(name for name in named if shots and name != asked)]
    missing = [name for name in wanted[:1] if name not in found]
    if missing:
        raise DataError(f"The data of {outline.name!r} have no part {asked!r}; they have {', '.join(found)}.")
    return [{**as_json(row), PART: name} for name in wanted if name in found for row in found[name]]


def _load(outline: Outline) -> Any:
    config = outline.config
    if isinstance(config.get("custom_dataset"), Code):
        raise DataError(
            f"The task {outline.name!r} makes its data by a function of its own, which is not run. Name them as"
            " `datasets`."
        )
    import datasets

    arguments = {
        key: value for key, value in (config.get("dataset_kwargs") or {}).items() if key != "trust_remote_code"
    }
    if "data_files" in arguments:
        arguments["data_files"] = _found(arguments["data_files"], outline.path.parent)
    return datasets.load_dataset(path=config.get("dataset_path"), name=config.get("dataset_name"), **arguments)


def _found(files: Any, folder: Path) -> Any:
    """File names as they stand, or where there is no such file, beside the task's own."""
    if isinstance(files, Mapping):
        return {str(part): _found(its, folder) for part, its in files.items()}
    if isinstance(files, list):
        return [_found(its, folder) for its in files]
    return str(folder / files) if not Path(files).exists() and (folder / files).exists() else files


def _lacking(outline: Outline, reason: str) -> str:
    name: Value = outline.config.get("dataset_path")
    part = outline.config.get("dataset_name")
    source = (f"{name} ({part})" if part else f"{name}") if name else "its data"
    local = (
        'name a file of your own as `datasets = ["rows.jsonl"]` of the probe, its rows with the columns that'
        f" {outline.path.name} speaks of"
    )
    if not needs_network(outline):
        return f"The data of {outline.name!r} cannot be read: {reason}. Correct {outline.path.name}, or {local}."
    if is_offline():
        return (
            f"The task {outline.name!r} would download {source} from the Hugging Face hub, and the network is"
            f" forbidden. Run it once without --offline, after which it is in the cache; or {local}."
        )
    return f"The task {outline.name!r} needs {source} from the Hugging Face hub, which failed: {reason}. Or {local}."
