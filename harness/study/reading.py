"""What a finished study holds, read from its own files: nothing is measured or compared again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.canonical import from_json
from harness.errors import BundleError
from harness.evidence.bundle import read_bundle, read_json
from harness.evidence.manifest import MANIFEST
from harness.study.design import Design
from harness.study.pairs import Ran
from harness.study.promises import Promise
from harness.study.records import Arm, Compared, Contrasted, Results, Ruled

__all__ = [
    "ARMS",
    "EFFECTS",
    "PROMISES",
    "RECORD",
    "STUDIES",
    "VERDICTS",
    "find_study",
    "is_study",
    "read_promises",
    "read_ran",
    "read_results",
    "read_rulings",
    "read_study",
    "studies",
]

ARMS = "arms"
"""Folder of a study that holds the bundles of its arms."""
STUDIES = "studies"
"""Folder of a store that holds its studies."""
RECORD = "study.json"
EFFECTS = "effects.json"
VERDICTS = "verdicts.json"
PROMISES = "promises.json"


def is_study(folder: Path) -> bool:
    """Whether ``folder`` holds a finished study."""
    return (folder / MANIFEST).is_file() and (folder / RECORD).is_file()


def studies(store: Path) -> list[Path]:
    """Folders of finished studies, newest first."""
    place = store / STUDIES
    found = (
        [path for path in place.iterdir() if not path.name.startswith(".") and is_study(path)] if place.is_dir() else []
    )
    return sorted(found, key=lambda path: ((path / MANIFEST).stat().st_mtime_ns, path.name), reverse=True)


def find_study(store: Path, name: str) -> Path | None:
    """The only finished study whose folder's name begins with ``name``; None where none does, or several do."""
    found = [path for path in studies(store) if path.name.startswith(name)]
    return found[0] if len(found) == 1 else None


def read_study(folder: Path) -> tuple[Design, dict[str, str], list[tuple[Arm, str]]]:
    """Read the design, the titles of its treatments, and its arms, each with why it failed or an empty text.

    Raises:
        BundleError: it is not the record of a study.
    """
    record = read_json(folder, RECORD)
    try:
        arms = [(_arm(row), str(row["reason"]) if row["failed"] else "") for row in record["arms"]]
        return Design.model_validate(record["design"]), dict(record["titles"]), arms
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{folder / RECORD}: not the record of a study: {error}.") from error


def _arm(row: Mapping[str, Any]) -> Arm:
    arm: Arm = from_json(Arm, {key: row[key] for key in ("role", "treatment", "dose", "place", "seed", "trains")})
    return arm


def read_ran(folder: Path, arms: Sequence[tuple[Arm, str]]) -> list[Ran]:
    """Read the evidence of every arm that has some.

    Raises:
        BundleError: a bundle is missing or unreadable.
    """
    return [Ran(arm, None if reason else read_bundle(folder / ARMS / arm.name), reason) for arm, reason in arms]


def read_results(folder: Path) -> Results:
    """Read what was found.

    Raises:
        BundleError: a file is missing, or holds something else.
    """
    effects = _rows(folder, EFFECTS, "compared", Compared)
    # Studies from before there were contrasts have none.
    contrasts = _rows(folder, EFFECTS, "contrasts", Contrasted, later=True)
    return Results(tuple(effects), tuple(read_rulings(folder)), tuple(contrasts))


def read_rulings(folder: Path) -> list[Ruled]:
    """Read the verdicts alone.

    Raises:
        BundleError: the file is missing, or holds something else.
    """
    return _rows(folder, VERDICTS, "verdicts", Ruled)


def read_promises(folder: Path, design: Design) -> list[Promise]:
    """Read what was certified on calibration runs; nothing where the design has none.

    Raises:
        BundleError: the file is missing, or holds something else.
    """
    return [] if design.calibration is None else _rows(folder, PROMISES, "promises", Promise)


def _rows(folder: Path, name: str, key: str, kind: type[Any], *, later: bool = False) -> list[Any]:
    record = read_json(folder, name)
    try:
        return [from_json(kind, row) for row in (record.get(key, []) if later else record[key])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            f"{folder / name}: not of this format: {type(error).__name__}: {error}. `harness verify` says what else is"
            " wrong."
        ) from error
