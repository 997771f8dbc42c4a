"""Which items all arms of a study have, and how these are parted into groups that are left out in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.records import Case
from harness.seeds import derive

__all__ = ["GROUPS", "Shared", "groups_of", "share"]

GROUPS = 20
"""Parts of the items that are left out in turn."""

Cells = Mapping[str, Sequence[Case]]
"""Cases by cell."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The items of one cell that all arms of a seed have.

    Attributes:
        ids: Of their cases.
        groups: Group of each cluster, from 0; the same in all arms and seeds.
    """

    ids: frozenset[str]
    groups: Mapping[str, int]


def groups_of(clusters: Iterable[str]) -> dict[str, int]:
    """Part ``clusters`` into at most `GROUPS` groups of about equal size, by their names alone."""
    ordered = sorted(set(clusters), key=lambda name: (derive(0, f"study/{name}"), name))
    return {name: place % GROUPS for place, name in enumerate(ordered)}


def share(arms: Sequence[tuple[int, Cells]]) -> tuple[dict[int, dict[str, Shared]], dict[str, tuple[int, int]]]:
    """Find the cases that all arms of a seed were asked alike.

    Args:
        arms: Seed and cases of each arm that has evidence.

    Returns:
        By seed and cell, what all arms of the seed share. By cell, over all seeds: how many cases are shared, and how
        many only some of the arms have, or were asked otherwise.
    """
    cells = list(dict.fromkeys(cell for _, its in arms for cell in its))
    groups = {cell: groups_of(case.cluster for _, its in arms for case in its.get(cell, ())) for cell in cells}
    shared: dict[int, dict[str, Shared]] = {seed: {} for seed, _ in arms}
    numbers = dict.fromkeys(cells, (0, 0))
    for seed, found in shared.items():
        for cell in cells:
            asked = [
                {(case.id, digest(case.ask)) for case in its.get(cell, ())}
                for its_seed, its in arms
                if its_seed == seed
            ]
            common, every = frozenset.intersection(*map(frozenset, asked)), set().union(*asked)
            both, apart = numbers[cell]
            numbers[cell] = (
                both + len(common),
                apart + len({name for name, _ in every} - {name for name, _ in common}),
            )
            if common:
                found[cell] = Shared(frozenset(name for name, _ in common), groups[cell])
    return shared, numbers
