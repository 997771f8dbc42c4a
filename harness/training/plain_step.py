"""One step of one player without privacy, and what any step is to the loop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from harness.models.generator import Player, Rows
from harness.training.processes import Alone, Group, share

__all__ = ["PlainStep", "Precision", "Step", "trained"]

Precision = Literal["float32", "bfloat16"]


class Step(Protocol):
    """Takes the steps of one player; the private one and the plain one are each of this shape."""

    def take(self, rows: Rows | None, *, records: int, physical: int) -> float | None:
        """One logical step.

        It begins by clearing gradients, so that it can be taken again after memory ran out.

        Args:
            rows: The records of the batch; None for a player that sees none, or an empty batch.
            records: How many there are; for a player that sees none, how many samples to generate.
            physical: How many may be in memory at once.

        Returns:
            The mean loss, which is not a finite number where training diverged; None with privacy.

        Raises:
            torch.OutOfMemoryError: ``physical`` is too many; weights are as before.
        """

    def close(self) -> None:
        """Take off whatever was put on the network."""


def trained(network: nn.Module) -> list[nn.Parameter]:
    """Parameters that take steps."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


class PlainStep:
    """An ordinary step: the gradient of the mean loss over the batch, however it is cut to fit the memory.

    Several processes each take a part of the batch and step by the summed gradient, so that all keep equal weights.
    Networks are not wrapped: a player calls its own network directly.

    Args:
        player: Whose steps; its records' loss and its free loss are added.
        optimizer: Of the trained parameters of its network.
        max_grad_norm: Largest l2 norm of the gradient; None for no limit.
        precision: ``bfloat16`` for automatic mixed precision on a CUDA device; weights stay float32.
        accelerator: The processes that train together; None for this one alone.
    """

    def __init__(
        self,
        player: Player,
        optimizer: torch.optim.Optimizer,
        *,
        max_grad_norm: float | None,
        precision: Precision,
        accelerator: Group | None = None,
    ) -> None:
        self._player, self._optimizer, self._max_grad_norm = player, optimizer, max_grad_norm
        self._parameters = trained(player.network)
        self._device = self._parameters[0].device
        self._mixed = precision == "bfloat16" and self._device.type == "cuda"
        self._group: Group = accelerator or Alone(self._device)

    def take(self, rows: Rows | None, *, records: int, physical: int) -> float:
        """One step over ``records``; see `Step.take`. Returns the mean loss over the whole batch."""
        self._optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self._device)
        start, stop = share(records, self._group)
        for first in range(start, stop, physical):
            last = min(first + physical, stop)
            loss += self._add_gradient(rows, first, last, records)
        if self._group.num_processes > 1:
            loss = _sum_gradients(self._parameters, loss, self._group)
        if self._max_grad_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._max_grad_norm)
        self._optimizer.step()
        return float(loss)

    def _add_gradient(self, rows: Rows | None, first: int, last: int, records: int) -> Tensor:
        """Add one physical batch's part of the gradient; returns its part of the mean loss."""
        with torch.autocast("cuda", torch.bfloat16) if self._mixed else nullcontext():
            parts = []
            if self._player.record_losses is not None and rows is not None:
                piece = {name: column[first:last] for name, column in rows.items()}
                parts.append(self._player.record_losses(piece).float().sum() / records)
            if self._player.free_loss is not None:
                # A mean over its samples, so each piece counts as much as it has samples.
                parts.append(self._player.free_loss(last - first).float() * ((last - first) / records))
        part = sum(parts[1:], parts[0])
        part.backward()
        return part.detach()

    def close(self) -> None:
        """Nothing was put on."""


def _sum_gradients(parameters: Sequence[nn.Parameter], loss: Tensor, group: Group) -> Tensor:
    """Sum gradients and loss over all processes, in one exchange; returns the summed loss.

    A parameter without a gradient, as in a process whose part of the batch is empty, counts as zeros.
    """
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([loss.reshape(1), *(p.grad.reshape(-1) for p in parameters if p.grad is not None)])
    flat = group.reduce(flat, reduction="sum")
    at = 1
    for parameter in parameters:
        size = parameter.numel()
        parameter.grad = flat[at : at + size].view_as(parameter)
        at += size
    return flat[0]
