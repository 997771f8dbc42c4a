"""Which passages of a corpus does a text copy, where do they stand, and how often? Exactly, by a suffix array.

Texts are compared token by token: a word or a mark as it is written, white space aside. In scripts that put no space
between words, each character is a token. No run goes from one document into the next.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.canonical import dumps, from_json, loads
from harness.errors import DataError

__all__ = ["RUN", "Corpus", "Place", "Run", "Sort", "Sought", "covered", "gathered", "token_spans"]

RUN = 50
"""Tokens on end that make a copy, as arXiv:2012.07805 counts a hit (section 4)."""
FOUND = 5
"""Places of a run that are told, at most."""
REACH = 512
"""Bytes that are compared at first; longer copies are followed from there."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana and ideographs."""
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]")
SPACE, BORDER = b" ", b"\n"
"""What stands behind every token, and behind every document. Both are white space, so neither is in a token."""

Sort = Callable[[NDArray[np.uint8]], NDArray[np.signedinteger]]
"""Bytes ``[n]`` → where their suffixes begin ``[n]``, in the order of the suffixes: ``pydivsufsort.divsufsort``."""


class Place(NamedTuple):
    """Where a run stands in a corpus.

    Attributes:
        file: Name of the file.
        document: Number of the document among all of the corpus, from 0.
        offset: Number of its first token in the document, from 0.
    """

    file: str
    document: int
    offset: int


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens of a text that stand in a corpus one behind the other, and no longer do with one more on either side.

    Attributes:
        start: Number of the first token in the text, from 0.
        length: How many.
        count: How often they stand in the corpus.
        places: The first of these places, at most `FOUND`.
    """

    start: int
    length: int
    count: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """In what a text is searched for, as the context of a reading has it.

    Attributes:
        corpus: Name of the data set.
        digest: Of its content.
        at_least: Tokens on end that make a copy.
    """

    corpus: str
    digest: str
    at_least: int = RUN

    def context(self) -> str:
        """Write it down as a reading's context."""
        return dumps(self).decode("utf-8")

    @classmethod
    def of(cls, context: str | None) -> Sought:
        """Read a reading's context.

        Raises:
            ValueError: it says something else.
        """
        found: Sought = from_json(cls, loads(context or "null"))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Documents, laid out to be searched.

    Attributes:
        text: UTF-8 of all tokens, each with `SPACE` behind it and each document with `BORDER`, ``[bytes]``.
        suffixes: Where tokens begin, in the order of what stands from there on, ``[tokens]``.
        starts: Where documents begin in ``text``, rising, ``[documents]``.
        owners: Number of the file that each document is of, ``[documents]``.
        files: Names of the files.
        source: Digest of what it was made of, as its maker names it.
    """

    text: NDArray[np.uint8]
    suffixes: NDArray[np.signedinteger]
    starts: NDArray[np.int64]
    owners: NDArray[np.int64]
    files: tuple[str, ...]
    source: str

    def matches(self, text: str) -> list[int]:
        """For each token of ``text``: how many from it on stand verbatim, one behind the other, in the corpus."""
        query = _laid_out(text)
        return [self._longest(query, start) for start in _token_starts(query)]

    def runs(self, text: str, *, at_least: int = RUN, matches: Sequence[int] | None = None) -> list[Run]:
        """Find all copies in ``text`` that are not part of a longer one, the longest first; they may overlap.

        Args:
            text: Any, lone surrogates included.
            at_least: Fewest tokens of a copy, at least 1.
            matches: What `matches` gave for ``text``, where that is known already.

        Raises:
            ValueError: ``at_least`` is below 1.
        """
        if at_least < 1:
            raise ValueError("a run has at least one token")
        query = _laid_out(text)
        lengths = self.matches(text) if matches is None else matches
        edges = [*_token_starts(query), len(query)]
        found = [
            self._run(query[edges[token] : edges[token + length]], token, length)
            for token, length in enumerate(lengths)
            # The token before may begin a copy that goes as far.
            if length >= at_least and (token == 0 or lengths[token - 1] <= length)
        ]
        return sorted(found, key=lambda run: (-run.length, run.start))

    def found(self, wanted: bytes, within: range | None = None) -> range:
        """Where in ``suffixes`` those stand that begin with ``wanted``, as `text` has it; empty where none does.

        Args:
            wanted: Laid out as the text is: each token with `SPACE` behind it.
            within: Part of ``suffixes`` that is known to hold them; None for all.
        """
        order, key = self.suffixes.data, self._reader(len(wanted))
        part = range(len(order)) if within is None else within
        low = bisect_left(order, wanted, part.start, part.stop, key=key)
        return range(low, bisect_right(order, wanted, low, part.stop, key=key))

    def _longest(self, query: bytes, start: int) -> int:
        """Count the tokens of ``query`` from the byte ``start`` on that stand in the corpus."""
        order, reach = self.suffixes.data, REACH
        while True:
            wanted = query[start : start + reach]
            key = self._reader(len(wanted))
            place = bisect_left(order, wanted, key=key)
            # What has most in common with it stands beside it in the order of suffixes.
            shared = max(_shared(wanted, key(order[at])) for at in (place - 1, place) if 0 <= at < len(order))
            if shared < reach or start + reach >= len(query):
                return wanted[:shared].count(SPACE)
            reach *= 4

    def _run(self, wanted: bytes, start: int, length: int) -> Run:
        found = self.found(wanted)
        first = np.sort(self.suffixes[found.start : found.stop])[:FOUND]
        return Run(start, length, len(found), tuple(self._place(int(at)) for at in first))

    def _place(self, at: int) -> Place:
        document = int(np.searchsorted(self.starts, at, side="right")) - 1
        begin = int(self.starts[document])
        before = self._reader(at - begin)(begin)
        return Place(self.files[int(self.owners[document])], document, before.count(SPACE))

    def _reader(self, size: int) -> Callable[[int], bytes]:
        """Return what reads ``size`` bytes of the text from a place on: a view, since numpy's slices cost twice."""
        view = self.text.data
        return lambda at: view[at : at + size].tobytes()


