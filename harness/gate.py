"""Policies over estimates: pass, fail, or not enough evidence. One `Verdict` feeds text, JSON and exit code.

A gate compares the interval with the limit, never the point: it passes where the whole interval is
inside, fails where the whole interval is outside, and is inconclusive otherwise. A release needs
every hard gate to pass, so a model that breaks a limit slips through with at most the error of one
single gate, however many there are (docs/decisions/0002-gates-without-multiplicity-correction.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from sys import float_info
from typing import Any

from harness.config import Config, Gate, Waiver
from harness.errors import UsageError
from harness.records import (
    Absence,
    Cell,
    CellStatus,
    ControlKind,
    Estimate,
    GateResult,
    Interval,
    Metric,
    Ruling,
    Severity,
    Value,
    Verdict,
)
from harness.stats.one_run import LOWER_BOUND
from harness.stats.rates import exact
from harness.summarise import CellResult
from harness.text.sentences import absence_sentence, interval_text, number, sentence, share_text

__all__ = ["EXIT_CODES", "Policy", "exit_code", "judge"]

EXIT_CODES: Mapping[Ruling, int] = {
    Ruling.PASS: 0,
    Ruling.FAIL: 1,
    Ruling.INCONCLUSIVE: 0,
    Ruling.NOT_JUDGED: 4,
}
"""Exit code of each verdict; with ``--strict`` an inconclusive one is 3."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a release is judged by.

    Attributes:
        gates: Limits; never empty.
        waivers: Accepted failures.
        failed_share: Share of asks that may fail before nothing is judged.
    """

    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...]
    failed_share: float

    def __post_init__(self) -> None:
        if not self.gates:
            # An empty list of conditions is satisfied by every model: that is no policy.
            raise UsageError("The policy has no [[gate]], so it would pass anything. Add one to harness.toml.")

    @classmethod
    def of(cls, config: Config) -> Policy:
        """The policy in ``config``; raises `UsageError` where it has no gate."""
        return cls(config.gate, config.waiver, config.run.failed_share)

    def dump(self) -> dict[str, Value]:
        """As JSON values, for ``run.json``."""
        return {
            "gates": [gate.model_dump(mode="json") for gate in self.gates],
            "waivers": [waiver.model_dump(mode="json") for waiver in self.waivers],
            "failed_share": self.failed_share,
        }

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> Policy:
        """Read what `dump` gave."""
        return cls(
            tuple(Gate.model_validate(gate) for gate in data["gates"]),
            tuple(Waiver.model_validate(waiver) for waiver in data["waivers"]),
            float(data["failed_share"]),
        )


def judge(
    policy: Policy, cells: Sequence[Cell], results: Sequence[CellResult], metrics: Mapping[str, Metric], today: date
) -> Verdict:
    """Judge every gate.

    Args:
        policy: Limits and waivers.
        cells: The plan's cells, so that what was not applicable is said.
        results: What was found.
        metrics: Cards of the metrics, for sentences.
        today: Day on which waivers are checked.
    """
    gates = tuple(found for gate in policy.gates for found in _judge_gate(gate, cells, results, metrics))
    covered = tuple(_cover(gate, policy.waivers, today) for gate in gates)
    asked = sum(result.counts.asked for result in results)
    failed = sum(result.counts.failed for result in results)
    warnings = (*_passed_over(policy, cells), *_warnings(policy, covered, today))
    if asked and failed / asked > policy.failed_share:
        text = (
            f"Not judged: {failed} of {asked} asks failed, more than the {policy.failed_share:.0%} allowed."
            " Repair the backend and run again; answered asks are kept."
        )
        return Verdict(Ruling.NOT_JUDGED, text, covered, warnings)
    return Verdict(*_overall(covered, _measured(results)), covered, warnings)


def exit_code(verdict: Verdict, *, strict: bool) -> int:
    """0 passed, 1 failed, 3 inconclusive (only if ``strict``, else 0), 4 not judged."""
    if verdict.ruling is Ruling.INCONCLUSIVE and strict:
        return 3
    return EXIT_CODES[verdict.ruling]


# ── one gate ──────────────────────────────────────────────────────────────────────────────


def _judge_gate(
    gate: Gate, cells: Sequence[Cell], results: Sequence[CellResult], metrics: Mapping[str, Metric]
) -> Iterator[GateResult]:
    """One result for each data set on which the gate's metric was planned."""
    probe = gate.metric.rpartition("/")[0]
    mine = [cell for cell in cells if cell.probe == probe and gate.dataset in (None, cell.dataset)]
    metric = metrics.get(gate.metric)
    if not mine:
        why = f"{gate.metric} was not measured: no such probe in this run."
        yield _open(gate, gate.dataset or "any data", why, metric)
    for cell in mine:
        if cell.status is CellStatus.NOT_APPLICABLE:
            if gate.where_applicable:
                continue  # Told among the warnings.
            yield _open(gate, cell.dataset, f"{gate.metric} was not measured: {cell.reason}.", metric)
            continue
        result = next(r for r in results if (r.probe, r.dataset) == (cell.probe, cell.dataset))
        found = next((r for r in result.results if r.metric == gate.metric and not r.slice), None)
        if found is None or metric is None:
            yield _open(gate, cell.dataset, f"{gate.metric} was not reported.", metric)
        elif isinstance(found, Absence):
            yield _open(gate, cell.dataset, absence_sentence(found, metric), metric)
        else:
            yield _rule(gate, result, found, metric)


