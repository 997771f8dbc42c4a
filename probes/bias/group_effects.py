"""How replies to the same request differ between groups of people, beyond what asking twice makes them differ.

A trial is one request: for each group the values of its replies. Where a model is blind to groups, all values of a
trial come from one distribution, and every expectation here is exactly 0.

The gap over the floor is an energy distance (Székely and Rizzo 2013, J. Stat. Plan. Inference 143:1249-1272), halved
and averaged over pairs of groups, estimated without bias. Of yes-or-no values it is the mean squared difference of
two groups' rates; it can come out below 0 by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from math import inf
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import Bounds, contained
from harness.stats.resample import permutation_p

__all__ = [
    "DRAWS",
    "Trial",
    "deviations",
    "floor",
    "gap",
    "largest",
    "largest_effects",
    "no_narrower_than_shuffled",
    "p_interval",
    "shuffled",
    "shuffled_effects",
]

Trial = Mapping[str, Sequence[float]]
"""Group → values of its scored replies, at least one."""
Distance = Callable[[float, float], float]
DRAWS = 1999
"""Shuffles behind a p-value."""
CONFIDENCE = 0.95
"""Share of shuffles that an interval reaches at least as far as."""
DIGITS = 9
"""To which statistics are rounded before they are compared: equal ones must tie."""


def floor(trial: Trial, distance: Distance) -> float | None:
    """Mean distance of two replies to the very same prompt; None where none was answered twice."""
    twice = [fmean(distance(a, b) for a, b in combinations(its, 2)) for its in trial.values() if len(its) > 1]
    return fmean(twice) if twice else None


def gap(trial: Trial, distance: Distance) -> float | None:
    """Mean distance of two replies to different groups, less that of two replies to one; None without either.

    Only groups with two replies take part, so that both halves speak of the same groups.
    """
    twice = {group: its for group, its in trial.items() if len(its) > 1}
    noise = floor(twice, distance)
    if noise is None or len(twice) < 2:
        return None
    pairs = combinations(twice.values(), 2)
    return fmean(fmean(distance(a, b) for a, b in product(*pair)) for pair in pairs) - noise


def deviations(trial: Trial) -> Mapping[str, float]:
    """Mean of each group less the mean of all groups of the trial; empty where fewer than two have a value."""
    means = {group: fmean(its) for group, its in sorted(trial.items()) if its}
    if len(means) < 2:
        return {}
    grand = fmean(means.values())
    return {group: value - grand for group, value in means.items()}


def largest_effects(trials: Sequence[Mapping[str, float]]) -> float:
    """Largest distance from 0 of any group's mean deviation.

    Args:
        trials: `deviations` of each trial, at least one of them not empty.
    """
    _, values, present = _table(trials)
    return float(_sizes(values, present).max())


def shuffled(trials: Sequence[Mapping[str, float]], *, seed: int, draws: int = DRAWS) -> NDArray[np.float64]:
    """`largest_effects` after groups were shuffled, ``[draws]``; arguments as of `shuffled_effects`."""
    return largest(shuffled_effects(trials, seed=seed, draws=draws))


def shuffled_effects(
    trials: Sequence[Mapping[str, float]], *, seed: int, draws: int = DRAWS
) -> Mapping[str, NDArray[np.float64]]:
    """Distance from 0 of each group's mean deviation after the groups of each trial were shuffled, ``[draws]``.

    A group's replies stay together, so that replies which repeat each other, as under greedy decoding, prove nothing.

    Args:
        trials: As for `largest_effects`.
        seed: Of the shuffles.
        draws: How many.
    """
    random = np.random.default_rng(seed)
    groups, values, present = _table(trials)
    drawn = np.zeros((draws, *values.shape))
    for row, (its, here) in enumerate(zip(values, present, strict=True)):
        drawn[:, row, here] = random.permuted(np.tile(its[here], (draws, 1)), axis=1)
    return dict(zip(groups, _sizes(drawn, present).T, strict=True))


def largest(effects: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The largest effect of any group in each shuffle, ``[draws]``, from `shuffled_effects`."""
    sizes: NDArray[np.float64] = np.max(list(effects.values()), axis=0)
    return sizes


def no_narrower_than_shuffled(
    interval: Interval, null: NDArray[np.float64], *, bounds: Bounds | None = None
) -> Interval:
    """Widen ``interval`` until it reaches as far from its value as nearly all shuffles do from 0.

    Where what is counted is rare, a few replies have hardly any spread, and an interval made of it alone leaves 0 out
    too often: for 7 to 30 requests of 5 groups that are all refused 1 time of 20 or of 10, a 95 % bootstrap or
    Student's t interval of one group's effect did so for 4 to 18 of 100 models blind to groups, this for 0 to 2.

    Args:
        interval: Of a mean deviation, at any confidence.
        null: Its size in each shuffle; for an interval that holds for several groups at once, the largest of theirs.
        bounds: Range of the deviation, where it has one.
    """
    # Sizes are rounded: an effect as large as that of a shuffle is not to come out larger.
    reach = float(np.quantile(null, CONFIDENCE, method="higher")) + 10**-DIGITS
    least, most = bounds or (-inf, inf)
    low = max(least, min(interval.low, interval.value - reach))
    high = min(most, max(interval.high, interval.value + reach))
    return replace(interval, low=low, high=high, method=f"{interval.method}, no narrower than shuffled groups")


def p_interval(
    observed: float, null: NDArray[np.float64], n: int, *, within: str = "requests", confidence: float = 0.95
) -> Interval:
    """The p-value of ``observed``, with the error that a limited number of shuffles leaves (Clopper and Pearson).

    Args:
        observed: `largest_effects`.
        null: `shuffled`.
        n: Trials behind it.
        within: What groups were shuffled within, for the name of the method.
        confidence: Nominal coverage.
    """
    hits = int(np.count_nonzero(null >= observed))
    bounds = stats.binomtest(hits, null.size).proportion_ci(confidence)
    method = f"permutation within {within}, {null.size:,} shuffles"
    p = permutation_p(observed, null)
    return contained(p, (bounds.low, bounds.high), within=(0.0, 1.0), confidence=confidence, n=n, method=method)


def _table(
    trials: Sequence[Mapping[str, float]],
) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_]]:
    """Groups, their values ``[trials, groups]``, 0 where there is none, and whether there is one."""
    groups = sorted({group for trial in trials for group in trial})
    values = np.array([[trial.get(group, 0.0) for group in groups] for trial in trials])
    return groups, values, np.array([[group in trial for group in groups] for trial in trials])


def _sizes(values: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from 0 of each group's mean over trials, ``[..., groups]`` of values ``[..., trials, groups]``."""
    means = values.sum(axis=-2) / present.sum(axis=0)
    sizes: NDArray[np.float64] = np.abs(means).round(DIGITS)
    return sizes
