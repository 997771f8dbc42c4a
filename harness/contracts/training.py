"""What a backend may tell of how its model was trained: for readers of the report, and as files of the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pydantic import TypeAdapter

from harness.canonical import dumps
from harness.contracts import Backend, Identity
from harness.records.asks import LATER

__all__ = ["HOW_TRAINED", "DocumentedBackend", "Training", "training_of"]

HOW_TRAINED = "training"
"""The entry of `Identity.details` under which a backend tells it."""


@dataclass(frozen=True, slots=True)
class Training:
    """How a model was trained. Nothing in it names a folder of the machine it was trained on.

    Attributes:
        what: Kind of model, as a noun phrase without article: "variational autoencoder".
        weights: Trained numbers.
        data: Name of its training data.
        records: Loaded, planted canaries included, on all sides of the split.
        members: Trained on.
        nonmembers: Held out of the training, for audits.
        validation: Used to validate alone.
        removed: Left out of the training: duplicates, and what preparing the data took away.
        canaries: Planted, on either side.
        classes: Names of the classes, in the order of their labels; may be empty.
        steps: Rounds of training.
        stopped: Why it ended, as a clause: "it ran to its end".
        claim: What may be claimed of its privacy, whole, a sentence each; the first says whether anything is.
        references: Models of the same recipe with other members, whose losses are told beside its own.
        missing: Why its training data could not be read for the audit; empty where they could.
        prepared: What was done to the members' records before training, a sentence each.
    """

    what: str
    weights: int
    data: str
    records: int
    members: int
    nonmembers: int
    validation: int
    removed: int
    canaries: int
    classes: tuple[str, ...]
    steps: int
    stopped: str
    claim: tuple[str, ...]
    references: int
    missing: str
    prepared: tuple[str, ...] = field(default=(), metadata=LATER)

    def __post_init__(self) -> None:
        if not self.claim:
            raise ValueError("a training has a claim of privacy, or says that it has none")


def training_of(identity: Identity) -> Training | None:
    """Read what ``identity`` tells of the training; None where it tells nothing, or something else by that name."""
    try:
        # Strictly and from JSON, as it lies in the evidence: a stranger's backend may use the name for anything.
        return TypeAdapter(Training).validate_json(dumps(identity.details.get(HOW_TRAINED)), strict=True)
    except (ValueError, TypeError):
        return None


@runtime_checkable
class DocumentedBackend(Backend, Protocol):
    """A backend that can show how its model was trained: it hands out files, which become part of a run's evidence."""

    def documents(self) -> Mapping[str, bytes]:
        """Files by name: ``manifest.json``, ``ledger.json``, ``samples.png`` and ``samples/<step>.png``, none needed.

        `harness.evidence.training` says how large each may be; what it does not take is left out, and said so. The
        manifest is a JSON object: its ``files`` gives the SHA-256 of the others, and of the model's own, in
        hexadecimal; where the identity's details have ``files`` too, the two agree. It names no folder. Nothing here
        enters the identity, and no number depends on it.

        Raises:
            ModelError: they cannot be read.
        """
