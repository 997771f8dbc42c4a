"""Energy counters of this machine's hardware; where there are none, the reason.

Counters are of whole devices: what else ran on them meanwhile is counted too. Nothing is estimated.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

__all__ = [
    "NONE",
    "POWERCAP",
    "Counter",
    "Counters",
    "Nvml",
    "Rapl",
    "gpu_counters",
    "machine_counters",
    "processor_counters",
]

POWERCAP = Path("/sys/class/powercap")
NVIDIA = Path("/proc/driver/nvidia")
"""Is there where NVIDIA's driver is."""
VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Environment variable that says which GPUs this process may use."""


class Counter(Protocol):
    """Counts energy up."""

    @property
    def name(self) -> str:
        """What it counts the energy of."""

    def joules(self) -> float:
        """Energy since it was made.

        Raises:
            OSError: it can no longer be read.
        """


@dataclass(frozen=True, slots=True)
class Counters:
    """What counts, taken together.

    Attributes:
        each: May be none.
        missing: Why one is not there; empty where none is missing.
    """

    each: tuple[Counter, ...] = ()
    missing: str = ""

    @property
    def names(self) -> str:
        """What is counted, in words."""
        return ", ".join(counter.name for counter in self.each)

    def joules(self) -> float | None:
        """Energy so far; None where nothing counts, or a counter can no longer be read."""
        try:
            return sum(counter.joules() for counter in self.each) if self.each else None
        except OSError:
            return None


NONE = Counters(missing="nothing counts energy here")


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
        gpu: Its number among all of the machine, or its id, ``GPU-…``: CUDA's own order may be another.

    Raises:
        OSError: the driver does not tell.
        ModuleNotFoundError: the package that asks it is not installed.
    """

    def __init__(self, gpu: int | str) -> None:
        import pynvml

        try:
            pynvml.nvmlInit()
            by_id = pynvml.nvmlDeviceGetHandleByUUID
            handle = pynvml.nvmlDeviceGetHandleByIndex(gpu) if isinstance(gpu, int) else by_id(gpu)
            self.name = f"NVML {_text(pynvml.nvmlDeviceGetName(handle))}"
        except pynvml.NVMLError as error:
            raise OSError(str(error)) from error
        self._told: Callable[[], int] = lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        self._refusals: type[Exception] = pynvml.NVMLError
        self._first = self._read()

    def _read(self) -> int:
        try:
            return self._told()
        except self._refusals as error:
            raise OSError(str(error)) from error

    def joules(self) -> float:
        """Energy since it was made; raises ``OSError`` where the driver no longer tells."""
        return (self._read() - self._first) / 1e3


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def gpu_counters(gpus: list[int | str]) -> tuple[list[Counter], list[str]]:
    """Counters of these GPUs, and why one is missing."""
    counters: list[Counter] = []
    missing: list[str] = []
    for gpu in gpus:
        try:
            counters.append(Nvml(gpu))
        except ModuleNotFoundError:
            return counters, ["GPU: nvidia-ml-py is not installed"]
        except OSError as error:
            missing.append(f"GPU: its driver does not tell ({error})")
    return counters, missing


def processor_counters(powercap: Path = POWERCAP) -> tuple[list[Counter], list[str]]:
    """Counters of processors, and of the memory beside them; and why one is missing."""
    # Other domains are parts of a package, or the same one seen again.
    domains = [place for place in sorted(powercap.glob("intel-rapl:*")) if _counts(place)]
    missing = [] if domains else ["processor: this system shows no RAPL counters"]
    counters: list[Counter] = []
    for domain in domains:
        try:
            counters.append(Rapl(domain))
        except OSError as error:
            missing.append(f"processor: {domain.name} cannot be read ({error.strerror})")
    return counters, missing


def _counts(domain: Path) -> bool:
    try:
        return (domain / "name").read_text().strip().startswith(("package", "dram"))
    except OSError:
        return False


def machine_counters(*, powercap: Path = POWERCAP, nvidia: Path = NVIDIA) -> Counters:
    """Every counter of what a process here may draw its energy through; of GPUs, those of `VISIBLE`, or else all."""
    gpus, untold = gpu_counters(_gpus(nvidia))
    processors, lacking = processor_counters(powercap)
    return Counters((*gpus, *processors), "; ".join([*untold, *lacking]))


def _gpus(nvidia: Path) -> list[int | str]:
    if not nvidia.exists():
        return []
    named = os.environ.get(VISIBLE)
    if named is not None:
        words = [word.strip() for word in named.split(",") if word.strip() not in {"", "-1"}]
        return [int(word) if word.isdigit() else word for word in words]
    return list(range(sum(1 for _ in (nvidia / "gpus").glob("*"))))
