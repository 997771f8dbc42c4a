"""Energy that a training took, from the counters of the hardware; where there are none, the reason.

Counters are of whole devices: what else ran on them meanwhile is counted too. Nothing is estimated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from harness.energy import POWERCAP, Counter, gpu_counters, processor_counters
from harness.training.state import Progress

__all__ = ["Energy", "Meter", "find_counters"]

SECONDS_BETWEEN = 30.0  # a processor's counter starts again at 0 after some 262 kJ: minutes at the least


@dataclass(frozen=True, slots=True)
class Energy:
    """What a training took.

    Attributes:
        joules: None where nothing could be measured.
        source: The counters it is from; empty without any.
        how: ``measured``; empty without a value.
        absent: Why there is no value, or why a part is missing; empty where nothing is.
    """

    joules: float | None
    source: str
    how: str
    absent: str


def find_counters(device: torch.device, *, powercap: Path = POWERCAP) -> tuple[list[Counter], str]:
    """Every counter of what trains on ``device``, and why one is missing (empty where none is)."""
    # By its own id: the order of CUDA's devices is not that of NVML's.
    ids = [f"GPU-{torch.cuda.get_device_properties(device).uuid}"] if device.type == "cuda" else []
    gpus, untold = gpu_counters([*ids])
    processors, lacking = processor_counters(powercap)
    return [*gpus, *processors], "; ".join([*untold, *lacking])


class Meter:
    """Adds up what the counters count, over all sessions of one training.

    Args:
        counters: May be none.
        missing: Why some are not there.
        before: Joules of earlier sessions; None for a first one.
        clock: Seconds, ever rising.
    """

    def __init__(
        self,
        counters: Sequence[Counter],
        missing: str,
        *,
        before: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counters, self._missing, self._clock = tuple(counters), missing, clock
        self._before, self._read_at = before or 0.0, clock()

    def tick(self, progress: Progress) -> None:
        """Read the counters where that is due, before they can wrap."""
        if self._counters and self._clock() - self._read_at >= SECONDS_BETWEEN:
            self.read(progress)

    def read(self, progress: Progress) -> None:
        """Read the counters and write the sum down."""
        if self._counters:
            progress.joules = self._before + sum(counter.joules() for counter in self._counters)
            self._read_at = self._clock()

    def energy(self, progress: Progress) -> Energy:
        """The result, with where it is from."""
        self.read(progress)
        source = ", ".join(counter.name for counter in self._counters)
        return Energy(progress.joules, source, "measured" if source else "", self._missing)
