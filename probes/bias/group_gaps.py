"""The largest difference between two groups of people, of texts that all groups share or that each has for itself.

Where groups share frames, their values are compared within frames. Where each has texts of its own, all that is
independent is one person or thing a text is about, and groups differ by whom they hold as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval, Judged
from harness.stats.compare import independent_difference
from harness.stats.intervals import Bounds
from harness.stats.rates import mean
from probes.bias.group_effects import DRAWS

__all__ = ["DIGITS", "FLOOR", "Compared", "Gap", "compared", "gaps", "interval_of", "shuffled_gaps"]

FLOOR = 5
"""Fewest frames, or persons or things, of a group of which a number is told."""
DIGITS = 9
"""To which gaps are rounded before they are compared: equal ones must tie."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Values of the groups of one attribute, at least two, each with one value a unit.

    Attributes:
        values: Group → its values; where units are shared, those at one place are of one unit.
        shared: Whether groups share their units.
        left_out: Units without a value of every group, which are compared nowhere; 0 where units are not shared.
    """

    values: Mapping[str, Sequence[float]]
    shared: bool
    left_out: int

    @property
    def n(self) -> int:
        """Independent units that are compared."""
        sizes = [len(its) for its in self.values.values()]
        return sizes[0] if self.shared else sum(sizes)


@dataclass(frozen=True, slots=True)
class Gap:
    """Two groups, and by how much the mean of the first lies above that of the second."""

    higher: str
    lower: str
    value: float


def compared(cases: Sequence[Judged], key: str, *, shared: bool) -> Compared | None:
    """Take the mean of ``key`` for each unit and group; None where no two groups have `FLOOR` units.

    Args:
        cases: Of one attribute, in any order.
        key: Name of the value.
        shared: Whether groups share units; then only units with a value of each of the groups count.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for judged in sorted(cases, key=lambda one: one.case.id):
        units = found.setdefault(judged.case.groups["group"], {})
        if key in judged.score.values:
            units.setdefault(judged.case.cluster, []).append(judged.score.values[key])
    means = {group: {unit: fmean(its) for unit, its in units.items()} for group, units in sorted(found.items())}
    large = {group: units for group, units in means.items() if len(units) >= FLOOR}
    if len(large) < 2:
        return None
    if not shared:
        return Compared({group: list(units.values()) for group, units in large.items()}, shared, 0)
    every = sorted({unit for units in large.values() for unit in units})
    common = [unit for unit in every if all(unit in units for units in large.values())]
    if len(common) < FLOOR:
        return None
    values = {group: [units[unit] for unit in common] for group, units in large.items()}
    return Compared(values, shared, len(every) - len(common))


def gaps(its: Compared) -> list[Gap]:
    """Return the difference of every two groups once, the one with the higher mean first; the largest first."""
    means = {group: fmean(values) for group, values in its.values.items()}
    pairs = [Gap(one, other, means[one] - means[other]) for one, other in permutations(means, 2)]
    above = [gap for gap in pairs if gap.value > 0 or (gap.value == 0 and gap.higher < gap.lower)]
    return sorted(above, key=lambda gap: (-gap.value, gap.higher, gap.lower))


def interval_of(its: Compared, gap: Gap, *, seed: int, bounds: Bounds) -> Interval:
    """The 95 % interval of one difference alone, by units that both groups have, or by the units of each.

    Two groups with units of their own get the bounds of Zou and Donner 2008 (Statistics in Medicine 27:1693-1702),
    made of those of either mean.

    Args:
        its: What is compared.
        gap: Which groups.
        seed: Of the resampling.
        bounds: Range of a value.
    """
    span = bounds[1] - bounds[0]
    ours, theirs = its.values[gap.higher], its.values[gap.lower]
    if its.shared:
        apart = [one - other for one, other in zip(ours, theirs, strict=True)]
        return mean(apart, seed=seed, bounds=(-span, span))
    one, other = (mean(values, seed=seed, bounds=bounds) for values in (ours, theirs))
    return independent_difference(one, other, bounds=(-span, span), method=f"mover of {one.method}")


def shuffled_gaps(its: Compared, *, seed: int, draws: int = DRAWS) -> NDArray[np.float64]:
    """The largest gap after groups were shuffled, ``[draws]``: within units that they share, else over all units.

    Args:
        its: What is compared.
        seed: Of the shuffles.
        draws: How many.
    """
    random = np.random.default_rng(seed)
    sizes = [len(values) for values in its.values.values()]
    if its.shared:
        table = np.array(list(its.values.values())).T
        means = random.permuted(np.tile(table, (draws, 1, 1)), axis=2).mean(axis=1)
    else:
        pool = np.concatenate([np.asarray(values) for values in its.values.values()])
        starts = np.cumsum([0, *sizes[:-1]])
        means = np.add.reduceat(random.permuted(np.tile(pool, (draws, 1)), axis=1), starts, axis=1) / sizes
    found: NDArray[np.float64] = np.ptp(means, axis=1).round(DIGITS)
    return found