def gathered(documents: Iterable[tuple[str, str]], sort: Sort, *, source: str = "") -> Corpus:
    """Lay out a corpus; memory while it is sorted: about eight times the text.

    Args:
        documents: File and text of each; a document without a token is kept as a number.
        sort: Sorts suffixes.
        source: Digest of what they were read from.

    Raises:
        DataError: there is no token in all of them.
    """
    whole, starts, owners = bytearray(), [], []
    files: dict[str, int] = {}
    for file, text in documents:
        starts.append(len(whole))
        owners.append(files.setdefault(file, len(files)))
        whole += _laid_out(text) + BORDER
    array = np.frombuffer(whole, np.uint8)
    begins = np.append(True, (array[:-1] == SPACE[0]) | (array[:-1] == BORDER[0])) & (array != BORDER[0])
    if not begins.any():
        raise DataError(f"A corpus of {len(starts)} documents has no word in it. Name a file with text.")
    order = sort(array)
    kept = order[begins[order]]
    return Corpus(
        text=array,
        # Numbers that come from a C library keep its spelling of their type, through which no view can read.
        suffixes=kept.astype(kept.dtype.newbyteorder("=")),
        starts=np.array(starts, np.int64),
        owners=np.array(owners, np.int64),
        files=tuple(files),
        source=source,
    )


def covered(runs: Sequence[Run]) -> int:
    """Count the tokens that are in at least one of ``runs``."""
    return len({token for run in runs for token in range(run.start, run.start + run.length)})


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return where each token of ``text`` stands, in characters, the end excluded."""
    return [match.span() for match in TOKEN.finditer(text)]


def _laid_out(text: str) -> bytes:
    """UTF-8 of the tokens, each with `SPACE` behind it; halves of characters, which have none, by their number."""
    return "".join(f"{token} " for token in TOKEN.findall(text)).encode("utf-8", "surrogatepass")


def _shared(one: bytes, other: bytes) -> int:
    """Count the bytes that both begin with."""
    size = min(len(one), len(other))
    differing = int.from_bytes(one[:size], "big") ^ int.from_bytes(other[:size], "big")
    return size - (differing.bit_length() + 7) // 8


def _token_starts(query: bytes) -> list[int]:
    spaces = [at for at, byte in enumerate(query) if byte == SPACE[0]]
    return [0, *(at + 1 for at in spaces[:-1])] if spaces else []
