"""The numbers that torch's generator gives on a CPU, without torch: marks made by transformers are keyed by them.

Both torch and numpy begin Mersenne Twister (Matsumoto and Nishimura 1998) from the last 32 bits of a seed. numpy has
promised never to change the stream of its `RandomState`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["coins", "head_of_permutation", "in_head", "swaps", "words"]


def words(seed: int, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.uint32]:
    """The first ``count`` numbers of 32 bits after ``torch.Generator().manual_seed(seed)``.

    Args:
        seed: Of it the last 32 bits matter.
        count: How many.
        generator: To be seeded anew, since making one takes longer than a permutation; never shared between threads.
    """
    generator = generator or np.random.RandomState(0)
    generator.seed(seed & 0xFFFFFFFF)
    return generator.randint(0, 2**32, size=count, dtype=np.uint32)


def coins(seed: int, count: int) -> NDArray[np.uint8]:
    """What ``torch.randint(0, 2, (count,))`` gives."""
    return (words(seed, count) & np.uint32(1)).astype(np.uint8)


def swaps(seed: int, total: int, count: int, generator: np.random.RandomState | None = None) -> NDArray[np.uint32]:
    """Place with which each of the first ``count`` places is swapped by ``torch.randperm(total)``, one after another.

    Args:
        seed: As for `words`.
        total: Length of the permutation, below 200 million; torch makes longer ones otherwise.
        count: Places, at most ``total``.
        generator: As for `words`.
    """
    places = np.arange(count, dtype=np.uint32)
    # Nothing is left to choose for the last place, and torch draws nothing.
    drawn = words(seed, min(count, total - 1), generator)
    found = places.copy()
    found[: drawn.size] += drawn % (np.uint32(total) - places[: drawn.size])
    return found


def head_of_permutation(seed: int, total: int, count: int) -> NDArray[np.int64]:
    """The first ``count`` entries of ``torch.randperm(total)``: the work is that of ``count`` swaps."""
    moved: dict[int, int] = {}
    head = np.empty(count, np.int64)
    for place, other in enumerate(swaps(seed, total, count).tolist()):
        head[place] = moved.get(other, other)
        moved[other] = moved.get(place, place)
    return head


def in_head(entry: int, swapped: NDArray[np.uint32]) -> bool:
    """Whether an entry is among the first ones of a permutation, which is not made for that.

    Args:
        entry: From 0 to total - 1.
        swapped: As `swaps` gives them, one for each of those first places.
    """
    # The entry stands at its own place until a place before it takes it, or it makes room for another and moves on.
    start, place = 0, entry
    while not (swapped[start : place + 1] == place).any():
        if place >= swapped.size:
            return False
        start, place = place + 1, int(swapped[place])
    return True
