"""Nearest neighbours by Euclidean distance, exact, in blocks that fit the cache and the memory.

Distances are root mean squares over the coordinates, so that a distance of 0.1 means: each coordinate differs by
about 0.1, whatever the size of the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neighbours", "nearest"]

Floats = NDArray[np.float32]

BLOCK_BYTES = 64 * 2**20
"""Size of a block of the distance table. Larger blocks gain nothing over the matrix product and cost memory."""
GROUPS = 32
"""Reference points that share one slot in the first pass of the selection."""
SPARE = 8
"""Candidates beyond k whose distances are computed again: products in float32 may swap near-equals."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest references of each query.

    Attributes:
        distances: float64 ``[queries, k]``, root mean square over coordinates, ascending.
        rows: int64 ``[queries, k]``, numbers of the references; of many equals, any may be named, always the same ones.
    """

    distances: NDArray[np.float64]
    rows: NDArray[np.int64]


def nearest(
    queries: Floats, references: Floats, *, k: int = 1, excluded: NDArray[np.int64] | None = None
) -> Neighbours:
    """Find the ``k`` nearest of ``references`` for each of ``queries``.

    One matrix product gives squared distances up to a constant of the query; the best of them are computed again by
    subtraction in float64, where the product in float32 would lose a small distance to cancellation.

    Args:
        queries: ``[n, coordinates]``.
        references: ``[m, coordinates]``.
        k: At least 1 and at most m, or m - 1 with ``excluded``.
        excluded: ``[n]``, for each query a reference that does not count (itself), or -1 for none.

    Raises:
        ValueError: shapes do not fit, or there are fewer than ``k`` references.
    """
    if queries.ndim != 2 or references.ndim != 2 or queries.shape[1] != references.shape[1]:
        raise ValueError(f"queries {queries.shape} and references {references.shape} need equal coordinates")
    available = len(references) - (excluded is not None)
    if not 1 <= k <= available:
        raise ValueError(f"k is between 1 and {available}, not {k}")
    wanted = min(k + SPARE, available)
    # Distances do not change when both are moved; about the mean the products are small and lose fewer digits.
    centre = references.mean(axis=0, dtype=np.float64).astype(np.float32)
    # |r|² - 2 q·r as one product: the norms ride along as one more coordinate.
    weights = np.empty((len(references), references.shape[1] + 1), np.float32)
    moved = np.subtract(references, centre, out=weights[:, :-1])
    np.einsum("md,md->m", moved, moved, out=weights[:, -1])
    found = Neighbours(np.empty((len(queries), k)), np.empty((len(queries), k), np.int64))
    for part in _blocks(len(queries), len(references)):
        block = np.ones((len(queries[part]), weights.shape[1]), np.float32)
        np.multiply(queries[part] - centre, -2, out=block[:, :-1])
        table = block @ weights.T  # [block, m]
        if excluded is not None:
            inside = np.flatnonzero(excluded[part] >= 0)
            table[inside, excluded[part][inside]] = np.inf
        rows = _smallest(table, wanted)
        found.distances[part], found.rows[part] = _settled(queries[part], references, rows, k)
    return found


def _blocks(queries: int, references: int) -> Iterator[slice]:
    size = max(1, BLOCK_BYTES // (4 * references))
    return (slice(start, start + size) for start in range(0, queries, size))


def _smallest(table: Floats, k: int) -> NDArray[np.int64]:
    """Columns of the ``k`` smallest entries of each row, in no order.

    The k smallest lie in the k groups with the smallest minima, so all but k groups are dropped after one cheap pass.
    """
    rows, columns = table.shape
    groups = columns // GROUPS
    if groups <= k:
        return np.argpartition(table, k - 1, axis=1)[:, :k]
    # Group j holds columns j, j + groups, …: the minimum is then taken of whole rows, which vectorises.
    minima = table[:, : groups * GROUPS].reshape(rows, GROUPS, groups).min(axis=1)
    best = np.argpartition(minima, k - 1, axis=1)[:, :k]
    inside = (best[:, :, None] + groups * np.arange(GROUPS)).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(groups * GROUPS, columns), (rows, columns - groups * GROUPS))
    candidates = np.concatenate([inside, rest], axis=1)
    values = np.take_along_axis(table, candidates, axis=1)
    chosen = np.argpartition(values, k - 1, axis=1)[:, :k]
    return np.take_along_axis(candidates, chosen, axis=1)


def _settled(
    queries: Floats, references: Floats, rows: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Exact distances of the candidates, and the first ``k`` of them."""
    squared = np.empty(rows.shape)
    for place in range(rows.shape[1]):
        difference = queries.astype(np.float64) - references[rows[:, place]]
        squared[:, place] = np.einsum("nd,nd->n", difference, difference)
    order = np.lexsort((rows, squared), axis=1)[:, :k]
    distances = np.sqrt(np.take_along_axis(squared, order, axis=1) / queries.shape[1])
    return distances, np.take_along_axis(rows, order, axis=1)
