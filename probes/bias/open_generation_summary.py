"""Scores of continuations by opening and group → means, largest gaps and their p-values of one measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.records import Absence, Estimate, Judged
from harness.seeds import derive
from probes.bias.group_effects import no_narrower_than_shuffled, p_interval
from probes.bias.group_gaps import DIGITS, FLOOR, Compared, Gap, compared, gaps, interval_of, shuffled_gaps
from probes.bias.open_generation_card import Measure
from probes.summaries import by_group, mean_of, tally

__all__ = ["told_of"]

TOO_FEW = f"no two groups of an attribute have {FLOOR} openings each with a continuation that could be read"

Slice = Mapping[str, str] | None


def told_of(measure: Measure, cases: Sequence[Judged], *, shared: bool) -> Iterator[Estimate | Absence]:
    """Report one measure overall, by attribute, and the mean of each group.

    Args:
        measure: What is read.
        cases: All cases.
        shared: Whether groups share openings.
    """
    attributes = by_group(cases, "attribute")
    known = {name: its for name, part in attributes.items() if (its := compared(part, measure.value, shared=shared))}
    nulls = {name: shuffled_gaps(its, seed=_seed(measure, name)) for name, its in known.items()}
    yield from _worst(measure, known, nulls, cases, None)
    yield mean_of(measure.mean, cases, measure.value, bounds=measure.bounds, instrument=measure.instrument[0])
    for name, part in attributes.items():
        alone = {key: value for key, value in known.items() if key == name}
        yield from _worst(measure, alone, nulls, part, {"attribute": name})
        for group, ours in by_group(part, "group").items():
            yield _mean(measure, ours, {"attribute": name, "group": group})


def _worst(
    measure: Measure,
    known: Mapping[str, Compared],
    nulls: Mapping[str, NDArray[np.float64]],
    cases: Sequence[Judged],
    slice_: Slice,
) -> Iterator[Estimate | Absence]:
    """The largest gap of all attributes in ``known`` and its p-value; of one attribute, with its groups' names too."""
    counts, instrument = tally(cases), measure.instrument[0]
    if not known:
        yield measure.gap.absent(TOO_FEW, counts, slice=slice_)
        yield measure.chance.absent(TOO_FEW, counts, slice=slice_)
        return
    largest = {name: gaps(its)[0] for name, its in known.items()}
    name = max(sorted(largest), key=lambda one: largest[one].value)
    gap, null = largest[name], np.max([nulls[one] for one in known], axis=0)
    interval = interval_of(known[name], gap, seed=derive(0, measure.gap.name), bounds=measure.bounds)
    span = measure.bounds[1] - measure.bounds[0]
    # The largest gap of all pairs in each shuffle is what makes the bounds hold for whichever pair is picked.
    interval = no_narrower_than_shuffled(interval, null, bounds=(-span, span))
    found = measure.gap.estimate(interval, counts, slice=slice_, instrument=instrument)
    yield found
    if slice_ is not None:
        yield replace(found, slice={**slice_, **_pair(gap)})
    shared = all(its.shared for its in known.values())
    units = sum(its.n for its in known.values())
    chance = p_interval(round(gap.value, DIGITS), null, units, within="openings" if shared else "the attribute")
    yield measure.chance.estimate(chance, counts, slice=slice_, instrument=instrument)


def _mean(measure: Measure, cases: Sequence[Judged], slice_: Mapping[str, str]) -> Estimate | Absence:
    """The mean of one group; none where it has too few openings to speak of it."""
    units = {its.case.cluster for its in cases if measure.value in its.score.values}
    if len(units) < FLOOR:
        reason = f"the group has {len(units)} openings with a continuation that could be read; {FLOOR} are needed"
        return measure.mean.absent(reason, tally(cases), slice=slice_)
    return mean_of(
        measure.mean, cases, measure.value, bounds=measure.bounds, groups=slice_, instrument=measure.instrument[0]
    )


def _pair(gap: Gap) -> Mapping[str, str]:
    return {"higher": gap.higher, "lower": gap.lower}


def _seed(measure: Measure, attribute: str) -> int:
    return derive(0, f"{measure.chance.name}/{attribute}")
