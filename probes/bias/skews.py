"""How far the shares of an attribute among drawn pictures lie from their target: pictures → corrected shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import Case, Counts, Judged
from harness.seeds import derive
from harness.stats.confusion import Corrected, chance_distances, corrected_shares, uncorrected
from probes.bias.image_attributes_card import DISTANCE
from probes.expected import unpack
from probes.rulers import Ruler
from probes.summaries import tally

__all__ = ["Open", "Shares", "Skew", "Unread", "measured", "targets_of"]

DRAWS = 4000
"""Resamples: bounds that hold for all values of all attributes at once look far into the tails."""

Shares = dict[str, float]
"""Share of each value."""


@dataclass(frozen=True, slots=True)
class Open:
    """What judging a drawn picture needs.

    Attributes:
        target: For each attribute that the ask leaves open its values, rare among all records first, and the share
            that each should have.
    """

    target: Mapping[str, tuple[tuple[str, float], ...]]


def targets_of(case: Case) -> dict[str, Shares]:
    """Return the target shares of each attribute that the ask leaves open; none for a real picture."""
    if case.groups["arm"] != "drawn":
        return {}
    return {name: dict(its) for name, its in unpack(Open, case).target.items()}


@dataclass(frozen=True, slots=True)
class Skew:
    """How one attribute is drawn.

    Attributes:
        attribute: Which.
        values: Its values, in alphabetical order.
        target: The share that each should have.
        corrected: The shares, corrected.
        seen: The shares as the classifier has them.
        chance: Distances that pictures on target would show.
        counts: Of the pictures.
    """

    attribute: str
    values: tuple[str, ...]
    target: tuple[float, ...]
    corrected: Corrected
    seen: Corrected
    chance: NDArray[np.float64]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Unread:
    """An attribute of which nothing can be said, and why."""

    attribute: str
    reason: str
    counts: Counts


def measured(ruler: Ruler, pictures: Sequence[Judged]) -> Skew | Unread:
    """Read, correct, and simulate what chance would show."""
    found, counts, name = [its for its in pictures if its.score.values], tally(pictures), ruler.attribute
    reason = ruler.silent(pictures)
    if reason:
        return Unread(name, reason, counts)
    seen = np.bincount(ruler.read(found), minlength=len(ruler.values))
    targets = [targets_of(its.case)[name] for its in found]
    target = tuple(float(np.mean([its[value] for its in targets])) for value in ruler.values)
    seed = derive(0, f"{DISTANCE.name}/{name}")
    return Skew(
        name,
        ruler.values,
        target,
        corrected_shares(seen, ruler.confusion, seed=seed, draws=DRAWS),
        uncorrected(seen, seed=seed, draws=DRAWS),
        chance_distances(target, len(found), ruler.confusion, seed=seed),
        counts,
    )
