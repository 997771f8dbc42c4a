"""Why a probe does not fit a model, in words."""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import Backend, TrainedBackend
from harness.contracts.mitigations import beneath
from harness.errors import UsageError
from harness.records import Capability, Cell, CellStatus

__all__ = ["abilities", "able", "not_applicable", "without_training_data"]


def not_applicable(cell: Cell, reason: str) -> Cell:
    """Return ``cell`` as one that cannot be run, and why."""
    return replace(cell, status=CellStatus.NOT_APPLICABLE, reason=reason, capability=None)


def able(capability: Capability) -> str:
    """Say what a model with ``capability`` can do."""
    words = {
        Capability.TEXT_TO_IMAGE: "draw from a prompt",
        Capability.LOSS: "tell the loss of a record",
        Capability.TRAINING_DATA: "tell its training data",
        Capability.MARK_TEXT: "put a watermark into its text",
    }
    return words.get(capability, capability.value)


def abilities(backend: Backend) -> str:
    """List what ``backend`` can do, in words."""
    return ", ".join(sorted(map(able, backend.capabilities))) or "do nothing"


def without_training_data(backend: Backend) -> str:
    """Say why the model's training data cannot be had; a backend that could have it knows better than we do."""
    model = beneath(backend)
    if isinstance(model, TrainedBackend):
        try:
            model.training_data()
        except UsageError as error:
            return f"the probe reads the model's training data, which is not to be had: {str(error).rstrip('.')}"
    return (
        "the probe reads the model's training data, and this backend does not know what the model was trained on;"
        f" it can {abilities(backend)}"
    )
