"""What scoring gives, and what gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.backends.causal.tree import Branch

__all__ = ["Scorer", "Scores", "Spelled"]


@dataclass(frozen=True, slots=True)
class Spelled:
    """Log-probabilities of one continuation's tokens, and whether each was the most likely one."""

    logprobs: tuple[float, ...]
    greedy: bool


Scores = list[list[Spelled]]


class Scorer(Protocol):
    """Scores asks given as branches."""

    def score(self, asks: Sequence[Sequence[Branch]]) -> Scores:
        """Score every branch of every ask, in order. A value that is not finite is the caller's to judge."""
