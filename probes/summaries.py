"""Scores → estimates with their denominators, or the absence of a number with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from harness.records import Absence, Case, Counts, Estimate, Interval, Judged, Metric, Outcome
from harness.seeds import derive
from harness.stats.clusters import clustered_mean
from harness.stats.judges import rogan_gladen
from harness.stats.rates import mean, share
from harness.text.measured import MEASURED

__all__ = ["by_group", "mean_of", "share_of", "share_of_parts", "share_of_units", "tally", "without_errors"]

Null = Callable[[Case], float]
"""What a guessing model would score on one case."""


def tally(cases: Sequence[Judged]) -> Counts:
    """Count how many cases ended in which outcome."""
    found = Counter(judged.score.outcome for judged in cases)
    return Counts(len(cases), **{outcome.value: found[outcome] for outcome in Outcome})


def by_group(cases: Sequence[Judged], label: str) -> Mapping[str, list[Judged]]:
    """Sort cases that carry the group ``label`` by it; the groups are in alphabetical order."""
    groups: dict[str, list[Judged]] = {}
    for judged in cases:
        if label in judged.case.groups:
            groups.setdefault(judged.case.groups[label], []).append(judged)
    return dict(sorted(groups.items()))


def share_of(
    metric: Metric,
    cases: Sequence[Judged],
    key: str,
    *,
    groups: Mapping[str, str] | None = None,
    null: Null | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """Estimate the share named ``key`` in the scores of ``cases``, clustered where cases share a cluster.

    Args:
        metric: What it is called.
        cases: All cases that were asked for it; those without a value count in the denominators only.
        key: Name of a value in [0, 1].
        groups: The slice that these cases are; None for all.
        null: What guessing would score on a case, where that differs between cases.
        instrument: What measured it, where that was not the probe itself.
    """
    units = [(judged.score.values[key], judged.case.cluster) for judged in cases if key in judged.score.values]
    guess = None if null is None or not units else _null(cases, key, null)
    return share_of_units(metric, units, tally(cases), groups=groups, null=guess, instrument=instrument)


def share_of_units(
    metric: Metric,
    units: Sequence[tuple[float, str]],
    counts: Counts,
    *,
    groups: Mapping[str, str] | None = None,
    null: float | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """Estimate a share from pairs of value and cluster, where a value is made of several cases."""
    if not units:
        return metric.absent(_reason(counts), counts, slice=groups)
    interval = share([value for value, _ in units], [cluster for _, cluster in units])
    return metric.estimate(interval, counts, slice=groups, null=null, instrument=instrument)


def share_of_parts(
    metric: Metric,
    cases: Sequence[Judged],
    hits: str,
    of: str,
    *,
    groups: Mapping[str, str] | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """Estimate a share of what replies have several of, clustered by case.

    Args:
        metric: What it is called.
        cases: All cases that were asked for it.
        hits: Name of the value that counts the parts which are meant.
        of: Name of the value that counts all parts; a case without it, or with none, adds nothing.
        groups: The slice that these cases are; None for all.
        instrument: What measured it, where that was not the probe itself.
    """
    units = [
        (float(at < judged.score.values[hits]), judged.case.cluster)
        for judged in cases
        for at in range(int(judged.score.values.get(of, 0)))
    ]
    return share_of_units(metric, units, tally(cases), groups=groups, instrument=instrument)


def mean_of(
    metric: Metric,
    cases: Sequence[Judged],
    key: str,
    *,
    bounds: tuple[float, float] | None = None,
    groups: Mapping[str, str] | None = None,
    null: Null | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """Estimate the mean of the value named ``key``: by bootstrap, or by clusters where cases share them."""
    found = [judged for judged in cases if key in judged.score.values]
    counts = tally(cases)
    if not found:
        return metric.absent(_reason(counts), counts, slice=groups)
    values = [judged.score.values[key] for judged in found]
    clusters = [judged.case.cluster for judged in found]
    independent = len(set(clusters))
    if independent == 1 and (bounds is None or len(values) > 1):
        return metric.absent(
            "a single independent case shows no spread, so its mean has no interval", counts, slice=groups
        )
    interval: Interval
    if 1 < independent < len(values):
        interval = clustered_mean(values, clusters, bounds=bounds)
    else:
        # The seed comes from the name alone: the same scores give the same interval, in any order of metrics.
        interval = mean(values, seed=derive(0, metric.name), bounds=bounds)
    guess = None if null is None else _null(cases, key, null)
    return metric.estimate(interval, counts, slice=groups, null=guess, instrument=instrument)


def without_errors(
    metric: Metric, observed: Estimate | Absence, detector: str, *, cleared: bool = False, instrument: str | None = None
) -> Estimate | Absence:
    """Take a detector's known errors out of a share that it counted (Rogan and Gladen 1978, AJE 107:71-76).

    Args:
        metric: What the corrected share is called.
        observed: The share as it was counted, or why there is none.
        detector: Name of the detector in `harness.text.measured.MEASURED`.
        cleared: Whether what was counted is what the detector passes over, not what it finds.
        instrument: What measured it, where that was not the probe itself.
    """
    if isinstance(observed, Absence):
        return metric.absent(observed.reason, observed.counts)
    rates = MEASURED[detector]
    known = (rates.specificity, rates.sensitivity) if cleared else (rates.sensitivity, rates.specificity)
    return metric.estimate(rogan_gladen(observed.interval, *known), observed.counts, instrument=instrument)


def _null(cases: Sequence[Judged], key: str, null: Null) -> float:
    guesses = [null(judged.case) for judged in cases if key in judged.score.values]
    return sum(guesses) / len(guesses)


def _reason(counts: Counts) -> str:
    if counts.asked == 0:
        return "no case was asked for it"
    lost = {
        "refused": counts.refused,
        "unreadable": counts.unreadable,
        "truncated": counts.truncated,
        "failed": counts.failed,
    }
    told = ", ".join(f"{number} {name}" for name, number in lost.items() if number)
    return f"none of {counts.asked} cases gave a value for it" + (f": {told}" if told else "")
