"""Two groups of arms → pairs of runs of the same seed, and what is lost because a run failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.study.effects import effects
from harness.study.numbers import Key, Measured
from harness.study.records import Arm, Effect, Lost

if TYPE_CHECKING:
    from harness.evidence.bundle import Evidence

__all__ = ["Paired", "Ran", "pair"]


@dataclass(frozen=True, slots=True)
class Ran:
    """One arm and what came of it.

    Attributes:
        arm: The arm.
        evidence: Of its run; None where it failed.
        reason: Why it failed; empty where it did not.
    """

    arm: Arm
    evidence: Evidence | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Paired:
    """What differs between two groups of arms.

    Attributes:
        seeds: Of the pairs that count.
        lost: Arms whose pairs are left out.
        effects: One for each number; none where no pair is left.
    """

    seeds: tuple[int, ...]
    lost: tuple[Lost, ...]
    effects: tuple[Effect, ...]


def pair(without: Sequence[Ran], given: Sequence[Ran], measured: Mapping[str, Mapping[Key, Measured]]) -> Paired:
    """Pair arms by seed and compare them.

    Args:
        without: An arm for each seed.
        given: An arm for each seed, what ``without`` is compared with.
        measured: Numbers of every arm that has evidence, by name.
    """
    others = {one.arm.seed: one for one in without}
    lost = [
        Lost(bad.arm.name, bad.arm.seed, bad.reason)
        for one in given
        for bad in (one, others[one.arm.seed])
        if bad.evidence is None
    ]
    gone = {one.seed for one in lost}
    pairs = {
        one.arm.seed: (measured[others[one.arm.seed].arm.name], measured[one.arm.name])
        for one in given
        if one.arm.seed not in gone
    }
    anew = any(one.arm.trains for one in (*without, *given))
    found = effects(list(pairs.values()), drawn_anew=anew) if pairs else []
    return Paired(tuple(pairs), tuple(lost), tuple(found))
