"""Work in parts that fit in memory: where a device runs out of it, the part is halved and tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.records import Finish, Reply

__all__ = ["Parts"]

A = TypeVar("A")


@dataclass(slots=True)
class Parts:
    """How much is worked on at once.

    Attributes:
        size: Most asks of one part. Halved whenever a part did not fit, and left so: the next would not fit either.
    """

    size: int

    def answer(self, asks: Sequence[A], work: Callable[[Sequence[A]], Sequence[Reply]]) -> list[Reply]:
        """Answer ``asks`` part by part, in order.

        A reply's ``retries`` say how often its ask was part of work that ran out of memory. An ask that does not fit
        even alone is FAILED.
        """
        import torch

        replies: list[Reply] = []
        retries = [0] * len(asks)
        while len(replies) < len(asks):
            start = len(replies)
            part = asks[start : start + self.size]
            try:
                done = list(work(part))
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                if len(part) == 1:
                    done = [Reply(Finish.FAILED, error="the device has not enough memory for this one ask alone")]
                else:
                    self.size = len(part) // 2
                    for place in range(start, start + len(part)):
                        retries[place] += 1
                    continue
            replies += [replace(reply, retries=retries[start + place]) for place, reply in enumerate(done)]
        return replies
