"""Scores → estimates, one `CellResult` for each planned cell; a metric without a number says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.contracts import Probe
from harness.errors import HarnessError
from harness.records import Absence, ControlResult, Counts, Estimate, Judged, Outcome

__all__ = ["CellResult", "Result", "count", "summarise"]

Result = Estimate | Absence


@dataclass(frozen=True, slots=True)
class CellResult:
    """What one cell found.

    Attributes:
        probe: Plugin name.
        dataset: Data set.
        counts: Outcomes of all its cases.
        results: Estimates and absences, in the probe's order.
        controls: What its controls showed on the same cases.
    """

    probe: str
    dataset: str
    counts: Counts
    results: tuple[Result, ...]
    controls: tuple[ControlResult, ...]


def count(scores: Sequence[Judged]) -> Counts:
    """Denominators of ``scores``."""
    outcomes = [judged.score.outcome for judged in scores]
    numbers = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
    return Counts(asked=len(outcomes), **numbers)


def summarise(probe: Probe, scores: Sequence[Judged]) -> tuple[Result, ...]:
    """Let ``probe`` summarise its scores, and hold it to its card.

    Raises:
        HarnessError: a metric of the card has neither an overall estimate nor an absence, or one is not on the card.
    """
    results = tuple(probe.summarise(scores))
    told = {result.metric for result in results if not result.slice}
    promised = {metric.name for metric in probe.card.metrics}
    if told != promised:
        missing, extra = sorted(promised - told), sorted(told - promised)
        raise HarnessError(
            f"Probe {probe.card.id!r} promises {missing or 'nothing'} that it did not report and reports"
            f" {extra or 'nothing'} that it did not promise. Report this to its author; the replies are kept."
        )
    return results
