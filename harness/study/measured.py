"""One arm's evidence → every number of it, whole and with each group of its items left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.canonical import digest
from harness.contracts import Probe
from harness.evidence.bundle import Evidence
from harness.records import Arm as Part
from harness.records import Better, Estimate, Judged, Metric, Outcome, Reply, Value
from harness.registry import Registry
from harness.study.numbers import Key, Measured
from harness.study.shared import Shared
from harness.summarise import summarise

__all__ = ["PANEL", "Heard", "measure_arm", "measure_cell"]

Slice = tuple[tuple[str, str], ...]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """What of a reply is watched, whatever was asked.

    Attributes:
        text: What the model wrote; None where it was asked for something else.
        tokens: Read and written.
    """

    text: str | None
    tokens: int

    @classmethod
    def of(cls, reply: Reply) -> Heard:
        """What is watched of ``reply``."""
        return cls(reply.text, reply.usage.prompt_tokens + reply.usage.output_tokens)


Count = Callable[[Outcome, Heard], float | None]


def _share(outcome: Outcome) -> Count:
    return lambda found, _: float(found is outcome)


def _watched(name: str, title: str, unit: str, count: Count, better: Better = Better.LOWER) -> tuple[Metric, Count]:
    return Metric(f"panel/{name}", title, title, unit, "asks", better), count


PANEL: Mapping[str, tuple[Metric, Count]] = {
    metric.name: (metric, count)
    for metric, count in (
        _watched("refused", "replies that a filter or a deferral withheld", "share", _share(Outcome.REFUSED)),
        _watched("unreadable", "unreadable replies", "share", _share(Outcome.UNREADABLE)),
        _watched("truncated", "replies cut short", "share", _share(Outcome.TRUNCATED)),
        _watched(
            "words",
            "length of replies",
            "words",
            lambda _, heard: None if heard.text is None else float(len(heard.text.split())),
            Better.NULL,
        ),
        _watched("tokens", "tokens for each ask", "tokens", lambda _, heard: float(heard.tokens)),
    )
}
"""What every arm is watched for beside its metrics: refusals, length and cost. Time is left out: measured again, it is
another."""


def measure_arm(evidence: Evidence, shared: Mapping[str, Shared], registry: Registry) -> dict[Key, Measured]:
    """Compute every number of an arm, whole and with each group of items left out.

    Args:
        evidence: Of the arm's run.
        shared: By cell, the items that count. A cell whose items make fewer than two groups gives no number.
        registry: Where the probes are, which summarise as they did in the run.

    Raises:
        UsageError: a probe is not installed here.
    """
    found: dict[Key, Measured] = {}
    plan: Any = evidence.run["plan"]
    settings = {f"{cell['probe']}@{cell['dataset']}": cell["settings"] for cell in plan["cells"]}
    for cell, its in shared.items():
        judged = [one for one in evidence.judged[cell] if one.case.id in its.ids]
        heard = [Heard.of(evidence.replies[digest(one.case.ask)]) for one in judged]
        found |= measure_cell(cell, judged, heard, its, settings=settings[cell], registry=registry)
    return found


def measure_cell(
    cell: str,
    judged: Sequence[Judged],
    heard: Sequence[Heard],
    shared: Shared,
    *,
    settings: Mapping[str, Value],
    registry: Registry,
) -> dict[Key, Measured]:
    """Compute every number of one cell, whole and with each group of items left out; none where they make one group.

    Args:
        cell: Probe and data set.
        judged: The items that count.
        heard: What is watched of the reply to each.
        shared: Their groups.
        settings: Of the probe.
        registry: Where the probes are.

    Raises:
        UsageError: the probe is not installed here.
    """
    group = np.array([shared.groups[one.case.cluster] for one in judged])
    if np.unique(group).size < 2:
        return {}
    count = max(shared.groups.values()) + 1
    probe: Probe = registry.create("probe", cell.partition("@")[0], settings)
    return _of_probe(cell, probe, judged, group, count) | _of_panel(cell, judged, heard, group, count)


def _of_probe(
    cell: str, probe: Probe, judged: Sequence[Judged], group: NDArray[np.int64], count: int
) -> dict[Key, Measured]:
    metrics = {metric.name: metric for metric in probe.card.metrics}
    whole = _estimates(probe, judged)
    parts = [
        _estimates(probe, [one for one, its in zip(judged, group, strict=True) if its != left]) for left in range(count)
    ]
    return {
        (cell, *key): Measured(
            metrics[key[0]],
            estimate.null,
            estimate.interval.value,
            np.array([part[key].interval.value if key in part else np.nan for part in parts]),
            estimate.interval.n,
        )
        for key, estimate in whole.items()
    }


def _estimates(probe: Probe, judged: Sequence[Judged]) -> dict[tuple[str, Slice], Estimate]:
    results = summarise(probe, judged) if judged else ()
    return {
        (found.metric, tuple(sorted(found.slice.items()))): found for found in results if isinstance(found, Estimate)
    }


def _of_panel(
    cell: str, judged: Sequence[Judged], heard: Sequence[Heard], group: NDArray[np.int64], count: int
) -> dict[Key, Measured]:
    found: dict[Key, Measured] = {}
    main = [
        (one, its, place) for one, its, place in zip(judged, heard, group, strict=True) if one.case.arm is Part.MAIN
    ]
    for name, (metric, counted) in PANEL.items():
        told = [
            (value, place, one.case.cluster)
            for one, its, place in main
            for value in [counted(one.score.outcome, its)]
            if value is not None
        ]
        if not told:
            continue
        numbers, places = np.array([value for value, _, _ in told]), np.array([place for _, place, _ in told])
        left = [numbers[places != out] for out in range(count)]
        means = np.array([part.mean() if part.size else np.nan for part in left])
        found[cell, name, ()] = Measured(metric, None, float(numbers.mean()), means, len({one for _, _, one in told}))
    return found
