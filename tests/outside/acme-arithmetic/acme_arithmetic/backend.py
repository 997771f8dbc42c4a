"""A calculator that is wrong now and then, at a rate that is set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.contracts import Identity
from harness.records import Ask, Capability, Finish, GenerateAsk, Reply, Usage
from harness.seeds import rng


@dataclass(frozen=True)
class Calculator:
    """Answers sums; wrong in a share ``errors`` of them."""

    errors: float = 0.0
    batch_tokens: int = 4096

    capabilities = frozenset({Capability.GENERATE})

    def identity(self) -> Identity:
        """Name it by its setting."""
        details = {"errors": self.errors}
        return Identity("acme.calculator", "calculator", digest(details), details)

    def length(self, ask: Ask) -> int:
        """Count a word as a token."""
        return len(ask.prompt.split()) if isinstance(ask, GenerateAsk) else 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Add the numbers found in each prompt."""
        return [self._answer(ask) for ask in asks]

    def _answer(self, ask: Ask) -> Reply:
        if not isinstance(ask, GenerateAsk):
            return Reply(Finish.FAILED, error="a calculator only generates")
        total = sum(int(number) for number in re.findall(r"\d+", ask.prompt))
        wrong = rng(0, ask.prompt).random() < self.errors
        return Reply(Finish.STOP, text=str(total + wrong), usage=Usage(self.length(ask), 1))

    def close(self) -> None:
        """Nothing to let go of."""
