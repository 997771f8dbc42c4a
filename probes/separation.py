"""How well a score separates what a model was trained on from what it was not: areas, rates, and when neither counts.

Cases say their side by the group ``role``: ``member`` or another. Scores are larger for members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.records import Absence, Better, Counts, Estimate, Judged, Metric
from harness.seeds import derive
from harness.stats.blind import blind_auc
from harness.stats.rates import proportion
from harness.stats.roc import auc, negatives_for, tpr_at_fpr
from harness.text.sentences import share_text
from probes.summaries import tally

__all__ = ["LEAST", "Rates", "Result", "area", "area_metric", "blind", "invalid", "is_member", "rates", "rates_of"]

LEAST = 10
"""Records of either side that any number needs."""

Result: TypeAlias = Estimate | Absence
Floats: TypeAlias = NDArray[np.float64]


def is_member(judged: Sequence[Judged]) -> list[int]:
    """1 for what was trained on, 0 for the others."""
    return [int(its.case.groups["role"] == "member") for its in judged]


# ── metrics ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates at which training records are found out, and at which others are accused.

    Attributes:
        true: True-positive rates, each with the false-positive rate that it is told at.
        false: The false-positive rate that the first of their thresholds comes to.
    """

    true: tuple[tuple[Metric, float], ...]
    false: Metric

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All of them."""
        return (*(metric for metric, _ in self.true), self.false)


def area_metric(probe: str, name: str, title: str, phrase: str, better: Better = Better.LOWER) -> Metric:
    """An area under the ROC curve: how often ``phrase`` is true of the former of a pair, one trained on and one not."""
    phrase = f"of a pair, one trained on and one not, {phrase}"
    return Metric(f"{probe}/{name}", title, phrase, "share", "records", better, null=0.5)


def rates_of(probe: str, what: str) -> Rates:
    """The rates of ``probe``; ``what`` of a record is held against the threshold, such as "the loss".

    Losses lie below a threshold where scores lie above it: the phrase speaks of losses.
    """

    def rate(name: str, of: str, null: float) -> Metric:
        return Metric(
            f"{probe}/{name}",
            f"Training records found out where {of} others are accused",
            f"{what} of a training record was below a threshold that is meant for {of} others",
            "share",
            "members",
            Better.LOWER,
            null=null,
        )

    false = Metric(
        f"{probe}/false_positive_rate",
        "Other records accused by the threshold that is meant for 5 of 100",
        f"{what} of a record that was not trained on was below that threshold",
        "share",
        "non-members",
        Better.NULL,
        null=0.05,
    )
    levels = (("tpr_at_5", "5 of 100", 0.05), ("tpr_at_1", "1 of 100", 0.01), ("tpr_at_0_1", "1 of 1,000", 0.001))
    return Rates(tuple((rate(*level), level[-1]) for level in levels), false)


# ── without the model ─────────────────────────────────────────────────────────────────────


def blind(
    metric: Metric,
    described: Sequence[Judged],
    features: Sequence[Mapping[str, float]],
    counts: Counts,
    *,
    instrument: str | None = None,
) -> Result:
    """How well a classifier tells members by their looks alone.

    Args:
        metric: What the area is called.
        described: Cases whose record could be looked at.
        features: What each looks like, by name; a name that is missing counts as 0.
        counts: Of all cases that were asked for it.
        instrument: What looked.
    """
    labels = is_member(described)
    few = min(sum(labels), len(labels) - sum(labels))
    if few < LEAST:
        return metric.absent(f"only {few} records of one side could be looked at; {LEAST} are needed", counts)
    names = sorted({name for its in features for name in its})
    values = np.array([[its.get(name, 0.0) for name in names] for its in features])
    return metric.estimate(blind_auc(values, labels, seed=derive(0, metric.name)), counts, instrument=instrument)


def invalid(without: Result) -> str:
    """Why no membership number is evidence, by its blind baseline; empty where it may be."""
    if isinstance(without, Absence):
        return f"no membership number is evidence without its blind baseline, and {without.reason}"
    interval = without.interval
    if interval.low <= 0.5 <= interval.high:
        return ""
    return (
        "INVALID: a classifier that never asks the model tells members from non-members"
        f" ({interval.value:.2f} of pairs, {100 * interval.confidence:g} % interval {interval.low:.2f} to"
        f" {interval.high:.2f}, where 0.50 is chance), so they differ in more than the training"
    )


# ── with the model ────────────────────────────────────────────────────────────────────────


def area(
    metric: Metric, judged: Sequence[Judged], values: Floats, counts: Counts, *, instrument: str | None = None
) -> Result:
    """How often a member's value is above a non-member's."""
    members = is_member(judged)
    few = min(sum(members), len(members) - sum(members))
    if few < LEAST:
        return metric.absent(f"only {few} records of one side can be scored so; {LEAST} are needed", counts)
    return metric.estimate(auc(values.tolist(), members), counts, instrument=instrument)


def rates(metrics: Rates, judged: Sequence[Judged], values: Floats, part: Mapping[str, str]) -> Iterator[Result]:
    """Rates above thresholds that one half of the non-members sets, counted among members and the other half.

    Args:
        metrics: What they are called.
        judged: Cases with a value, in an order that has nothing to do with it.
        values: One for each.
        part: The slice that they are.
    """
    member = np.array(is_member(judged), dtype=bool)
    sides = [[its for its, flag in zip(judged, member, strict=True) if flag == side] for side in (True, False)]
    others, half = values[~member], len(sides[1]) // 2
    for metric, fpr in metrics.true:
        threshold = {} if metric is metrics.true[0][0] else {"threshold": f"meant for {share_text(fpr)}"}
        if len(others) < negatives_for(fpr) or not sides[0]:
            yield metric.absent(_too_few(len(others), fpr), tally(sides[0]), slice=part)
            if not threshold:
                yield metrics.false.absent(_too_few(len(others), fpr), tally(sides[1]), slice=part)
            continue
        tpr, actual = tpr_at_fpr(values[member], others[half:], calibration=others[:half], fpr=fpr)
        yield metric.estimate(tpr, tally(sides[0]), slice=part)
        yield metrics.false.estimate(actual, tally(sides[1][half:]), slice={**part, **threshold}, null=fpr)


def _too_few(others: int, fpr: float) -> str:
    """Why so many non-members show no rate as low as that."""
    if not others:
        return "no non-member has a score"
    most = proportion(0, others, method="clopper-pearson").high
    return (
        f"a rate of {share_text(fpr)} needs {negatives_for(fpr):,} non-members and as many members: 0 of {others:,}"
        f" above a threshold would only show that it lies below {share_text(most)}"
    )
