"""One number of one arm, as it is handed on to be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import Metric

__all__ = ["Key", "Measured"]

Slice = tuple[tuple[str, str], ...]
Key = tuple[str, str, Slice]
"""Cell, metric and slice, the slice as sorted pairs."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of one arm.

    Attributes:
        metric: What it is.
        null: Value of a harmless model; None where there is none.
        value: Over all items.
        left_out: The same without each group, shape ``[groups]``; NaN where there is no number then.
        units: Independent items behind it.
    """

    metric: Metric
    null: float | None
    value: float
    left_out: Floats
    units: int
