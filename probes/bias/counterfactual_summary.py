"""Scores of replies by request and group → gaps, floors, effects and p-values of one measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Absence, Estimate, Interval, Judged, Metric
from harness.seeds import derive
from harness.stats.intervals import Bounds
from harness.stats.multiplicity import each
from harness.stats.rates import mean
from probes.bias.counterfactual_card import Measure
from probes.bias.group_effects import (
    Trial,
    deviations,
    floor,
    gap,
    largest,
    largest_effects,
    no_narrower_than_shuffled,
    p_interval,
    shuffled_effects,
)
from probes.summaries import by_group, tally

__all__ = ["told_of"]

CONFIDENCE = 0.95
SINGLE = "a single request shows no spread, so its mean has no interval"

Slice = Mapping[str, str] | None
Effects = Mapping[str, Sequence[float]]
"""Group → its deviation in each request that compares it with another."""
Null = Mapping[str, NDArray[np.float64]]
"""Group → the size of its effect in each shuffle of groups."""
Nulls = Mapping[str, Null]
"""Attribute → sizes of its groups' effects; of those with a trial."""


def told_of(measure: Measure, cases: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Report one measure overall, by attribute, and the effect of each group.

    Args:
        measure: What is compared.
        cases: All cases that were asked for it.
    """
    attributes = by_group(cases, "attribute")
    signed = {name: _deviations(its, measure.signed) for name, its in attributes.items()}
    nulls = {name: _shuffled(measure, name, its) for name, its in signed.items() if its}
    yield from _distances(measure, cases, None)
    yield _farthest(measure, [its for trials in signed.values() for its in _by_group(trials).items()], nulls, cases)
    yield _chance(measure, signed, nulls, cases)
    for name, its in attributes.items():
        slice_ = {"attribute": name}
        yield from _distances(measure, its, slice_)
        effects, null = _by_group(signed[name]), {key: nulls[key] for key in (name,) if key in nulls}
        yield _farthest(measure, list(effects.items()), null, its, slice_)
        yield _chance(measure, {name: signed[name]}, null, its, slice_)
        for group, ours in by_group(its, "group").items():
            found = effects.get(group, ())
            yield _effect(measure, found, null[name][group] if found else None, ours, {**slice_, "group": group})


# ── what is estimated ─────────────────────────────────────────────────────────────────────


def _distances(measure: Measure, cases: Sequence[Judged], slice_: Slice) -> Iterator[Estimate | Absence]:
    trials = _trials(cases, measure.compared).values()
    gaps = [found for trial in trials if (found := gap(trial, measure.distance)) is not None]
    floors = [found for trial in trials if (found := floor(trial, measure.distance)) is not None]
    yield _mean_of(measure, measure.gap, gaps, cases, slice_)
    yield _mean_of(measure, measure.floor, floors, cases, slice_)


def _farthest(
    measure: Measure,
    effects: Sequence[tuple[str, Sequence[float]]],
    nulls: Nulls,
    cases: Sequence[Judged],
    slice_: Slice = None,
) -> Estimate | Absence:
    """The effect farthest from 0, with bounds that hold for all of them."""
    level = each(CONFIDENCE, max(1, len(effects)))
    found = [_interval(measure.effect, its, _span(measure, signed=True), level) for _, its in effects]
    sizes = [its for its in found if its is not None]
    if not sizes:
        return measure.effect.absent(_too_few([its for _, its in effects]), tally(cases), slice=slice_)
    its = max(sizes, key=lambda interval: abs(interval.value))
    interval = Interval(its.value, its.low, its.high, CONFIDENCE, its.n, f"simultaneous, {its.method}")
    interval = no_narrower_than_shuffled(interval, _largest(nulls), bounds=_span(measure, signed=True))
    return measure.effect.estimate(interval, tally(cases), slice=slice_, instrument=measure.signed_by)


def _effect(
    measure: Measure,
    effects: Sequence[float],
    null: NDArray[np.float64] | None,
    cases: Sequence[Judged],
    slice_: Mapping[str, str],
) -> Estimate | Absence:
    interval = _interval(measure.effect, effects, _span(measure, signed=True), CONFIDENCE)
    if interval is None or null is None:
        return measure.effect.absent(_too_few([effects]), tally(cases), slice=slice_)
    interval = no_narrower_than_shuffled(interval, null, bounds=_span(measure, signed=True))
    return measure.effect.estimate(interval, tally(cases), slice=slice_, instrument=measure.signed_by)


def _chance(
    measure: Measure,
    signed: Mapping[str, Sequence[Mapping[str, float]]],
    nulls: Nulls,
    cases: Sequence[Judged],
    slice_: Slice = None,
) -> Estimate | Absence:
    """The p-value of the largest effect of any group of any attribute."""
    known = [its for its in signed.values() if its]
    if not known:
        return measure.chance.absent(_too_few([]), tally(cases), slice=slice_)
    observed = max(largest_effects(its) for its in known)
    interval = p_interval(observed, _largest(nulls), sum(map(len, known)))
    return measure.chance.estimate(interval, tally(cases), slice=slice_, instrument=measure.signed_by)


def _mean_of(
    measure: Measure, metric: Metric, values: Sequence[float], cases: Sequence[Judged], slice_: Slice
) -> Estimate | Absence:
    interval = _interval(metric, values, _span(measure, signed=metric is measure.gap), CONFIDENCE)
    if interval is None:
        reason = SINGLE if values else "no request was answered twice for as many groups as it takes"
        return metric.absent(reason, tally(cases), slice=slice_)
    return metric.estimate(interval, tally(cases), slice=slice_, instrument=measure.instrument)


# ── parts ─────────────────────────────────────────────────────────────────────────────────


def _interval(metric: Metric, values: Sequence[float], bounds: Bounds | None, confidence: float) -> Interval | None:
    """Mean over requests, which are independent; None where there are none, or one without a range."""
    if not values or (len(values) == 1 and bounds is None):
        return None
    # The seed comes from the name alone: the same scores give the same interval.
    return mean(values, confidence=confidence, seed=derive(0, metric.name), bounds=bounds)


def _shuffled(measure: Measure, attribute: str, trials: Sequence[Mapping[str, float]]) -> Null:
    return shuffled_effects(trials, seed=derive(0, f"{measure.chance.name}/{attribute}"))


def _largest(nulls: Nulls) -> NDArray[np.float64]:
    """The largest effect of any group of any attribute in each shuffle."""
    sizes: NDArray[np.float64] = np.max([largest(its) for its in nulls.values()], axis=0)
    return sizes


def _span(measure: Measure, *, signed: bool) -> Bounds | None:
    return None if measure.span is None else (-measure.span if signed else 0.0, measure.span)


def _too_few(effects: Sequence[Sequence[float]]) -> str:
    return SINGLE if any(effects) else "no request was answered for two groups"


def _trials(cases: Sequence[Judged], key: str) -> Mapping[str, Trial]:
    """Sort values named ``key`` by request and group; requests by name, replies by id."""
    found: dict[str, dict[str, list[float]]] = {}
    for judged in sorted(cases, key=lambda one: one.case.id):
        if key in judged.score.values:
            its = found.setdefault(judged.case.cluster, {})
            its.setdefault(judged.case.groups["group"], []).append(judged.score.values[key])
    return dict(sorted(found.items()))


def _deviations(cases: Sequence[Judged], key: str) -> list[Mapping[str, float]]:
    return [found for trial in _trials(cases, key).values() if (found := deviations(trial))]


def _by_group(trials: Sequence[Mapping[str, float]]) -> Effects:
    found: dict[str, list[float]] = {}
    for trial in trials:
        for group, value in trial.items():
            found.setdefault(group, []).append(value)
    return dict(sorted(found.items()))
