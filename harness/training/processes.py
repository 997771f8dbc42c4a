"""The processes that train together: one, or several under `accelerate launch` or `torchrun`, one for each GPU."""

from __future__ import annotations

import os
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Alone", "Group", "gather_group", "is_any", "share"]


class Group(Protocol):
    """Processes that hold the same weights and take the same steps; `accelerate.Accelerator` is one."""

    @property
    def num_processes(self) -> int:
        """How many there are."""

    @property
    def process_index(self) -> int:
        """Which one this is, from 0."""

    @property
    def is_main_process(self) -> bool:
        """Whether this one writes and speaks."""

    @property
    def device(self) -> torch.device:
        """Where this one computes."""

    def reduce(self, tensor: Tensor, reduction: str = "sum") -> Tensor:
        """The sum over all processes, the same in each."""

    def wait_for_everyone(self) -> None:
        """Return when all have come here."""


class Alone:
    """A group of one.

    Args:
        device: Where it computes.
    """

    num_processes = 1
    process_index = 0
    is_main_process = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def reduce(self, tensor: Tensor, reduction: str = "sum") -> Tensor:
        """The tensor itself."""
        del reduction
        return tensor

    def wait_for_everyone(self) -> None:
        """Return at once."""


def gather_group(device: torch.device) -> Group:
    """The processes that were launched together, or this one alone; several choose their devices themselves."""
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return Alone(device)
    from accelerate import Accelerator

    joined: Group = Accelerator(cpu=device.type == "cpu")
    return joined


def share(n: int, group: Group) -> tuple[int, int]:
    """Start and end of this process's part of ``n`` things; parts differ by one at most."""
    rank, count = group.process_index, group.num_processes
    return n * rank // count, n * (rank + 1) // count


def is_any(flag: bool, group: Group) -> bool:  # noqa: FBT001  a question about the flag itself
    """Whether ``flag`` holds in any process: they must agree before they act on it."""
    if group.num_processes == 1:
        return flag
    return bool(group.reduce(torch.tensor(float(flag), device=group.device)) > 0)
