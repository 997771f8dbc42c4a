"""A calculator that is wrong now and then, at a rate that is set."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import digest
from harness.contracts import Identity
from harness.records import Ask, Capability, Finish, GenerateAsk, Reply, Usage
from harness.seeds import rng


@dataclass(frozen=True)
class Calculator:
    """Answers sums; wrong in a share ``errors`` of them.

    It takes ``delay_s`` seconds for each, and notes every prompt it was given in the file ``log``.
    """

    errors: float = 0.0
    batch_tokens: int = 4096
    log: str = ""
    delay_s: float = 0.0

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
        time.sleep(self.delay_s * len(asks))
        if self.log:
            with Path(self.log).open("a", encoding="utf-8") as file:
                file.writelines(f"{digest(ask)}\n" for ask in asks)
        return [self._answer(ask) for ask in asks]

    def _answer(self, ask: Ask) -> Reply:
        if not isinstance(ask, GenerateAsk):
            return Reply(Finish.FAILED, error="a calculator only generates")
        total = sum(int(number) for number in re.findall(r"\d+", ask.prompt))
        wrong = rng(0, ask.prompt).random() < self.errors
        return Reply(Finish.STOP, text=str(total + wrong), usage=Usage(self.length(ask), 1))

    def close(self) -> None:
        """Nothing to let go of."""
