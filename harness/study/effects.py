"""Two arms, seed by seed → what changed, by how much, and whether that is better or worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from harness.records import Better
from harness.stats.change import Change, change
from harness.study.numbers import Key, Measured
from harness.study.records import Effect

__all__ = ["effects"]

Floats = NDArray[np.float64]


def effects(
    pairs: Sequence[tuple[Mapping[Key, Measured], Mapping[Key, Measured]]], *, drawn_anew: bool
) -> list[Effect]:
    """Compare what was measured without and with, a pair for each seed.

    Args:
        pairs: Without and with the treatment, at least one pair.
        drawn_anew: Whether each seed stands for another model.

    Returns:
        One for each number that any arm has, in the order of the first that has it.
    """
    keys = dict.fromkeys(key for pair in pairs for arm in pair for key in arm)
    return [_effect(key, pairs, drawn_anew=drawn_anew) for key in keys]


def _effect(
    key: Key, pairs: Sequence[tuple[Mapping[Key, Measured], Mapping[Key, Measured]]], *, drawn_anew: bool
) -> Effect:
    first = next(arm[key] for pair in pairs for arm in pair if key in arm)
    without, given = ([pair[side].get(key) for pair in pairs] for side in (0, 1))
    metric, its = (
        first.metric,
        Effect(
            key[0],
            key[1],
            first.metric.title,
            dict(key[2]),
            first.metric.unit,
            first.metric.better,
            first.null,
            _mean(without),
            _mean(given),
        ),
    )
    before = [one for one in without if one is not None]
    after = [one for one in given if one is not None]
    missing = _missing(before, after, len(pairs))
    if missing:
        return replace(its, missing=missing)
    bounds = (-1.0, 1.0) if metric.unit == "share" else None
    units = min(one.units for one in (*before, *after))

    def moved(seen: Callable[[Measured], Floats]) -> Change:
        steps = np.array([seen(late) - seen(early) for early, late in zip(before, after, strict=True)])
        return change(steps[:, 0], steps[:, 1:], units=units, drawn_anew=drawn_anew, bounds=bounds)

    plain = moved(_numbers)
    found = replace(
        its,
        change=plain.interval,
        p_change=min(1.0, 2 * min(plain.p_above(), plain.p_below())),
        by_seed=tuple(late.value - early.value for early, late in zip(before, after, strict=True)),
    )
    if metric.better is Better.NULL and any(one.null is None for one in (*before, *after)):
        return found
    good = moved(_goodness)
    return replace(
        found,
        gain=good.interval,
        p_gain=good.p_above(),
        p_loss=good.p_below(),
        least_gain=good.least(),
        by_seed=tuple(
            float(_goodness(late)[0] - _goodness(early)[0]) for early, late in zip(before, after, strict=True)
        ),
    )


def _numbers(one: Measured) -> Floats:
    """The whole, then each group left out, shape ``[1 + groups]``."""
    return np.concatenate([[one.value], one.left_out])


def _goodness(one: Measured) -> Floats:
    """The same, turned so that more is better: at its best, a metric with a null value has 0."""
    numbers = _numbers(one)
    if one.metric.better is Better.NULL:
        return -np.abs(numbers - (one.null or 0.0))
    return numbers if one.metric.better is Better.HIGHER else -numbers


def _missing(before: Sequence[Measured], after: Sequence[Measured], pairs: int) -> str:
    if len(before) < pairs or len(after) < pairs:
        return f"there is a number in {len(before)} of {pairs} runs without and {len(after)} of {pairs} with"
    if not all(isfinite(value) for one in (*before, *after) for value in one.left_out.tolist()):
        return "too few items: without some twentieth of them there is no number"
    return ""


def _mean(measured: Sequence[Measured | None]) -> float | None:
    values = [one.value for one in measured if one is not None]
    return float(np.mean(values)) if values else None
