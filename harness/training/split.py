"""Who is a member: a fair coin for each unit, thrown before training.

Members and non-members are then exchangeable by construction, which is what makes a later membership
result evidence. Duplicates are removed before the coin, since a copy on the other side would pull
every such result to chance, and a copy on the same side would inflate it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harness.data.canaries import Canary
from harness.data.duplicates import duplicates
from harness.data.examples import Examples
from harness.errors import DataError, UsageError
from harness.seeds import derive

__all__ = ["Canary", "Role", "Split", "assign", "subsample"]


class Role(StrEnum):
    """What a record is to the training.

    A removed record is neither member nor non-member: a duplicate of it is in the data, on whichever side, or the
    preparation of the training took it out after the coin had made it a member.
    """

    MEMBER = "member"
    NONMEMBER = "nonmember"
    VALIDATION = "validation"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The side of every record, row by row with the examples it was assigned for.

    Attributes:
        ids: Of all records, in the order of the examples; row numbers below are places in it.
        units: Of each record.
        roles: Of each record.
        repeats: How often each record is in the training set; 0 for all that are not members.
        canaries: What was planted, in the order of its records. These records are in ``ids`` like all others.
        removed: Ids of the records that were left out, in order.
    """

    ids: tuple[str, ...]
    units: tuple[str, ...]
    roles: tuple[Role, ...]
    repeats: NDArray[np.int64]
    canaries: tuple[Canary, ...] = ()
    removed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.units) == len(self.roles) == len(self.repeats):
            raise ValueError("ids, units, roles and repeats differ in length")
        members = np.array([role is Role.MEMBER for role in self.roles], dtype=bool)
        if not np.array_equal(self.repeats > 0, members) or (self.repeats < 0).any():
            raise ValueError("members are those in training at least once")
        self.repeats.setflags(write=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Split):
            return NotImplemented
        mine, theirs = ((split.ids, split.units, split.roles, split.canaries, split.removed) for split in (self, other))
        return mine == theirs and np.array_equal(self.repeats, other.repeats)

    __hash__ = None  # type: ignore[assignment]  # holds an array

    def rows(self, role: Role) -> NDArray[np.int64]:
        """Row numbers of all records with that role, canaries included, ascending."""
        return np.array([row for row, its in enumerate(self.roles) if its is role], dtype=np.int64)

    def natural_rows(self, role: Role) -> NDArray[np.int64]:
        """Row numbers of the records with that role that were not planted.

        These are exchangeable between members and non-members; ladder canaries, always members, are not.
        """
        planted = {canary.record for canary in self.canaries}
        rows = [row for row in self.rows(role) if self.ids[row] not in planted]
        return np.array(rows, dtype=np.int64)

    def training_rows(self) -> NDArray[np.int64]:
        """Row numbers of the training set, ascending, each as often as it is trained on."""
        return np.repeat(np.arange(len(self.ids), dtype=np.int64), self.repeats)

    def write(self, path: Path) -> None:
        """Write as Parquet, one row for each record; equal splits give equal bytes."""
        canaries = {canary.record: canary for canary in self.canaries}
        its = [canaries.get(name) for name in self.ids]
        columns: dict[str, tuple[pa.DataType, Sequence[object]]] = {
            "record": (pa.string(), self.ids),
            "unit": (pa.string(), self.units),
            "role": (pa.string(), [role.value for role in self.roles]),
            "repeats": (pa.int64(), self.repeats.tolist()),
            "canary_repeats": (pa.int64(), [canary and canary.repeats for canary in its]),
            "canary_template": (pa.string(), [canary and canary.template for canary in its]),
            "canary_fill": (pa.string(), [canary and canary.fill for canary in its]),
            "canary_family": (pa.string(), [canary and canary.family for canary in its]),
        }
        table = pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})
        sink = BytesIO()
        pq.write_table(table, sink, compression="zstd")
        path.write_bytes(sink.getvalue())

    @classmethod
    def read(cls, path: Path) -> Split:
        """Read what `write` wrote.

        Raises:
            DataError: it is missing, damaged, or not such a table.
        """
        try:
            rows = pq.read_table(BytesIO(path.read_bytes())).to_pylist()
            return _from_rows(rows)
        except OSError as error:
            raise DataError(f"{path} cannot be opened: {error}. Restore it with the rest of its checkpoint.") from error
        except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} is not a readable table of the records of a split: {error}. Restore it from where it came."
            ) from error


def _from_rows(rows: Sequence[Mapping[str, Any]]) -> Split:
    canaries = tuple(
        Canary(
            record=row["record"],
            repeats=row["canary_repeats"],
            template=row["canary_template"],
            fill=row["canary_fill"],
            family=row["canary_family"],
        )
        for row in rows
        if row["canary_repeats"] is not None
    )
    roles = tuple(Role(row["role"]) for row in rows)
    return Split(
        ids=tuple(row["record"] for row in rows),
        units=tuple(row["unit"] for row in rows),
        roles=roles,
        repeats=np.array([row["repeats"] for row in rows], dtype=np.int64),
        canaries=canaries,
        removed=tuple(row["record"] for row, role in zip(rows, roles, strict=True) if role is Role.REMOVED),
    )


