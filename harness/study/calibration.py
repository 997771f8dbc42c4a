"""Runs that treatments are calibrated on: which arms need one, that none asks the same, and that promises follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_bytes, to_json
from harness.contracts.mitigations import CertifyingMitigation
from harness.errors import BundleError
from harness.evidence.bundle import Evidence, read_bundle
from harness.evidence.verify import Finding, differences
from harness.evidence.verify import verify as verify_run
from harness.records import Value
from harness.registry import Registry
from harness.study.arms import calibration_folder
from harness.study.design import CALIBRATION, Design
from harness.study.pairs import Ran
from harness.study.promises import certificate_of
from harness.study.records import Arm
from harness.text.normalise import fold

__all__ = ["apart", "asked_again", "is_calibrated", "recorded", "verify_calibrations"]


def is_calibrated(design: Design, arm: Arm) -> bool:
    """Whether the arm's treatment, or its placebo, takes the folder of a calibration run."""
    return any(one.calibrated is not None for one in design.treatment if one.name == arm.treatment)


def asked_again(earlier: Evidence, later: Evidence) -> int:
    """Count the cases of ``later`` whose question, or very ask, is one of ``earlier``, by their hash."""
    known = {one for its in earlier.cases.values() for case in its for one in _hashes(case)}
    return sum(not known.isdisjoint(_hashes(case)) for its in later.cases.values() for case in its)


def apart(one: Ran, earlier: Ran) -> Ran:
    """Return the arm as it is, or as one that failed where it asks what its calibration run asked."""
    if one.evidence is None or earlier.evidence is None:
        return one
    again = asked_again(earlier.evidence, one.evidence)
    return replace(one, evidence=None, reason=_overlap(again)) if again else one


def recorded(earlier: Sequence[Ran]) -> list[Value]:
    """What the study's record says of its calibration runs."""
    return [{"seed": one.arm.seed, "folder": calibration_folder(one.arm.seed), "reason": one.reason} for one in earlier]


def verify_calibrations(
    folder: Path, record: Mapping[str, Any], design: Design, ran: Sequence[Ran], registry: Registry
) -> Iterator[Finding]:
    """Yield everything that is wrong with the calibration runs of a study: their numbers, overlaps, and certificates.

    Args:
        folder: Of the study.
        record: Its ``study.json``.
        design: The study.
        ran: All arms.
        registry: Where probes and mitigations are.
    """
    told = {int(row["seed"]): str(row["reason"]) for row in record.get("calibrations", [])}
    wanted = {calibration_folder(seed) for seed, reason in told.items() if not reason}
    there = {path.relative_to(folder).as_posix() for path in (folder / CALIBRATION).glob("*")}
    yield from (Finding(name, "is missing") for name in sorted(wanted - there))
    yield from (Finding(name, "belongs to no seed") for name in sorted(there - wanted))
    if design.calibration is not None and set(told) != set(design.seeds):
        yield Finding("study.json", "its calibration runs are not one for each seed")
    for name in sorted(there & wanted):
        for finding in verify_run(folder / name, registry):
            yield Finding(f"{name}: {finding.where}", finding.what, finding.fatal)
    for seed in sorted(seed for seed in told if calibration_folder(seed) in there & wanted):
        try:
            earlier = read_bundle(folder / calibration_folder(seed))
        except BundleError:
            continue  # Told by its own verification.
        for one in ran:
            if one.arm.seed == seed and one.evidence is not None:
                again = asked_again(earlier, one.evidence)
                if again:
                    yield Finding(f"arms/{one.arm.name}", _overlap(again))
                yield from _certified(folder, design, one, registry)


def _overlap(again: int) -> str:
    return f"{again} of its cases ask what its calibration run asked: what was certified there proves nothing here"


def _hashes(case: Any) -> set[Digest]:
    asked = {digest(case.ask)}
    question = "" if case.wording is None else fold(case.wording)
    return asked | ({digest_bytes(question.encode("utf-8", "surrogatepass"))} if question else set())


def _certified(folder: Path, design: Design, one: Ran, registry: Registry) -> Iterator[Finding]:
    """Certify again from the calibration run that is kept, and compare with what the arm was told."""
    if not is_calibrated(design, one.arm) or one.evidence is None:
        return
    plan: Any = one.evidence.run["plan"]
    applied = plan["mitigations"][-1]
    place = calibration_folder(one.arm.seed)
    settings = {key: str(folder / place) if value == place else value for key, value in applied["settings"].items()}
    made = registry.create("mitigation", applied["name"], settings)
    if isinstance(made, CertifyingMitigation):
        where = f"arms/{one.arm.name}: certificate"
        yield from differences(where, to_json(certificate_of(one)), to_json(made.certificate()))
