"""Check a bundle offline, without the model: re-hash, re-judge, re-summarise, and name what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_bytes, from_json, loads, to_json
from harness.contracts import Probe
from harness.contracts.instruments import NOTHING, FittedInstrument, Instrument
from harness.controls import run_controls
from harness.errors import BundleError, HarnessError, UsageError
from harness.evidence.bundle import Evidence, read_bundle, totals
from harness.evidence.findings import Finding, differences
from harness.evidence.manifest import MANIFEST, STATEMENT, Manifest, build_statement
from harness.evidence.media import FOLDER
from harness.evidence.training_checks import check_training
from harness.gate import Policy, judge
from harness.judge import judge_cases, replies_to
from harness.records import Ask, Cell, CellStatus, Consultation, Metric, Reply, Verdict
from harness.registry import CORE, Registry
from harness.summarise import CellResult, count, summarise

__all__ = ["Finding", "differences", "verify"]


def verify(folder: Path, registry: Registry) -> list[Finding]:
    """Everything that is wrong with the bundle at ``folder``; an empty list says that every number stands.

    Numbers are computed again only where every byte is as the manifest says.
    """
    found: list[Finding] = []
    try:
        found += _check_bytes(folder)
        if not found:
            evidence = read_bundle(folder)
            found += [
                *_check_media(folder, evidence),
                *check_training(folder, evidence.run),
                *_check_numbers(evidence, registry),
            ]
    except HarnessError as error:
        found.append(Finding(str(folder), str(error)))
    except Exception as error:  # noqa: BLE001  a forged bundle may hold anything, and a stranger's probe may raise anything
        found.append(Finding(str(folder), f"cannot be checked: {type(error).__name__}: {error}"))
    return found


# ── bytes ─────────────────────────────────────────────────────────────────────────────────


def _check_bytes(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding(str(folder), "there is no such folder")
        return
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() or p.is_symlink()}
    missing = {MANIFEST, STATEMENT} - present
    if missing:
        yield from (Finding(name, "is missing") for name in sorted(missing))
        return
    raw = (folder / MANIFEST).read_bytes()
    try:
        manifest: Manifest = from_json(Manifest, loads(raw))
    except (ValueError, TypeError, KeyError) as error:
        yield Finding(MANIFEST, f"is not a manifest: {error}")
        return
    listed = {entry.path: entry for entry in manifest.files}
    yield from (Finding(name, "is missing") for name in sorted(set(listed) - present))
    yield from (
        Finding(name, "is not in the manifest") for name in sorted(present - set(listed) - {MANIFEST, STATEMENT})
    )
    for path, entry in listed.items():
        if path in present:
            yield from _check_file(folder, path, entry.digest, entry.size)
    yield from _check_statement(folder, raw)


def _check_file(folder: Path, path: str, expected: Digest, size: int) -> Iterator[Finding]:
    place = folder / path
    if place.is_symlink() or not place.resolve().is_relative_to(folder.resolve()):
        yield Finding(path, "is a link or leads outside the bundle")
        return
    content = place.read_bytes()
    if len(content) != size or digest_bytes(content) != expected:
        yield Finding(
            path, f"was changed: {digest_bytes(content)} ({len(content)} bytes), not {expected} ({size} bytes)"
        )


def _check_statement(folder: Path, manifest: bytes) -> Iterator[Finding]:
    try:
        model = loads((folder / "run.json").read_bytes())["plan"]["identity"]
        verdict = loads((folder / "verdict.json").read_bytes())["verdict"]
        derived = build_statement(manifest, model, None if verdict is None else from_json(Verdict, verdict))
    except (OSError, ValueError, TypeError, KeyError) as error:
        yield Finding(STATEMENT, f"cannot be derived: {type(error).__name__}: {error}")
        return
    if (folder / STATEMENT).read_bytes() != derived:
        yield Finding(STATEMENT, "does not follow from the manifest and the verdict: one of the three was changed")


def _check_media(folder: Path, evidence: Evidence) -> Iterator[Finding]:
    """Every image is named by a reply and by its own content, so that fitting digests cannot hide another picture."""
    present = {path.relative_to(folder / FOLDER).as_posix() for path in (folder / FOLDER).rglob("*") if path.is_file()}
    wanted = set(evidence.media)
    yield from (Finding(f"{FOLDER}/{name}", "is named by a reply and missing") for name in sorted(wanted - present))
    yield from (Finding(f"{FOLDER}/{name}", "is named by no reply") for name in sorted(present - wanted))
    for name in sorted(wanted & present):
        found = digest_bytes(evidence.media[name])
        if name != f"{found.hex}.png":
            yield Finding(f"{FOLDER}/{name}", f"holds another picture than its name says: {found}")


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _check_numbers(evidence: Evidence, registry: Registry) -> Iterator[Finding]:
    plan: Any = evidence.run["plan"]
    cells: list[Cell] = [from_json(Cell, cell) for cell in plan["cells"]]
    yield from _check_plan(evidence, plan)
    yield from _check_code(plan["plugins"], registry)
    yield from _check_instruments(evidence, registry)
    yield from _check_consulted(evidence, plan, registry)
    planned = [cell for cell in cells if cell.status is CellStatus.PLANNED]
    keys = [cell.key for cell in planned]
    results = {f"{result.probe}@{result.dataset}": result for result in evidence.results}
    # Each planned cell has one result and one set of cases, in order: a second one could hide the first.
    if [f"{result.probe}@{result.dataset}" for result in evidence.results] != keys or list(evidence.cases) != keys:
        yield Finding("estimates.json", f"results and cases are not those of the planned cells: {', '.join(keys)}")
        return
    metrics: dict[str, Metric] = {}
    for cell in planned:
        try:
            probe: Probe = registry.create("probe", cell.probe, cell.settings)
        except UsageError as error:
            yield Finding(cell.key, f"cannot be computed again here: {error}")
            continue
        metrics |= {metric.name: metric for metric in probe.card.metrics}
        yield from _check_cell(cell, probe, evidence, results[cell.key], int(plan["seed"]))
    if {cell.probe for cell in planned} <= {name.rpartition("/")[0] for name in metrics}:
        yield from _check_verdict(evidence, cells, metrics)


def _check_plan(evidence: Evidence, plan: Mapping[str, Any]) -> Iterator[Finding]:
    # The digests of plan and cases are over JSON values: what is stored is what was digested.
    if str(digest(plan)) != evidence.run["plan_digest"]:
        yield Finding("run.json", f"plan_digest is {evidence.run['plan_digest']}; the plan's is {digest(plan)}")
    cases = digest([[key, list(its)] for key, its in evidence.cases.items()])
    if str(cases) != plan["cases"]:
        yield Finding("cases.parquet", f"the cases have digest {cases}; the plan has {plan['cases']}")
    unanswered = {digest(case.ask) for its in evidence.cases.values() for case in its} - set(evidence.replies)
    found: Any = evidence.run.get("totals")
    told = {name: value for name, value in found.items() if name != "from_journal"} if isinstance(found, dict) else None
    # How many came from the journal is history, which no reply tells; everything else follows from the replies.
    yield from differences("run.json: totals", told, totals(evidence.replies))
    if unanswered:
        raise BundleError(f"replies.parquet has no reply to {len(unanswered)} asks. The bundle is damaged.")


def _check_code(plugins: Sequence[Mapping[str, str]], registry: Registry) -> Iterator[Finding]:
    for used in plugins:
        if used["kind"] not in {"core", "probe"}:
            continue
        if used["kind"] == "probe" and used["name"] not in registry.installed("probe"):
            continue  # Told with the cell that needs it.
        here = CORE if used["kind"] == "core" else registry.find("probe", used["name"])
        if str(here.code_digest()) != used["code"]:
            yield Finding(
                f"{used['kind']} {used['name']}",
                f"was {used['distribution']} {used['version']} with other code than the installed {here.owner};"
                " numbers are computed with the installed one",
                fatal=False,
            )


def _check_instruments(evidence: Evidence, registry: Registry) -> Iterator[Finding]:
    """Readings are recorded like replies, and not taken again: who took them must be known, and may have changed."""
    records: Any = evidence.run.get("instruments", [])
    used = {one["plugin"]["name"]: one["plugin"] for one in records}
    for name in sorted({reading.instrument for reading in evidence.readings} - set(used)):
        yield Finding("run.json", f"says nothing of the instrument {name!r}, whose readings are in readings.parquet")
    for name, its in used.items():
        here = registry.find("instrument", name) if name in registry.installed("instrument") else None
        if here is None or str(here.code_digest()) != its["code"]:
            now = f"with other code than the installed {here.owner}" if here else "which is not installed here"
            text = f"was {its['distribution']} {its['version']}, {now}; its readings are taken as they were recorded"
            yield Finding(f"instrument {name}", text, fatal=False)


def _check_consulted(evidence: Evidence, plan: Mapping[str, Any], registry: Registry) -> Iterator[Finding]:
    """Let each judge read once more from the replies it got: its readings must follow from them."""
    planned = plan.get("instruments", [])
    settings = {one["name"]: one["settings"] for one in planned}
    read = {reading.instrument for reading, values in evidence.readings.items() if values}
    for one in planned:
        if one["model"] is not None and one["name"] in read - set(evidence.consulted):
            yield Finding("consulted.parquet", f"has nothing that {one['name']} was told, though it gave readings")
    for name, made in evidence.consulted.items():
        if name not in registry.installed("instrument") or name not in settings:
            continue  # Told with the instruments.

        def ask(asks: Sequence[Ask], made: Mapping[Digest, Consultation] = made) -> list[Reply]:
            return [made[digest(ask)].reply for ask in asks]

        readings = [reading for reading, values in evidence.readings.items() if reading.instrument == name and values]
        fitted = False
        try:
            instrument: Instrument = registry.create("instrument", name, settings[name])
            fitted = isinstance(instrument, FittedInstrument)
            again = instrument.read(readings, replace(NOTHING, ask=ask))
        except (KeyError, UsageError) as error:
            if fitted and isinstance(error, UsageError):
                # What it took of the model, such as its tokenizer, need not be here, nor a key.
                text = f"cannot read again, so its readings are taken as they were recorded: {error}"
                yield Finding(f"instrument {name}", text, fatal=False)
            else:
                yield Finding("consulted.parquet", f"does not hold all that {name} read from: {error}")
            continue
        for reading, values in zip(readings, again, strict=True):
            yield from differences(f"readings.parquet: {name}", to_json(evidence.readings[reading]), to_json(values))


def _check_cell(cell: Cell, probe: Probe, evidence: Evidence, result: CellResult, seed: int) -> Iterator[Finding]:
    cases = evidence.cases[cell.key]
    again = judge_cases(probe, cases, replies_to(cases, evidence.replies), evidence.readings)
    for old, new in zip(evidence.judged[cell.key], again, strict=True):
        place = f"scores.parquet: {cell.key}: {old.case.id}"
        yield from differences(place, to_json(old.score), to_json(new.score))
    controls = run_controls(probe, cases, seed, lambda _: evidence.readings)
    fresh = CellResult(cell.probe, cell.dataset, count(again), summarise(probe, again), controls)
    yield from differences(f"estimates.json: {cell.key}", to_json(result), to_json(fresh))


def _check_verdict(evidence: Evidence, cells: Sequence[Cell], metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    policy: Any = evidence.run["policy"]
    again = None
    if policy is not None:
        day = date.fromisoformat(str(evidence.run["judged_on"]))
        again = judge(Policy.restore(policy), cells, evidence.results, metrics, day)
    yield from differences("verdict.json", to_json(evidence.verdict), to_json(again))
