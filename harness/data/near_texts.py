"""Texts that share most of their word 5-grams, found by MinHash and verified by true Jaccard similarity."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log
from typing import Any

from harness.errors import MissingExtraError

__all__ = ["BANDS", "ROWS", "THRESHOLD", "SimilarTexts", "banded", "jaccard", "lsh_curve", "shingles"]

WORDS = 5
THRESHOLD = 0.8
BANDS, ROWS = 20, 5
"""Bands of so many hashes each: at the threshold, a pair is looked at with probability 0.99964."""
MOST_HASHES = 200

Shingles = frozenset[bytes]


def shingles(words: Sequence[str]) -> Shingles:
    """Return every run of 5 words; of fewer words, their only run."""
    runs = range(max(1, len(words) - WORDS + 1))
    return frozenset(" ".join(words[start : start + WORDS]).encode("utf-8", "surrogatepass") for start in runs)


def jaccard(left: Shingles, right: Shingles) -> float:
    """Share of all runs that both have; both hold at least one."""
    common = len(left & right)
    return common / (len(left) + len(right) - common)


def lsh_curve(similarity: float, *, rows: int = ROWS, bands: int = BANDS) -> float:
    """Probability that two texts of that Jaccard similarity agree in all hashes of at least one band."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def banded(threshold: float) -> tuple[int, int]:
    """Return bands and hashes in each by which a pair of that similarity is looked at as often as one of 0.8 is.

    Args:
        threshold: Below 1.

    Raises:
        ValueError: it is so low that it would take more than `MOST_HASHES`.
    """
    missed = 1.0 - lsh_curve(THRESHOLD)
    for rows in range(ROWS, 0, -1):
        # A little less than the ratio, so that rounding does not make one band more of a whole number.
        bands = ceil(log(missed) / log(1.0 - threshold**rows) - 1e-9)
        if bands * rows <= MOST_HASHES:
            return bands, rows
    raise ValueError(f"a similarity of {threshold} would take more than {MOST_HASHES} hashes")


class SimilarTexts:
    """Texts seen so far, and the first of them that another is similar to.

    Args:
        threshold: True Jaccard similarity above which two texts are similar; `banded` says how low it may be.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        try:
            from datasketch import MinHash, MinHashLSH
        except ImportError as error:
            raise MissingExtraError("Finding near duplicates of text", "datasketch", "train") from error
        bands, rows = banded(threshold)
        self._threshold = threshold
        self._empty: Any = MinHash(num_perm=bands * rows)
        self._index: Any = MinHashLSH(num_perm=bands * rows, params=(bands, rows))
        self._shingles: dict[int, Shingles] = {}
        self._last: tuple[Sequence[str], Shingles, Any] | None = None

    def find(self, words: Sequence[str]) -> int | None:
        """Return the earliest row added with Jaccard similarity above the threshold; None where there is none."""
        runs, sketch = self._sketched(words)
        near = (row for row in self._index.query(sketch) if jaccard(runs, self._shingles[row]) > self._threshold)
        return min(near, default=None)

    def add(self, row: int, words: Sequence[str]) -> None:
        """Remember a text by its row."""
        runs, sketch = self._sketched(words)
        self._index.insert(row, sketch)
        self._shingles[row] = runs

    def _sketched(self, words: Sequence[str]) -> tuple[Shingles, Any]:
        # A text is first looked for and then added: its sketch, which is the cost, is made once.
        if self._last is None or self._last[0] is not words:
            runs = shingles(words)
            sketch = self._empty.copy()
            sketch.update_batch(runs)
            self._last = (words, runs, sketch)
        return self._last[1], self._last[2]