def _passed_over(policy: Policy, cells: Sequence[Cell]) -> Iterator[str]:
    """Say which limits the policy passes over for this model."""
    for gate in policy.gates:
        probe = gate.metric.rpartition("/")[0]
        for cell in cells:
            fits = cell.probe == probe and gate.dataset in (None, cell.dataset)
            if gate.where_applicable and fits and cell.status is CellStatus.NOT_APPLICABLE:
                yield f"The limit on {gate.metric} was passed over: {cell.reason}."


def _open(gate: Gate, dataset: str, why: str, metric: Metric | None) -> GateResult:
    return GateResult(gate.metric, dataset, Ruling.INCONCLUSIVE, gate.severity, _limit(gate, metric), gate.reason, why)


def _rule(gate: Gate, result: CellResult, found: Estimate, metric: Metric) -> GateResult:
    text = sentence(found, metric)
    ruling, why = _compare(gate, found)
    text += why
    failed = [c.title for c in result.controls if c.passed is False and c.kind is not ControlKind.INSTRUMENT]
    if failed:
        # A ruler that did not find what was planted can neither acquit nor convict.
        ruling = Ruling.INCONCLUSIVE
        text += f" The probe's own control failed ({'; '.join(failed)}), so this number cannot be relied on."
    return GateResult(gate.metric, result.dataset, ruling, gate.severity, _limit(gate, metric), gate.reason, text)


def _compare(gate: Gate, found: Estimate) -> tuple[Ruling, str]:
    """The ruling, and what must be said where the interval in the sentence would have ruled otherwise."""
    if found.interval.method.startswith("degenerate"):
        return Ruling.INCONCLUSIVE, " All values were equal, so nothing is known of their spread."
    if found.interval.method.startswith(LOWER_BOUND):
        ruling = _inside(gate, replace(found.interval, high=float_info.max))
        same = ruling is _inside(gate, found.interval)
        return ruling, "" if same else " It bounds from below alone, and so keeps no limit from above."
    decisive = exact(found.interval)
    ruling = _inside(gate, decisive)
    if ruling is _inside(gate, found.interval):
        return ruling, ""
    told = interval_text(replace(found, interval=decisive))
    return ruling, f" The exact {told} decides, which for so few hits or so few units is wider."


def _inside(gate: Gate, interval: Interval) -> Ruling:
    low, high = gate.bounds
    if (low is None or interval.low >= low) and (high is None or interval.high <= high):
        return Ruling.PASS
    if (low is not None and interval.high < low) or (high is not None and interval.low > high):
        return Ruling.FAIL
    return Ruling.INCONCLUSIVE


