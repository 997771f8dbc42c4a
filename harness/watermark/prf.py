"""The numbers that a key gives to tokens: one hash each, the same on every device.

A state is 64 bits. Under it token t has the number at place t of SplitMix64's stream from that state (Steele, Lea and
Flood 2014, OOPSLA), and that number is the state for the token after it. So a window of tokens is hashed one by one,
and any single number costs one hash, however large the vocabulary. It is arithmetic of 64-bit integers alone, whose
overflow is defined: `harness.watermark.prf_torch` gives the same numbers wherever torch runs.

It mixes well and fast, but it is no cipher: whoever collects much marked text and is determined may learn the key.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.seeds import derive

__all__ = [
    "AT_ONCE",
    "BITS",
    "below",
    "fractions",
    "hashed",
    "least",
    "mixed",
    "repeated",
    "since",
    "states",
    "threshold",
    "windows",
]

BITS = 52
"""Leading bits of a number that make its fraction: a half more than such an integer is exact in double precision."""

AT_ONCE = 2**20
"""Numbers held in memory at once, where many keys are tried."""

# SplitMix64: the step of its stream, and the two multipliers that mix a place into a number.
STEP, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

Numbers = NDArray[np.uint64]
Tokens = NDArray[np.int64]


def states(keys: Sequence[str], purpose: str) -> Numbers:
    """A state for each key ``[keys]``; those for two purposes have nothing to do with each other."""
    return np.array([derive(0, f"{purpose}/{key}") for key in keys], np.uint64)


def mixed(places: Numbers) -> Numbers:
    """Mix places of a stream into numbers; the array given is overwritten. No two places share a number."""
    places ^= places >> np.uint64(30)
    places *= np.uint64(FIRST)
    places ^= places >> np.uint64(27)
    places *= np.uint64(SECOND)
    places ^= places >> np.uint64(31)
    return places


def hashed(state: Numbers, tokens: Tokens) -> Numbers:
    """The number of each token under each state; shapes are broadcast."""
    steps = tokens.astype(np.uint64)
    steps += np.uint64(1)
    steps *= np.uint64(STEP)
    return mixed(state + steps)


def windows(state: Numbers, tokens: Tokens, *, width: int) -> Numbers:
    """The number of each window of ``width`` neighbouring tokens, ``[rows, tokens - width + 1]``.

    Args:
        state: One for each row ``[rows]``, or one for all ``[1]``.
        tokens: A text in each row, or one text for all states, ``[rows or 1, tokens]``.
        width: At least 1; a text with fewer tokens has no window.
    """
    count = max(tokens.shape[1] - width + 1, 0)
    numbers = state[:, None]
    for start in range(width):
        numbers = hashed(numbers, tokens[:, start : start + count])
    return numbers


def least(numbers: Numbers, axis: int) -> Numbers:
    """The smallest along an axis, compared as signed numbers: the only ones that torch can compare everywhere."""
    smallest: Numbers = numbers.view(np.int64).min(axis=axis).view(np.uint64)
    return smallest


def threshold(share: float) -> int:
    """How many of the ``2**BITS`` fractions lie below ``share``: those that `below` lets pass."""
    return round(share * (1 << BITS))


def below(numbers: Numbers, share: float) -> NDArray[np.bool_]:
    """Which numbers belong to the ``share`` of all numbers that is smallest."""
    return numbers < np.uint64(threshold(share) << (64 - BITS))


def fractions(numbers: Numbers) -> NDArray[np.float64]:
    """Numbers as fractions, uniform strictly between 0 and 1: the middle of each of ``2**BITS`` cells."""
    return ((numbers >> np.uint64(64 - BITS)).astype(np.float64) + 0.5) * 2.0**-BITS


def repeated(numbers: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Each row sorted, and which of its entries are repeats of the one before; shapes ``[rows, units]``."""
    rows = np.sort(numbers, axis=1)
    again = np.zeros(rows.shape, np.bool_)
    np.equal(rows[:, 1:], rows[:, :-1], out=again[:, 1:])
    return rows, again


def since(numbers: Numbers) -> NDArray[np.int64]:
    """How many places ago the same number stood in its row, 0 where it never did, ``[rows, units]``."""
    order = np.argsort(numbers, axis=1, kind="stable")
    rows = np.take_along_axis(numbers, order, axis=1)
    steps = np.where(rows[:, 1:] == rows[:, :-1], order[:, 1:] - order[:, :-1], 0)
    ago = np.zeros(numbers.shape, np.int64)
    np.put_along_axis(ago, order[:, 1:], steps, axis=1)
    return ago
