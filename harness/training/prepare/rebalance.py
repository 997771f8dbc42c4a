"""Images are drawn again so that each value of an attribute has its target share of the training set.

Of values that are there too often records are dropped at random, those of the others are repeated, each as often as
the next but for one. The training set stays as large, and so do steps and batch. Canaries stay as they are.

Source: balanced resampling, as surveyed by Buda et al. (2017), arXiv:1710.05381.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError, nearest
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Rebalance

__all__ = ["rebalanced"]

CLASS = "class"
Rows = NDArray[np.int64]


def rebalanced(stream: Stream, *, how: Rebalance, seed: int) -> tuple[Stream, Mapping[str, int]]:
    """Draw the records again.

    Args:
        stream: The training set.
        how: By what, and to which shares.
        seed: Root of what is dropped and what is repeated.

    Returns:
        The training set; and how many records were ``dropped``, and for each value its places ``before`` and ``after``.

    Raises:
        UsageError: the records have no such attribute, or other values than the target has.
    """
    random = np.random.default_rng(seed)
    groups = _groups(stream, how.by)
    sizes = {value: len(rows) for value, rows in groups.items()}
    wanted = _apportioned(sum(sizes.values()), _shares(how, sizes))
    dropped = {value: max(0, size - wanted[value]) for value, size in sizes.items()}
    if how.keep_shares:
        total = sum(dropped.values())
        # As many are dropped, from every value its part, and repeated within it: one of each has to stay.
        parts = _apportioned(total, {value: size / sum(sizes.values()) for value, size in sizes.items()})
        dropped = {value: min(part, sizes[value] - 1) for value, part in parts.items()}
        wanted = sizes
    repeats = stream.repeats.copy()
    for value, rows in groups.items():
        repeats[rows] = 0
        kept = random.permutation(rows)[: sizes[value] - dropped[value]]
        repeats[kept] = _spread(wanted[value], len(kept))
    counts = {"dropped": sum(dropped.values())}
    for value in groups:
        counts |= {f"{value} before": sizes[value], f"{value} after": wanted[value]}
    return stream.changed(repeats=repeats), counts


def _groups(stream: Stream, by: str) -> dict[str, Rows]:
    """Rows of the training set by value, canaries aside; values in order."""
    values = _values(stream, by)
    rows = np.flatnonzero((stream.repeats > 0) & stream.natural)
    found: dict[str, list[int]] = {}
    for row in rows.tolist():
        found.setdefault(values[row], []).append(row)
    return {value: np.array(found[value], dtype=np.int64) for value in sorted(found)}


def _values(stream: Stream, by: str) -> list[str]:
    its = stream.examples
    if by in its.attributes:
        return list(its.attributes[by])
    if by == CLASS and its.labels is not None:
        return [its.classes[label] for label in its.labels.tolist()]
    known = [*its.attributes, *([CLASS] if its.labels is not None else [])]
    listed = f" There are: {', '.join(known)}." if known else " They have none."
    raise UsageError(f"prepare.rebalance: the records of {its.name} have no {by!r}.{nearest(by, known)}{listed}")


def _shares(how: Rebalance, sizes: Mapping[str, int]) -> dict[str, float]:
    if how.to == "equal":
        return dict.fromkeys(sizes, 1 / len(sizes))
    if set(how.to) != set(sizes):
        raise UsageError(
            f"prepare.rebalance: `to` names {', '.join(sorted(how.to))}, and the training set has"
            f" {', '.join(sorted(sizes))} as {how.by}. Give a share to each of these, 0 where it shall go."
        )
    return {value: how.to[value] for value in sizes}


def _apportioned(n: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Share out ``n`` whole numbers by largest remainder."""
    counts = {value: int(n * share + 1e-9) for value, share in shares.items()}
    by_remainder = sorted(shares, key=lambda value: counts[value] - n * shares[value])
    for value in by_remainder[: n - sum(counts.values())]:
        counts[value] += 1
    return counts


def _spread(places: int, records: int) -> Rows:
    """How often each of so many records is there, as evenly as can be."""
    if not records:
        return np.zeros(0, dtype=np.int64)
    each, more = divmod(places, records)
    return np.array([each + (row < more) for row in range(records)], dtype=np.int64)