def _limit(gate: Gate, metric: Metric | None) -> str:
    """The limit in the words of the finding: "at least 25 of 100"."""
    low, high = (None if bound is None else _amount(bound, metric) for bound in gate.bounds)
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def _amount(bound: float, metric: Metric | None) -> str:
    if metric is None:
        return f"{bound:g}"
    return share_text(bound) if metric.unit == "share" and 0 <= bound <= 1 else f"{number(bound)} {metric.unit}"


# ── waivers and the whole ─────────────────────────────────────────────────────────────────


def _covers(waiver: Waiver, gate: GateResult) -> bool:
    return waiver.metric == gate.metric and waiver.dataset in (None, gate.dataset)


def _cover(gate: GateResult, waivers: Sequence[Waiver], today: date) -> GateResult:
    if gate.ruling is not Ruling.FAIL:
        return gate
    for waiver in waivers:
        if _covers(waiver, gate) and waiver.expires >= today:
            return replace(gate, waived=f"{waiver.owner}, until {waiver.expires}: {waiver.reason}")
    return gate


def _warnings(policy: Policy, gates: Sequence[GateResult], today: date) -> Iterator[str]:
    for waiver in policy.waivers:
        if not any(_covers(waiver, gate) for gate in gates):
            yield f"The waiver of {waiver.owner} for {waiver.metric} covers no gate."
        elif waiver.expires < today:
            yield f"The waiver of {waiver.owner} for {waiver.metric} expired on {waiver.expires}: it covers nothing."
    for gate in gates:
        if gate.waived:
            yield f"{gate.metric} on {gate.dataset} failed and is waived by {gate.waived}"
        elif gate.severity is Severity.SOFT and gate.ruling is not Ruling.PASS:
            yield f"Soft gate {gate.ruling.value}: {gate.metric} on {gate.dataset}."


def _measured(results: Sequence[CellResult]) -> frozenset[tuple[str, str]]:
    """Metrics that have a number over all cases, each with its data set."""
    found = ((its, cell.dataset) for cell in results for its in cell.results if not its.slice)
    return frozenset((its.metric, dataset) for its, dataset in found if isinstance(its, Estimate))


def _overall(gates: Sequence[GateResult], measured: Collection[tuple[str, str]]) -> tuple[Ruling, str]:
    if not gates:
        return Ruling.NOT_JUDGED, "Not judged: no limit of the policy applies to this model."
    hard = [gate for gate in gates if gate.severity is Severity.HARD]
    failed = [gate for gate in hard if gate.ruling is Ruling.FAIL and not gate.waived]
    unclear = [gate for gate in hard if gate.ruling is Ruling.INCONCLUSIVE]
    waived = sum(bool(gate.waived) for gate in hard)
    if failed:
        return Ruling.FAIL, f"Failed: {_names(failed)} broke {'its limit' if len(failed) == 1 else 'their limits'}."
    if unclear:
        return Ruling.INCONCLUSIVE, f"Not enough evidence: {_unclear(unclear, measured)}."
    if not hard:
        return Ruling.PASS, "Passed: the policy has soft gates only, which cannot stop a release."
    kept = len(hard) - waived
    text = f"Passed: {kept} of {len(hard)} hard {'gate' if len(hard) == 1 else 'gates'} kept"
    return Ruling.PASS, f"{text}, {waived} waived." if waived else f"{text}."


def _unclear(gates: Sequence[GateResult], measured: Collection[tuple[str, str]]) -> str:
    """What keeps limits from being settled: an interval across one, or no number at all."""
    across = [gate for gate in gates if (gate.metric, gate.dataset) in measured]
    silent = [gate for gate in gates if (gate.metric, gate.dataset) not in measured]
    told = [f"{_names(across)} could be on either side of the limit"] if across else []
    told += [f"{_names(silent)} {'has' if len(silent) == 1 else 'have'} no number"] if silent else []
    return ", and ".join(told)


def _names(gates: Sequence[GateResult]) -> str:
    names = [f"{gate.metric} on {gate.dataset}" for gate in gates]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
