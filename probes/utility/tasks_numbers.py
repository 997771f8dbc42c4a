"""What lm-eval says of each document → values of a score, and back; and one number of all, with its interval."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np

from harness.canonical import dumps, loads
from harness.errors import UsageError
from harness.records import Absence, Case, Estimate, Interval, Judged, Metric, Value
from harness.seeds import derive
from harness.stats.jackknife import GROUPS, jackknife
from harness.stats.ratios import mapped, ratio
from harness.stats.rows import Rows, members, resampled
from harness.tasks.engine import aggregate
from harness.tasks.outline import Measure, Outline
from probes.expected import unpack
from probes.summaries import mean_of, share_of, tally
from probes.utility.tasks_asks import Part
from probes.utility.tasks_card import CHANCE

__all__ = ["estimate", "kept", "told"]

PLACE = re.compile(r"\[(\d+)\]")
RESAMPLES = 1000
CONFIDENCE = 0.95


# ── one document ──────────────────────────────────────────────────────────────────────────


def kept(verdict: Mapping[str, Value]) -> tuple[dict[str, float], str]:
    """Sort what lm-eval says of a document into numbers, and a note of what is none.

    A list of numbers is kept number by number: ``word_perplexity[0]`` and ``word_perplexity[1]``.
    """
    values: dict[str, float] = {}
    other: dict[str, Value] = {}
    for name, value in verdict.items():
        numbers = _numbers(name, value)
        if numbers is None:
            other[name] = value
        else:
            values |= numbers
    return values, dumps(other).decode() if other else ""


def _numbers(name: str, value: Value) -> dict[str, float] | None:
    """Numbers by their places; None where it holds anything else, or nothing."""
    if isinstance(value, bool | int | float):
        return {name: float(value)}
    if not isinstance(value, list) or not value:
        return None
    parts = [_numbers(f"{name}[{place}]", one) for place, one in enumerate(value)]
    return (
        None
        if any(part is None for part in parts)
        else {key: its for part in parts if part for key, its in part.items()}
    )


def told(label: str, judged: Judged) -> Any:
    """What lm-eval said of a document under ``label``; None where it said nothing.

    Numbers within lists are whole where they were: a place among choices must be one again.
    """
    values = judged.score.values
    if label in values:
        return values[label]
    inside = {key: its for key, its in values.items() if key.startswith(f"{label}[")}
    if inside:
        return _rebuilt({tuple(map(int, PLACE.findall(key[len(label) :]))): its for key, its in inside.items()})
    try:
        other = loads(judged.score.note) if judged.score.note.startswith("{") else {}
    except ValueError:
        return None
    return other.get(label) if isinstance(other, dict) else None


def _rebuilt(numbers: Mapping[tuple[int, ...], float]) -> Any:
    if () in numbers:
        value = numbers[()]
        return int(value) if value == int(value) else value
    length = 1 + max(place[0] for place in numbers)
    return [_rebuilt({key[1:]: its for key, its in numbers.items() if key[0] == place}) for place in range(length)]


# ── all documents ─────────────────────────────────────────────────────────────────────────


def estimate(outline: Outline, measure: Measure, metric: Metric, documents: Sequence[Judged]) -> Estimate | Absence:
    """Make one number of all documents, as lm-eval does, with an interval over documents or their clusters."""
    label, counts = measure.label, tally(documents)
    if metric.unit == "share":
        return share_of(metric, documents, label, null=_guess if measure.metric in CHANCE else None)
    if measure.aggregation in {"mean", "nanmean"}:
        return mean_of(metric, documents, label)
    found = [(item, judged) for judged in documents if (item := told(label, judged)) is not None]
    if not found:
        return metric.absent("lm-eval gave no value for it" if counts.scored else "no document was scored", counts)
    items, cases = [item for item, _ in found], [judged.case for _, judged in found]
    try:
        if measure.aggregation in WEIGHTED:
            return metric.estimate(_weighted(measure.aggregation, items, cases, metric), counts)
        return metric.estimate(_by_function(outline, measure, metric, items, cases), counts)
    except (ValueError, UsageError) as error:
        return metric.absent(str(error).rstrip("."), counts)


def _guess(case: Case) -> float:
    """What a guess among the choices gets right."""
    target = unpack(Part, case).target
    return len(target.places) / target.choices if target.choices else 0.0


WEIGHTED = {
    "perplexity": exp,
    "weighted_perplexity": exp,
    "bits_per_byte": lambda nats: nats / log(2),
}
"""Aggregations that are functions of a ratio of sums: nats over what they were for."""


def _weighted(name: str, items: Sequence[Any], cases: Sequence[Case], metric: Metric) -> Interval:
    pairs = [(item, 1.0) if isinstance(item, int | float) else item for item in items]
    nats, weights = [-float(total) for total, _ in pairs], [float(weight) for _, weight in pairs]
    interval = ratio(nats, weights, [case.cluster for case in cases], seed=derive(0, metric.name))
    return mapped(replace(interval, low=max(0.0, interval.low)) if interval.value >= 0 else interval, WEIGHTED[name])


def _by_function(
    outline: Outline, measure: Measure, metric: Metric, items: Sequence[Any], cases: Sequence[Case]
) -> Interval:
    """Let lm-eval's function make the number, of all documents and of parts of them."""
    document = next(found for case in cases if (found := unpack(Part, case).document) is not None)
    units = members(len(items), [case.cluster for case in cases])
    seed = derive(0, metric.name)

    def of_rows(rows: Rows) -> float:
        return aggregate(outline, measure.label, [items[int(row)] for row in rows], document)

    def of_units(kept_units: Sequence[Rows]) -> float:
        return of_rows(_joined(units, kept_units[0]))

    if len(units) >= 2 * GROUPS and measure.aggregation != "median":
        interval = jackknife(of_units, [len(units)], seed=seed, confidence=CONFIDENCE)
    else:
        clusters = [case.cluster for case in cases]
        interval = resampled(of_rows, len(items), clusters, confidence=CONFIDENCE, seed=seed, resamples=RESAMPLES)
    if interval.low == interval.high:
        interval = replace(interval, method="degenerate, constant groups")
    return interval


def _joined(units: Sequence[Rows], chosen: Rows) -> Rows:
    return np.concatenate([units[int(place)] for place in chosen])
