"""Images that differ by little, found without comparing all with all: an exact search in a few directions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["CONTRAST_SHARE", "RANGE_SHARE", "first_alike"]

RANGE_SHARE = 0.02
"""Largest root mean square difference, in ranges of a pixel (255): what a re-encoding at 34 dB leaves."""

CONTRAST_SHARE = 0.1
"""Largest root mean square difference, in standard deviations of an image: a small dot on a large ground counts."""

FEWEST_DIRECTIONS = 16
VALUES_PER_DIRECTION = 128
"""With a direction for so many values even images of pure noise, alike in all directions, are told apart."""

SAMPLE = 256
BLOCK = 128

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int64]


def first_alike(images: Bytes) -> Rows:
    """Find for each image the first kept one it is near to; an image that is near to none is kept.

    Args:
        images: uint8, ``[n, height, width, channels]``.

    Returns:
        ``[n]``, the row of that image, or the image's own.
    """
    flat = images.reshape(len(images), -1)
    owner = np.arange(len(flat), dtype=np.int64)
    if len(flat) < 2:
        return owner
    limits = np.minimum(RANGE_SHARE * 255, CONTRAST_SHARE * _contrasts(flat))
    points = _projected(flat)
    # No projection lengthens a difference, so what is near is near here too; rounding gets a little room.
    radii = limits * np.sqrt(flat.shape[1]) * (1 + 1e-6) + 1e-6
    tree = cKDTree(points)
    for block in _blocks(len(flat)):
        near = tree.query_ball_point(points[block], radii[block])
        later = np.repeat(block, [len(its) for its in near])
        earlier = np.concatenate([np.asarray(its, dtype=np.int64) for its in near])
        open_pairs = (earlier < later) & (owner[earlier] == earlier)
        pairs = np.stack([later, earlier], axis=1)[open_pairs]
        alike = pairs[_within(flat, pairs, limits)]
        for this, other in alike[np.lexsort((alike[:, 1], alike[:, 0]))].tolist():
            if owner[this] == this and owner[other] == other:
                owner[this] = other
    return owner


def _blocks(n: int) -> Iterator[Rows]:
    rows = np.arange(n, dtype=np.int64)
    return (rows[start : start + BLOCK] for start in range(0, n, BLOCK))


def _contrasts(flat: Bytes) -> NDArray[np.float64]:
    return np.concatenate([flat[block].std(axis=1, dtype=np.float64) for block in _blocks(len(flat))])


def _projected(flat: Bytes) -> NDArray[np.float64]:
    """Return each image along the main directions of an even sample, ``[n, directions]``."""
    sample = flat[np.linspace(0, len(flat) - 1, min(SAMPLE, len(flat))).astype(np.int64)].astype(np.float64)
    directions = max(FEWEST_DIRECTIONS, flat.shape[1] // VALUES_PER_DIRECTION)
    axes = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][:directions].T
    return np.concatenate([flat[block].astype(np.float64) @ axes for block in _blocks(len(flat))])


def _within(flat: Bytes, pairs: Rows, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say for each pair whether its true distance is within the stricter limit of the two images."""
    answers = np.empty(len(pairs), dtype=bool)
    size = max(1, (1 << 22) // flat.shape[1])
    for start in range(0, len(pairs), size):
        left, right = pairs[start : start + size].T
        difference = flat[left].astype(np.float32) - flat[right]
        mean_square = np.square(difference, out=difference).mean(axis=1, dtype=np.float64)
        answers[start : start + size] = np.sqrt(mean_square) <= np.minimum(limits[left], limits[right])
    return answers
