"""What an objective makes of a training: who takes steps on which loss, and on which records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import Examples
from harness.models.generator import Player

__all__ = ["Towards"]


@dataclass(frozen=True, slots=True, eq=False)
class Towards:
    """What is trained towards what.

    Attributes:
        players: With their losses.
        examples: Records.
        rows: Those of them that are trained on, each as often as it is.
    """

    players: tuple[Player, ...]
    examples: Examples
    rows: NDArray[np.int64]
