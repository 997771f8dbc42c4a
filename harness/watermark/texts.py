"""Texts as token ids: checked, and put side by side so that many are looked at in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Block", "blocks", "checked"]

AT_ONCE = 2**16
"""Tokens of a block: few enough for a processor's cache, enough that each call of numpy pays."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some texts of similar length.

    Attributes:
        places: Where each stood among the texts given.
        ids: Token ids, int64 ``[texts, longest]``; what follows a shorter text's end is 0 and means nothing.
        lengths: Tokens of each text, ``[texts]``.
    """

    places: Sequence[int]
    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]


def checked(ids: ArrayLike, *, vocabulary: int | None = None) -> NDArray[np.int64]:
    """Token ids of one text as int64 ``[tokens]``.

    Args:
        ids: Without the prompt; an empty text is allowed.
        vocabulary: Number of tokens there are; None where the scheme need not know.

    Raises:
        ValueError: they are not whole numbers in one row, or one is no token's id.
    """
    given = np.asarray(ids)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ValueError(f"token ids are whole numbers in one row, not {given.dtype} of shape {list(given.shape)}")
    if given.size:
        low, high = int(given.min()), int(given.max())
        most = 2**62 if vocabulary is None else vocabulary - 1
        if low < 0 or high > most:
            raise ValueError(
                f"token ids lie between 0 and {most}, and this text has {low if low < 0 else high}:"
                " it was cut by another tokenizer, or padded"
            )
    return given.astype(np.int64)


def blocks(texts: Sequence[ArrayLike], *, vocabulary: int | None = None) -> Iterator[Block]:
    """Put texts of similar length together.

    Raises:
        ValueError: as `checked`.
    """
    rows = [checked(text, vocabulary=vocabulary) for text in texts]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * len(rows[order[end]]) <= AT_ONCE:
            end += 1
        yield _block(rows, order[start:end])
        start = end


def _block(rows: Sequence[NDArray[np.int64]], places: Sequence[int]) -> Block:
    lengths = np.array([len(rows[place]) for place in places])
    ids = np.zeros((len(places), int(lengths[-1])), np.int64)
    for row, place in enumerate(places):
        ids[row, : lengths[row]] = rows[place]
    return Block(places, ids, lengths)
