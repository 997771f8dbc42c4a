"""A fixed description of an image by edges and colours: no weights, no training, the same on every machine.

It tells digits, garments and coloured shapes apart well enough for a linear classifier, which is what audits of
small generators need. It knows nothing of meaning: two photographs of one scene can lie far apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NAMES", "VERSION", "describe"]

VERSION = "1"
"""Changes whenever a value could."""

SIDE = 16
"""Images are resampled to this many pixels a side."""
CELLS = 4
"""Cells a side in which edges are counted."""
DIRECTIONS = 8
"""Directions of edges, from 0 to 180 degrees."""
PATCHES = 2
"""Patches a side in which colour is averaged."""

NAMES: tuple[str, ...] = (
    *(f"edge-{row}{column}-{turn}" for row in range(CELLS) for column in range(CELLS) for turn in range(DIRECTIONS)),
    *(f"{colour}-{row}{column}" for row in range(PATCHES) for column in range(PATCHES) for colour in ("r", "g", "b")),
)
"""Names of the values, in order."""


def describe(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Edges by cell and direction, as in Dalal and Triggs 2005 (CVPR), and mean colours by patch.

    Args:
        images: uint8 ``[n, height, width, channels]`` with 1 or 3 channels.

    Returns:
        ``[n, len(NAMES)]``: edge strengths of unit length together, and colours in [0, 1]; rounded to 5 decimals, so
        that the last bits of one machine's arithmetic are not part of the evidence.
    """
    values = _resample(images.astype(np.float64) / 255)  # [n, 16, 16, channels]
    edges, colours = _edges(values), _colours(values)
    return np.concatenate([edges, colours], axis=1).round(5).astype(np.float32)


def _resample(values: NDArray[np.float64]) -> NDArray[np.float64]:
    down, across = _overlaps(values.shape[1]), _overlaps(values.shape[2])
    small: NDArray[np.float64] = np.einsum("ih,nhwc,jw->nijc", down, values, across, optimize=True)
    return small


def _overlaps(size: int) -> NDArray[np.float64]:
    """Share of each source pixel in each target pixel, ``[16, size]``: area averaging, rows sum to 1."""
    left = np.arange(SIDE)[:, None] * size / SIDE
    overlap = np.minimum(left + size / SIDE, np.arange(size) + 1) - np.maximum(left, np.arange(size))
    shares: NDArray[np.float64] = np.clip(overlap, 0, None) * SIDE / size
    return shares


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    grey = np.pad(values.mean(axis=-1), ((0, 0), (1, 1), (1, 1)), mode="edge")
    down, right = grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]
    strength = np.hypot(down, right)
    turn = (np.arctan2(down, right) % np.pi) / np.pi * DIRECTIONS
    low = np.floor(turn).astype(int)
    share = turn - low
    # An edge between two directions counts for both, so that a small turn of the image is a small change.
    lanes = np.arange(DIRECTIONS)
    weights = (lanes == (low % DIRECTIONS)[..., None]) * (1 - share)[..., None]
    weights = weights + (lanes == ((low + 1) % DIRECTIONS)[..., None]) * share[..., None]
    step = SIDE // CELLS
    cells = (weights * strength[..., None]).reshape(len(values), CELLS, step, CELLS, step, DIRECTIONS).sum(axis=(2, 4))
    flat: NDArray[np.float64] = cells.reshape(len(values), -1)
    # A plain image has no edges; it keeps zeros instead of blown-up noise.
    edges: NDArray[np.float64] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 0.1)
    return edges


def _colours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    step = SIDE // PATCHES
    patches = values.reshape(len(values), PATCHES, step, PATCHES, step, values.shape[-1]).mean(axis=(2, 4))
    coloured = patches if values.shape[-1] == 3 else patches.repeat(3, axis=-1)
    flat: NDArray[np.float64] = coloured.reshape(len(values), -1)
    return flat
