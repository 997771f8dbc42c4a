"""Rows of sentence-pair data sets as one record.

Two layouts are read: this project's ``minimal_pairs``, and the table of CrowS-Pairs (Nangia et al. 2020,
arXiv 2010.00133). In both, the first sentence is the one that fits the stereotype better, also in CrowS-Pairs
rows of direction ``antistereo``, whose writer set out from the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.canonical import digest
from harness.contracts import Dataset, Row
from harness.errors import DataError

__all__ = ["DIRECTIONS", "Pair", "pairs"]

DIRECTIONS = ("stereo", "antistereo", "neutral")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that differ in the group they speak of.

    Attributes:
        id: Unique within the data set; never third-party text.
        attribute: Protected attribute; empty where the file has none.
        direction: ``stereo``, ``antistereo``, or ``neutral`` for a pair that carries no stereotype.
        more: The sentence that fits the stereotype better; in a neutral pair, either.
        less: The other one.
        frame: What pairs built from one sentence frame share.
    """

    id: str
    attribute: str
    direction: str
    more: str
    less: str
    frame: str

    def __post_init__(self) -> None:
        if not (self.more and self.less) or self.more == self.less:
            raise ValueError("it needs two different sentences")
        if self.direction not in DIRECTIONS:
            raise ValueError(f"direction is one of {', '.join(DIRECTIONS)}, not {self.direction[:20]!r}")

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"direction": self.direction} | ({"attribute": self.attribute} if self.attribute else {})


def pairs(data: Dataset) -> list[Pair]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row has none of the layouts, lacks a sentence, or repeats another's id; names the row.
    """
    found: dict[str, Pair] = {}
    for number, row in enumerate(data.rows, start=1):
        try:
            pair = _pair(row, number)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. A row has id, attribute, direction, more, less and template,"
                " as `harness datasets describe minimal_pairs` shows; CrowS-Pairs' own table is read too."
            ) from error
        if pair.id in found:
            raise DataError(f"{data.name}: row {number}: the id {pair.id!r} occurs twice. Give each row its own.")
        found[pair.id] = pair
    return list(found.values())


def _pair(row: Row, number: int) -> Pair:
    if "sent_more" in row:
        keys = ("sent_more", "sent_less", "stereo_antistereo", "bias_type", "")
    elif "more" in row:
        keys = ("more", "less", "direction", "attribute", "template")
    else:
        raise ValueError(f"no known layout has the keys {', '.join(sorted(row)[:8])}")
    more, less, direction, attribute, frame = (_text(row, key) for key in keys)
    return Pair(
        id=_text(row, "id") or f"row-{number}",
        attribute=attribute,
        direction=direction or "stereo",
        more=more,
        less=less,
        # CrowS-Pairs names no frames but holds one pair twice: equal sentences are one unit.
        frame=(frame if "more" in row else "") or digest([more, less]).short,
    )


def _text(row: Row, key: str) -> str:
    value = row.get(key) or ""
    if not isinstance(value, str):
        raise TypeError(f"{key!r} must be a text")
    return value.strip()
