"""Energy that a training took, from the counters of the hardware; where there are none, the reason.

Counters are of whole devices: what else ran on them meanwhile is counted too. Nothing is estimated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from harness.training.state import Progress

__all__ = ["Counter", "Energy", "Meter", "Rapl", "find_counters"]

POWERCAP = Path("/sys/class/powercap")
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


class Counter(Protocol):
    """Counts energy up."""

    @property
    def name(self) -> str:
        """What it counts the energy of."""

    def joules(self) -> float:
        """Energy since it was made."""


class Rapl:
    """One domain of Linux's powercap interface (RAPL of Intel and AMD processors).

    Args:
        folder: Of the domain, with ``energy_uj`` and ``max_energy_range_uj``.

    Raises:
        OSError: it cannot be read; most systems allow it to the superuser alone.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "energy_uj"
        self.name = f"RAPL {(folder / 'name').read_text().strip()}"
        self._range = int((folder / "max_energy_range_uj").read_text()) + 1
        self._last, self._micro = int(self._file.read_text()), 0

    def joules(self) -> float:
        """Energy since it was made; it must be read at least once in each wrap of the counter."""
        now = int(self._file.read_text())
        self._micro += (now - self._last) % self._range
        self._last = now
        return self._micro / 1e6


class Nvml:
    """The energy counter of one NVIDIA GPU.

    Args:
        device: A CUDA device.

    Raises:
        OSError: the driver does not tell.
    """

    def __init__(self, device: torch.device) -> None:
        import pynvml

        properties = torch.cuda.get_device_properties(device)
        self.name = f"NVML {properties.name}"
        try:
            pynvml.nvmlInit()
            # By its own id: the order of CUDA's devices is not that of NVML's.
            handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{properties.uuid}")
            self._read: Callable[[], int] = lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))
            self._first = self._read()
        except pynvml.NVMLError as error:
            raise OSError(str(error)) from error

    def joules(self) -> float:
        """Energy since it was made."""
        return (self._read() - self._first) / 1e3


def find_counters(device: torch.device, *, powercap: Path = POWERCAP) -> tuple[list[Counter], str]:
    """Every counter of what trains on ``device``, and why one is missing (empty where none is)."""
    counters: list[Counter] = []
    missing: list[str] = []
    if device.type == "cuda":
        try:
            counters.append(Nvml(device))
        except ModuleNotFoundError:
            missing.append("GPU: nvidia-ml-py is not installed")
        except OSError as error:
            missing.append(f"GPU: its driver does not tell ({error})")
    # Packages, and the memory beside them: other domains are parts of a package, or the same one seen again.
    domains = [place for place in sorted(powercap.glob("intel-rapl:*")) if _counts(place)]
    if not domains:
        missing.append("processor: this system shows no RAPL counters")
    for domain in domains:
        try:
            counters.append(Rapl(domain))
        except OSError as error:
            missing.append(f"processor: {domain.name} cannot be read ({error.strerror})")
    return counters, "; ".join(missing)


def _counts(domain: Path) -> bool:
    try:
        return (domain / "name").read_text().strip().startswith(("package", "dram"))
    except OSError:
        return False


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
