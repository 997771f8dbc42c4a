"""What an instrument must be: it reads replies, and says how often it errs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest
from harness.records import Reading

__all__ = ["Instrument", "InstrumentCard", "Materials"]


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


@dataclass(frozen=True, slots=True)
class Materials:
    """What an instrument may look at beside its readings.

    Attributes:
        media: Name of a picture → its PNG.
        members: `TrainedBackend.members` of the audited model; raises ``ModelError`` where it does not know them.
        noise: `InvertingBackend.noise` of the audited model; raises ``ModelError`` where it cannot invert.
    """

    media: Callable[[str], bytes]
    members: Callable[[], tuple[Sequence[str], NDArray[np.uint8]]]
    noise: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@runtime_checkable
class Instrument(Protocol):
    """Reads replies in batches, text or pictures; equal inputs give equal readings."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """One mapping per reading, in order, with the names on the card."""
