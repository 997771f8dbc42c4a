"""The backend of mitigations that work on asks and replies: it fits any other, and asks nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from harness.canonical import digest
from harness.contracts import Backend, Identity
from harness.contracts.mitigations import MitigationCard, Steps
from harness.records import Ask, Capability, Reply, Value

__all__ = ["MITIGATIONS", "Layer", "Retouching", "Rewriting"]

MITIGATIONS = "mitigations"
"""The entry of `Identity.details` that lists the layers, innermost first."""


class Rewriting(Protocol):
    """A mitigation that answers an ask through others."""

    @property
    def card(self) -> MitigationCard:
        """What it is."""

    def details(self) -> Mapping[str, Value]:
        """Everything that could change a reply: wordings, examples, thresholds; JSON values."""

    def steps(self, ask: Ask) -> Steps:
        """Answer ``ask`` through others; an ask that it has no business with is passed on as it is."""


@runtime_checkable
class Retouching(Rewriting, Protocol):
    """One that changes pictures too."""

    def retouch(self, ask: Ask, reply: Reply, media: Mapping[str, bytes]) -> tuple[Reply, Mapping[str, bytes]]:
        """As `harness.contracts.mitigations.RetouchingBackend.retouch`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """``inner`` with ``by`` over it.

    Attributes:
        inner: Any backend.
        by: What asks it.
    """

    inner: Backend
    by: Rewriting

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Those of the backend beneath."""
        return self.inner.capabilities

    def identity(self) -> Identity:
        """The model beneath, and the layer over it."""
        its = self.inner.identity()
        card = self.by.card
        layer: Value = {"name": card.id, "version": card.version, "details": dict(self.by.details())}
        below = its.details.get(MITIGATIONS)
        layers: Value = [*(below if isinstance(below, list) else []), layer]
        name = f"{its.name} + {card.id}"
        return Identity(its.backend, name, digest([str(its.digest), layer]), {**its.details, MITIGATIONS: layers})

    def steps(self, ask: Ask) -> Steps:
        """Answer ``ask`` through others."""
        return self.by.steps(ask)

    def retouch(self, ask: Ask, reply: Reply, media: Mapping[str, bytes]) -> tuple[Reply, Mapping[str, bytes]]:
        """Let the mitigation change pictures, where it is one that does."""
        return self.by.retouch(ask, reply, media) if isinstance(self.by, Retouching) else (reply, media)

    def close(self) -> None:
        """Close the backend beneath."""
        self.inner.close()
