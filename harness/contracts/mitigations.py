"""What a mitigation must be: it changes a backend, and says what that costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.contracts import Backend

__all__ = ["Mitigation", "MitigationCard"]


@dataclass(frozen=True, slots=True)
class MitigationCard:
    """What a mitigation changes and what it costs.

    Attributes:
        id: Plugin name.
        title: Human name.
        kind: prompt, decoding, data or training.
        cost: In words: extra tokens, calls, training time.
        limits: What it does not do.
    """

    id: str
    title: str
    kind: str
    cost: str
    limits: tuple[str, ...] = field(default=())


@runtime_checkable
class Mitigation(Protocol):
    """Turns a backend into a mitigated one, so that with and without differ in one field of the plan."""

    @property
    def card(self) -> MitigationCard:
        """What it is."""

    def apply(self, target: Backend, work: Path) -> Backend:
        """Wrap ``target``; files it makes go under ``work``."""
