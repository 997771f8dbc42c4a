"""What scoring gives, and what gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.backends.causal.tree import Branch

__all__ = ["Scorer", "Scores", "Spelled", "joined"]


@dataclass(frozen=True, slots=True)
class Spelled:
    """Log-probabilities of one continuation's tokens, whether each was the most likely one, and moments if wanted."""

    logprobs: tuple[float, ...]
    greedy: bool
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()


def joined(parts: Sequence[Spelled]) -> Spelled:
    """One continuation of its parts, in order."""
    logprobs, means, deviations = (
        tuple(value for part in parts for value in getattr(part, name)) for name in ("logprobs", "means", "deviations")
    )
    return Spelled(logprobs, all(part.greedy for part in parts), means, deviations)


Scores = list[list[Spelled]]


class Scorer(Protocol):
    """Scores asks given as branches."""

    def score(self, asks: Sequence[Sequence[Branch]], *, moments: bool = False) -> Scores:
        """Score every branch of every ask, in order. A value that is not finite is the caller's to judge.

        Args:
            asks: The branches of each.
            moments: Whether mean and standard deviation of the log-probabilities of all tokens are wanted too.
        """