def assign(examples: Examples, *, seed: int, canaries: Sequence[Canary] = (), validation_share: float = 0.1) -> Split:
    """Throw a fair coin for each unit; what falls outside the training is non-member or validation.

    Validation units are drawn from the non-members at random, so the other non-members stay exchangeable with the
    members. Duplicates among the records, canaries aside, are removed first, the first of each group staying. Ladder
    canaries are members as often as they repeat; coin canaries are members once, or non-members, by a coin each.

    Args:
        examples: Records with the canaries already planted in them.
        seed: Root of the coins; equal seeds and records give equal splits.
        canaries: What was planted; every one is a record and a unit of its own.
        validation_share: Of the non-member units, in [0, 1); above 0 it means at least one unit.

    Raises:
        DataError: there are too few units for at least two members and two non-members.
        UsageError: a canary is not among the records, or the share is out of range.
    """
    if not 0 <= validation_share < 1:
        raise UsageError(f"The share for validation is {validation_share}: give a number in [0, 1).")
    planted = {canary.record: canary for canary in canaries}
    strangers = sorted(set(planted) - set(examples.ids))
    if strangers:
        raise UsageError(f"The canary {strangers[0]!r} is not among the records. Plant the canaries first.")
    natural = np.array([row for row, name in enumerate(examples.ids) if name not in planted], dtype=np.int64)
    removed = {examples.ids[row] for row in natural[duplicates(examples.take(natural)).removed]}
    open_units = dict.fromkeys(
        unit
        for name, unit in zip(examples.ids, examples.units, strict=True)
        if name not in planted and name not in removed
    )
    sides = _sides(list(open_units), seed=seed, validation_share=validation_share, removed=len(removed))
    coins = np.random.default_rng(derive(seed, "split/canaries"))
    roles, repeats = [], []
    for name, unit in zip(examples.ids, examples.units, strict=True):
        canary = planted.get(name)
        if canary is not None:
            times = canary.repeats or int(coins.integers(2))
            role = Role.MEMBER if times else Role.NONMEMBER
        else:
            role = Role.REMOVED if name in removed else sides[unit]
            times = int(role is Role.MEMBER)
        roles.append(role)
        repeats.append(times)
    return Split(
        ids=examples.ids,
        units=examples.units,
        roles=tuple(roles),
        repeats=np.array(repeats, dtype=np.int64),
        canaries=tuple(planted[name] for name in examples.ids if name in planted),
        removed=tuple(name for name in examples.ids if name in removed),
    )


def _sides(units: Sequence[str], *, seed: int, validation_share: float, removed: int) -> dict[str, Role]:
    """Return the side of each unit, by a fair coin each."""
    heads = np.random.default_rng(derive(seed, "split/members")).integers(2, size=len(units)).astype(bool)
    outside = np.flatnonzero(~heads)
    wanted = max(1, round(validation_share * len(outside))) if validation_share else 0
    order = np.random.default_rng(derive(seed, "split/validation")).permutation(len(outside))
    validation = outside[order[:wanted]]
    members, rest = int(heads.sum()), len(outside) - wanted
    if min(members, rest) < 2:
        gone = f" ({removed} duplicates were removed before)" if removed else ""
        raise DataError(
            f"The coin made {members} of {len(units)} units members and {max(rest, 0)} non-members beside"
            f" {wanted} for validation{gone}; at least 2 of each are needed."
            " Give more distinct images or documents, a few dozen at least."
        )
    sides = {unit: Role.MEMBER if head else Role.NONMEMBER for unit, head in zip(units, heads, strict=True)}
    return sides | {units[place]: Role.VALIDATION for place in validation}


def subsample(examples: Examples, records: int | None, *, seed: int) -> Examples:
    """Use only so many records: whole units in random order, the last one cut to fit, in the order they had.

    Args:
        examples: Before canaries are planted.
        records: How many; None keeps all.
        seed: Root of the order.

    Raises:
        DataError: there are fewer.
    """
    if records is None or records == len(examples):
        return examples
    if records > len(examples):
        raise DataError(f"{examples.name} has {len(examples)} records, not {records}. Ask for at most that many.")
    of_unit: dict[str, list[int]] = {}
    for row, unit in enumerate(examples.units):
        of_unit.setdefault(unit, []).append(row)
    groups = list(of_unit.values())
    order = np.random.default_rng(derive(seed, "split/records")).permutation(len(groups))
    rows = [row for place in order for row in groups[place]]
    return examples.take(sorted(rows[:records]))
