"""What a run found, as lines of text and as JSON, from the evidence alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.canonical import from_json, to_json
from harness.evidence.bundle import Evidence
from harness.records import (
    Absence,
    Cell,
    CellStatus,
    ControlKind,
    ControlResult,
    GateResult,
    Metric,
    Ruling,
    Severity,
    Value,
    Verdict,
)
from harness.registry import Registry
from harness.summarise import CellResult, Result
from harness.text.safe import printable
from harness.text.sentences import absence_sentence, sentence

__all__ = ["findings", "gate_lines", "lines", "metrics_of"]

_WORDS = {
    Ruling.PASS: "Passed",
    Ruling.FAIL: "FAILED",
    Ruling.INCONCLUSIVE: "Not enough evidence",
    Ruling.NOT_JUDGED: "Not judged",
}


def metrics_of(evidence: Evidence, registry: Registry) -> dict[str, Metric]:
    """Cards of the metrics in a bundle, from the installed probes."""
    metrics: dict[str, Metric] = {}
    for cell in _cells(evidence):
        if cell.status is CellStatus.PLANNED:
            probe = registry.create("probe", cell.probe, cell.settings)
            metrics |= {metric.name: metric for metric in probe.card.metrics}
    return metrics


def _cells(evidence: Evidence) -> list[Cell]:
    plan: Any = evidence.run["plan"]
    return [from_json(Cell, cell) for cell in plan["cells"]]


def findings(evidence: Evidence) -> dict[str, Value]:
    """Verdict and estimates, as JSON values."""
    return {
        "run": evidence.run["id"],
        "verdict": to_json(evidence.verdict),
        "cells": to_json(list(evidence.results)),
        "not_applicable": [
            {"probe": cell.probe, "dataset": cell.dataset, "reason": cell.reason}
            for cell in _cells(evidence)
            if cell.status is CellStatus.NOT_APPLICABLE
        ],
        "totals": evidence.run["totals"],
    }


def lines(evidence: Evidence, metrics: Mapping[str, Metric], *, detail: bool = False) -> Iterator[str]:
    """The run in sentences: what each cell found, what was not tested, and the verdict.

    Args:
        evidence: The run.
        metrics: Cards of its metrics.
        detail: Give every metric, every group and every control, not only headlines and gated metrics.
    """
    gates = {(gate.metric, gate.dataset): gate for gate in (evidence.verdict.gates if evidence.verdict else ())}
    for result in evidence.results:
        yield f"\n{result.probe} on {printable(result.dataset)}"
        yield from _findings(result, metrics, gates, detail=detail)
        yield from _control_lines(result.controls, metrics, detail=detail)
    for cell in _cells(evidence):
        if cell.status is CellStatus.NOT_APPLICABLE:
            yield f"\n{cell.probe} on {printable(cell.dataset)}\n  Not tested: {printable(cell.reason, limit=400)}."
    yield ""
    yield from _verdict_lines(evidence.verdict)


def _findings(
    result: CellResult, metrics: Mapping[str, Metric], gates: Mapping[tuple[str, str], GateResult], *, detail: bool
) -> Iterator[str]:
    for place, found in enumerate(result.results):
        gate = None if found.slice else gates.get((found.metric, result.dataset))
        if detail or gate is not None or place == 0:
            ending = f" Limit: {gate.limit}. {_ruling(gate)}." if gate else ""
            yield f"  {_sentence(found, metrics[found.metric])}{ending}"


def _control_lines(controls: Sequence[ControlResult], metrics: Mapping[str, Metric], *, detail: bool) -> Iterator[str]:
    judged = [control for control in controls if control.kind is not ControlKind.INSTRUMENT]
    if detail or not all(control.passed for control in judged):
        yield from (f"  Control ({control.kind.value}): {_control(control, metrics)}" for control in controls)
    else:
        yield f"  Its {len(judged)} controls came out as they should."


def _sentence(found: Result, metric: Metric) -> str:
    return absence_sentence(found, metric) if isinstance(found, Absence) else sentence(found, metric)


def _control(control: ControlResult, metrics: Mapping[str, Metric]) -> str:
    found = _sentence(control.estimate, metrics[control.estimate.metric])
    if control.kind is ControlKind.INSTRUMENT:
        return f"for comparison, with {control.title} in the model's place: {found}"
    told = "as it should be" if control.passed else "NOT AS IT SHOULD BE, so do not rely on this probe"
    return f"{control.title}: {told}."


def _ruling(gate: GateResult) -> str:
    soft = " (soft)" if gate.severity is Severity.SOFT else ""
    return f"{_WORDS[gate.ruling]}{soft}" + (f", waived by {printable(gate.waived)}" if gate.waived else "")


def gate_lines(verdict: Verdict) -> Iterator[str]:
    """Every gate with its finding, then the verdict."""
    for gate in verdict.gates:
        yield f"{_ruling(gate)}: {gate.metric} on {printable(gate.dataset)}, limit {gate.limit}."
        yield f"  {gate.sentence}\n  Why this limit: {printable(gate.reason)}"
    yield from _verdict_lines(verdict)


def _verdict_lines(verdict: Verdict | None) -> Iterator[str]:
    if verdict is None:
        yield "No verdict: the configuration has no [[gate]]."
        return
    for warning in verdict.warnings:
        yield f"Warning: {printable(warning)}"
    yield f"Verdict: {verdict.sentence}"
