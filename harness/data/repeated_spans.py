"""Long runs of tokens that stand in the data twice, found by suffix array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.errors import MissingExtraError

__all__ = ["SPAN", "SeenSpans", "Span", "repeated_spans"]

SPAN = 50
"""Tokens on end that make a repetition, as in arXiv:2107.06499."""


class Span(NamedTuple):
    """Tokens of one stream that stood in the data before.

    Attributes:
        stream: Which stream.
        start: First token.
        stop: One after the last token.
        source: Stream in which the first of them stand for the first time.
    """

    stream: int
    start: int
    stop: int
    source: int


def repeated_spans(streams: Sequence[NDArray[np.integer]], *, at_least: int = SPAN) -> list[Span]:
    """Find all tokens that belong to a run of ``at_least`` equal to an earlier run.

    Deleting what is found leaves every such run in the data once. Runs never cross from one stream to the next.

    Args:
        streams: Token numbers, at least 0, one array for each document.
        at_least: Shortest run, in tokens.

    Returns:
        Spans by stream and start, of at least that length, without overlap within a stream.

    Raises:
        MissingExtraError: pydivsufsort is not installed.
    """
    whole, owner, starts = _joined(streams)
    origin = _origins(whole, at_least)
    found = origin >= 0
    # Where a stream ends, its closing token, which is never found, parts the spans.
    edges = np.flatnonzero(np.diff(found, prepend=False, append=False))
    return [
        Span(
            stream=int(owner[start]),
            start=int(start - starts[owner[start]]),
            stop=int(stop - starts[owner[start]]),
            source=int(owner[origin[start]]),
        )
        for start, stop in edges.reshape(-1, 2)
    ]


class SeenSpans:
    """Long runs of words in the rows kept so far, and which later rows hold a part of one.

    Runs are followed from one passage of a document to the next, as long as all of them are kept.

    Args:
        rows: Words of each passage.
        units: Document of each passage; the passages of one document follow each other.
        at_least: Shortest run, in words.

    Raises:
        MissingExtraError: pydivsufsort is not installed.
    """

    def __init__(self, rows: Sequence[Sequence[str]], units: Sequence[str], *, at_least: int = SPAN) -> None:
        numbers: dict[str, int] = {}
        documents: dict[str, list[int]] = {}
        for words, unit in zip(rows, units, strict=True):
            documents.setdefault(unit, []).extend(numbers.setdefault(word, len(numbers)) for word in words)
        whole, _, _ = _joined([np.array(tokens, dtype=np.int64) for tokens in documents.values()])
        sizes = np.array([len(words) for words in rows], dtype=np.int64)
        place = {unit: number for number, unit in enumerate(documents)}
        # Before a row stand all earlier rows, and a closing token for each earlier document.
        self._starts = np.cumsum(sizes) - sizes + np.array([place[unit] for unit in units], dtype=np.int64)
        self._stops = self._starts + sizes
        self._units = units
        self._length = at_least
        self._first = _first_windows(whole, at_least)
        self._repeated = np.flatnonzero(np.bincount(self._first, minlength=len(whole))[self._first] > 1)
        self._kept: dict[int, tuple[int, int]] = {}
        self._last, self._run = -1, 0

    def _windows(self, start: int, stop: int) -> list[int]:
        """Return the windows that begin in that range and stand in the data more than once."""
        low, high = np.searchsorted(self._repeated, (start, stop))
        return [int(window) for window in self._repeated[low:high]]

    def find(self, row: int) -> int | None:
        """Return the kept row where a run begins that words of ``row`` are part of; None where they are new.

        A row that repeats itself is new.
        """
        for window in self._windows(int(self._starts[row]) - self._length + 1, int(self._stops[row])):
            earlier, owner = self._kept.get(int(self._first[window]), (window, row))
            if earlier <= window - self._length:
                return owner
        return None

    def add(self, row: int) -> None:
        """Keep a row; rows come in order."""
        start, stop = int(self._starts[row]), int(self._stops[row])
        follows = self._last >= 0 and row == self._last + 1 and self._units[row] == self._units[self._last]
        self._last, self._run = row, self._run if follows else start
        # The runs that are whole with this row: they end in it and begin in rows that are kept too.
        for window in self._windows(max(self._run, start - self._length + 1), stop - self._length + 1):
            self._kept.setdefault(int(self._first[window]), (window, self._owner(window)))

    def _owner(self, place: int) -> int:
        """Return the row that the word at ``place`` is in."""
        return int(np.searchsorted(self._stops, place, side="right"))


def _joined(
    streams: Sequence[NDArray[np.integer]],
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Put streams end to end, each closed by a token of its own, so that no run can cross.

    Returns:
        All tokens; the stream of each; where each stream starts.
    """
    lengths = np.array([len(stream) + 1 for stream in streams], dtype=np.int64)
    highest = max((int(stream.max(initial=0)) for stream in streams), default=0)
    parts = [np.append(stream, highest + 1 + place) for place, stream in enumerate(streams)]
    whole = np.concatenate(parts).astype(np.uint32) if parts else np.zeros(0, np.uint32)
    return whole, np.repeat(np.arange(len(streams)), lengths), np.cumsum(lengths) - lengths


def _origins(whole: NDArray[np.uint32], length: int) -> NDArray[np.int64]:
    """Return for each token the place of the earlier one that it repeats as part of a run; -1 where it is new."""
    places = np.arange(len(whole), dtype=np.int64)
    first = _first_windows(whole, length)
    # A window that overlaps its own first appearance is part of it: one long row of equal tokens is no repetition.
    begins = first <= places - length
    latest = np.maximum.accumulate(np.where(begins, places, -length))
    return np.where(places - latest < length, first[np.maximum(latest, 0)] + places - latest, -1)


def _first_windows(whole: NDArray[np.uint32], length: int) -> NDArray[np.int64]:
    """Return for each place where the ``length`` tokens that start there stand for the first time."""
    if len(whole) < 2 * length:
        return np.arange(len(whole), dtype=np.int64)
    try:
        from pydivsufsort import divsufsort, kasai
    except ImportError as error:
        raise MissingExtraError("Finding repeated passages", "pydivsufsort", "train") from error
    order = divsufsort(whole)
    common = kasai(whole, order)
    # Neighbours in the order of suffixes with so much in common begin with one window: such runs are one class.
    fresh = np.append(True, common[: len(order) - 1] < length)
    earliest = np.minimum.reduceat(order, np.flatnonzero(fresh))
    first = np.empty(len(whole), dtype=np.int64)
    first[order] = earliest[np.cumsum(fresh) - 1]
    return first
