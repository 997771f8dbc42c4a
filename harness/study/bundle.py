"""A study as a folder that can be verified: what was settled, what was found, and the whole bundle of every run.

study.toml      as it was given
study.json      the design, and what became of each arm
effects.json    what changed, by treatment and dose
verdicts.json   checks and sentences
report.html     the same for readers
promises.json   what was certified on calibration runs, and what came of it; where there are such runs
arms/           a bundle of `harness run` for each arm
calibration/    a bundle of each run that treatments were calibrated on, by seed
manifest.json   written last; names every other file, and the manifest of each arm, with its SHA-256
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.canonical import digest_bytes, dumps, from_json, loads, to_json
from harness.errors import HarnessError, StoreError
from harness.evidence.bundle import Content, read_json
from harness.evidence.manifest import MANIFEST, Manifest, build_manifest
from harness.evidence.verify import Finding, differences
from harness.evidence.verify import verify as verify_run
from harness.records import Value
from harness.registry import Registry
from harness.study.calibration import recorded, verify_calibrations
from harness.study.compared import compare
from harness.study.design import CALIBRATION, Design
from harness.study.pairs import Ran
from harness.study.promises import promises
from harness.study.reading import ARMS, EFFECTS, PROMISES, RECORD, VERDICTS, read_ran, read_study
from harness.study.records import Arm, Results

__all__ = ["files_of", "publish", "verify_study"]

RUNS = (ARMS, CALIBRATION)
"""Folders of a study that hold bundles of runs."""
SCHEMA = 1


def files_of(
    design: Design,
    text: str,
    ran: Sequence[Ran],
    titles: Mapping[str, str],
    results: Results,
    *,
    earlier: Sequence[Ran] = (),
) -> Content:
    """The study's own files, but for the page and the manifest; ``earlier`` are its calibration runs."""
    arms: list[Value] = [
        {**_table(to_json(one.arm)), "name": one.arm.name, "failed": one.evidence is None, "reason": one.reason}
        for one in ran
    ]
    record = {"schema": SCHEMA, "design": design.dump(), "titles": dict(titles), "arms": arms}
    kept: dict[str, bytes] = {}
    if design.calibration is not None:
        record["calibrations"] = recorded(earlier)
        kept = {PROMISES: dumps({"schema": SCHEMA, "promises": list(promises(design, ran))}, indent=2)}
    return {
        **kept,
        "study.toml": text.encode(),
        RECORD: dumps(record, indent=2),
        EFFECTS: dumps(
            {"schema": SCHEMA, "compared": list(results.compared), "contrasts": list(results.contrasts)}, indent=2
        ),
        VERDICTS: dumps({"schema": SCHEMA, "verdicts": list(results.verdicts)}, indent=2),
    }


def _table(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def publish(aside: Path, folder: Path, files: Content) -> Path:
    """Put ``files`` beside the arms that lie in ``aside``, the manifest last, and rename it all to ``folder``.

    Raises:
        StoreError: the disk is full or cannot be written; the runs' replies are in their journals.
    """
    try:
        aside.mkdir(parents=True, exist_ok=True)
        manifests = sorted(path for runs in RUNS for path in (aside / runs).glob(f"*/{MANIFEST}"))
        listed = {**files, **{path.relative_to(aside).as_posix(): path.read_bytes() for path in manifests}}
        for name, content in files.items():
            (aside / name).write_bytes(content)
        (aside / MANIFEST).write_bytes(dumps(build_manifest(listed), indent=2))
        os.sync()
        folder.parent.mkdir(parents=True, exist_ok=True)
        return aside.rename(folder)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise StoreError(
            f"{folder}: cannot write the study: {error.strerror or error}. Every reply is in the journals: free some"
            " space or repair the folder, then give the same command again."
        ) from error


# ── verification ──────────────────────────────────────────────────────────────────────────


def verify_study(folder: Path, registry: Registry) -> list[Finding]:
    """Everything that is wrong with the study at ``folder``: its bytes, its runs, and its comparisons, made again."""
    found: list[Finding] = []
    try:
        found += _bytes(folder)
        if not found:
            design, titles, arms = read_study(folder)
            found += _runs(folder, arms, registry)
            if not any(finding.fatal for finding in found):
                found += _again(folder, design, titles, arms, registry)
    except HarnessError as error:
        found.append(Finding(str(folder), str(error)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        found.append(Finding(str(folder), f"cannot be checked: {type(error).__name__}: {error}"))
    return found


def _bytes(folder: Path) -> Iterator[Finding]:
    raw = (folder / MANIFEST).read_bytes()
    try:
        manifest: Manifest = from_json(Manifest, loads(raw))
    except (ValueError, TypeError, KeyError) as error:
        yield Finding(MANIFEST, f"is not a manifest: {error}")
        return
    for entry in manifest.files:
        place = folder / entry.path
        if place.is_symlink() or not place.resolve().is_relative_to(folder.resolve()):
            yield Finding(entry.path, "is a link or leads outside the bundle")
        elif not place.is_file():
            yield Finding(entry.path, "is missing")
        elif digest_bytes(place.read_bytes()) != entry.digest:
            yield Finding(entry.path, "was changed")
    listed = {entry.path for entry in manifest.files} | {MANIFEST}
    own = {path.name for path in folder.iterdir() if path.name not in RUNS}
    runs = {f"{name}/{path.name}/{MANIFEST}" for name in RUNS for path in (folder / name).glob("*")}
    yield from (Finding(name, "is not in the manifest") for name in sorted((own | runs) - listed))


def _runs(folder: Path, arms: Sequence[tuple[Arm, str]], registry: Registry) -> Iterator[Finding]:
    there = {path.name for path in (folder / ARMS).glob("*")}
    wanted = {arm.name for arm, reason in arms if not reason}
    yield from (Finding(f"{ARMS}/{name}", "is missing") for name in sorted(wanted - there))
    yield from (Finding(f"{ARMS}/{name}", "belongs to no arm") for name in sorted(there - wanted))
    for name in sorted(there & wanted):
        for finding in verify_run(folder / ARMS / name, registry):
            yield Finding(f"{ARMS}/{name}: {finding.where}", finding.what, finding.fatal)


def _again(
    folder: Path, design: Design, titles: Mapping[str, str], arms: Sequence[tuple[Arm, str]], registry: Registry
) -> Iterator[Finding]:
    ran = read_ran(folder, arms)
    yield from verify_calibrations(folder, read_json(folder, RECORD), design, ran, registry)
    if design.calibration is not None:
        kept = read_json(folder, PROMISES)
        yield from differences(PROMISES, kept["promises"], to_json(list(promises(design, ran))))
    results = compare(design, ran, titles, registry)
    effects, verdicts = (read_json(folder, name) for name in (EFFECTS, VERDICTS))
    yield from differences(EFFECTS, effects["compared"], to_json(list(results.compared)))
    # Studies from before there were contrasts have none.
    yield from differences(EFFECTS, effects.get("contrasts", []), to_json(list(results.contrasts)))
    yield from differences(VERDICTS, verdicts["verdicts"], to_json(list(results.verdicts)))
