"""How often a mark is found at each level of false alarms: where it is, where it was left out, and in others' work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.query.tables import Scored, values_of
from harness.records import Interval
from harness.stats.rates import share

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["LEVELS", "SIDES", "Found", "found_at_levels"]

LEVELS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""P-values from which on a mark counts as found: the rates of false alarms that they stand for."""
SIDES: Mapping[str, str] = {
    "marked": "with the mark",
    "unmarked": "by the model, without the mark",
    "others": "by others",
    "wrong key": "with the mark, looked for with a wrong key",
}
"""Whose work was looked at, and its words."""
ARMS: Mapping[str, str] = {"marked": "marked", "drawn": "marked", "unmarked": "unmarked", "held_out": "others"}
"""Side of a case, by its group ``arm``."""
NAMES = ("p", "p/others", "p/wrong_key")


@dataclass(frozen=True, slots=True)
class Found:
    """One point of a curve.

    Attributes:
        cell: Probe and data set.
        side: Key of `SIDES`.
        level: A mark counts as found where p is at most this.
        share: Works in which it was found, of those that were looked at.
    """

    cell: str
    side: str
    level: float
    share: Interval


def found_at_levels(library: Library, run: str, cell: str) -> tuple[Found, ...]:
    """The shares found at every level, by side; nothing for a probe whose scores hold no p-value of a mark.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its table cannot be read.
    """
    sides: dict[str, list[tuple[float, str]]] = {}
    for row in values_of(library, run, cell, NAMES, arms=("main", "control")):
        for side, p in _looks(row):
            sides.setdefault(side, []).append((p, row.cluster))
    return tuple(
        Found(cell, side, level, _share(sides[side], level)) for side in SIDES if side in sides for level in LEVELS
    )


def _looks(row: Scored) -> list[tuple[str, float]]:
    arm = ARMS.get(row.groups.get("arm", ""))
    # A case of others' work may stand beside one of the model's: it has a value of its own.
    own = [] if arm is None else [(arm, row.values.get("p"))]
    found = [*own, ("others", row.values.get("p/others")), ("wrong key", row.values.get("p/wrong_key"))]
    return [(side, p) for side, p in found if p is not None]


def _share(looks: list[tuple[float, str]], level: float) -> Interval:
    return share([float(p <= level) for p, _ in looks], [cluster for _, cluster in looks])
