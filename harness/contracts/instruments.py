"""What an instrument must be: it reads replies, and says how often it errs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest
from harness.contracts import Backend, Dataset
from harness.errors import ModelError
from harness.records import Ask, Capability, Interval, Reading, Reply, Value

__all__ = ["NOTHING", "AskingInstrument", "FittedInstrument", "Instrument", "InstrumentCard", "Materials"]


@dataclass(frozen=True, slots=True)
class InstrumentCard:
    """What an instrument measures, and how well.

    Attributes:
        id: Plugin name.
        version: Changes whenever a reading could change.
        title: Human name.
        measures: Names of the values it gives, each with its range in words.
        digest: Over weights and word lists.
        accuracy: Sensitivity and specificity with intervals and the set they were measured on, in words.
        limits: What it cannot tell.
    """

    id: str
    version: str
    title: str
    measures: Mapping[str, str]
    digest: Digest
    accuracy: str
    limits: tuple[str, ...]


def _nobody(asks: Sequence[Ask]) -> list[Reply]:
    raise ModelError(f"An instrument puts {len(asks)} questions to a model and has named none. Give it a `backend`.")


def _untrained() -> Dataset:
    raise ModelError("An instrument looks into training data, which this backend does not know. Name a file instead.")


@dataclass(frozen=True, slots=True)
class Materials:
    """What an instrument may look at beside its readings.

    Attributes:
        media: Name of a picture → its PNG.
        members: `TrainedBackend.members` of the audited model; raises ``ModelError`` where it does not know them.
        noise: `InvertingBackend.noise` of the audited model; raises ``ModelError`` where it cannot invert.
        ask: Puts asks to the model that an `AskingInstrument` names, and returns the replies in order. What was asked
            before comes from that model's journal.
        training: `TrainedBackend.training_data` of the audited model; raises ``ModelError`` where it does not know it.
    """

    media: Callable[[str], bytes]
    members: Callable[[], tuple[Sequence[str], NDArray[np.uint8]]]
    noise: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    ask: Callable[[Sequence[Ask]], list[Reply]] = _nobody
    training: Callable[[], Dataset] = _untrained


def _no_media(name: str) -> bytes:
    raise ModelError(f"An instrument looks at the picture {name}, and there is none.")


def _no_members() -> tuple[Sequence[str], NDArray[np.uint8]]:
    raise ModelError("An instrument compares with training data, and there is none.")


def _no_noise(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    raise ModelError(f"An instrument looks for the noise of {len(images)} pictures, and there is no model to tell it.")


NOTHING = Materials(_no_media, _no_members, _no_noise)
"""For instruments of text, which look at nothing else."""


@runtime_checkable
class Instrument(Protocol):
    """Reads replies in batches, text or pictures; equal inputs give equal readings."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """One mapping per reading, in order, with the names on the card."""


@runtime_checkable
class AskingInstrument(Instrument, Protocol):
    """An instrument that asks a model of its own: a judge, or one that says how likely it finds a text.

    Attributes:
        backend: Which model, as the table ``[model]`` has it: ``backend`` and that backend's settings.
    """

    backend: Mapping[str, Value]

    @property
    def needs(self) -> Capability:
        """What that model must be able to do."""

    def agreement(self, read: Sequence[Mapping[str, float]]) -> Interval | None:
        """How well it agrees with itself over all that it ``read``: Cohen's kappa; None where that is undefined."""


@runtime_checkable
class FittedInstrument(Instrument, Protocol):
    """An instrument that takes something of the audited model, such as its tokenizer, unless its settings tell it."""

    def misfit(self, backend: Backend) -> str | None:
        """Why it cannot be fitted to that model, and what to set instead; None where it can. Opens no file."""

    def fitted(self, backend: Backend) -> Instrument:
        """Return the instrument, itself or another, for that model, whose files are here by now.

        Raises:
            ModelError, UsageError: what it takes cannot be read.
        """
