"""Which records a step sees, and those records as tensors on the device.

Without privacy a batch is a function of its number alone. With privacy its randomness is the operating system's:
who can guess the batches can undo the privacy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from harness.models.generator import Rows
from harness.seeds import derive

__all__ = ["Batches", "Feed", "Poisson", "Shuffled"]

RESIDENT_SHARE = 0.1  # records live on the device where they take at most this share of its free memory


class Batches(Protocol):
    """Draws places of records, in ``[0, n)``."""

    def draw(self, number: int) -> NDArray[np.int64]:
        """Places of the records in batch ``number``, from 0."""


class Shuffled:
    """Batches of one size, cut from an endless row of epochs, each in an order of its own; no record is left out.

    Args:
        n: Records.
        batch: Records in a batch; may exceed ``n``.
        seed: Of all the orders.
    """

    def __init__(self, n: int, batch: int, *, seed: int) -> None:
        self._n, self._batch, self._seed = n, batch, seed
        self._orders: dict[int, NDArray[np.int64]] = {}

    def draw(self, number: int) -> NDArray[np.int64]:
        """Batch ``number``: the same whenever it is asked for."""
        first, past = number * self._batch, (number + 1) * self._batch
        epochs = range(first // self._n, (past - 1) // self._n + 1)
        # An order is drawn once and forgotten when its epoch is over: drawing it costs as much as a small step.
        self._orders = {epoch: self._orders[epoch] if epoch in self._orders else self._order(epoch) for epoch in epochs}
        start = first - epochs[0] * self._n
        return np.concatenate([self._orders[epoch] for epoch in epochs])[start : start + self._batch]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng(derive(self._seed, f"epoch/{epoch}")).permutation(self._n)


class Poisson:
    """Batches that hold each record with one probability, independently; some are empty.

    It is what the accounting of DP-SGD assumes; shuffled batches of one size leak more than it says
    (Chua et al. 2024, arXiv:2403.17673).

    Args:
        n: Records.
        rate: Probability of each, in (0, 1].
    """

    def __init__(self, n: int, rate: float) -> None:
        self._n, self._rate = n, rate
        self._random = np.random.default_rng()  # seeded by the operating system; the seed is never seen

    def draw(self, number: int) -> NDArray[np.int64]:
        """A fresh batch; ``number`` has no effect."""
        del number
        return np.flatnonzero(self._random.random(self._n) < self._rate)


class Feed:
    """Records as tensors, handed out by place.

    Args:
        rows: All distinct records.
        places: Row of each place: a record that is trained on k times has k places.
        device: Where they are needed.
    """

    def __init__(self, rows: Rows, places: NDArray[np.int64], device: torch.device) -> None:
        self._device = device
        fits = device.type != "cuda" or _bytes(rows) <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]
        self._rows = {name: column.to(device) for name, column in rows.items()} if fits else dict(rows)
        self._places = torch.from_numpy(np.ascontiguousarray(places))
        self._home = device if fits else torch.device("cpu")

    def __len__(self) -> int:
        return len(self._places)

    def pick(self, numbers: NDArray[np.int64]) -> Rows:
        """The records at these places, on the device."""
        at = self._places[torch.from_numpy(numbers)].to(self._home)
        return {name: column[at].to(self._device) for name, column in self._rows.items()}

    def pieces(self, start: int, stop: int, size: int) -> Iterator[Rows]:
        """The records at places ``start`` to ``stop``, in order, at most ``size`` at a time."""
        for first in range(start, stop, size):
            yield self.pick(np.arange(first, min(first + size, stop)))


def _bytes(rows: Rows) -> int:
    return sum(column.numel() * column.element_size() for column in rows.values())
