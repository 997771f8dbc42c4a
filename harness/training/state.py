"""All that changes while a training goes on: how far it has come, and the tensors it has learned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from harness.models.generator import Player
from harness.training.average import Average

__all__ = ["Glimpse", "Learned", "Point", "Progress", "Stopped"]


Stopped = Literal["complete", "early", "budget"]
"""Why a training ended: all steps taken, no improvement, or privacy spent."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the training curve.

    Attributes:
        step: From 1.
        seconds: Training time up to here.
        loss: Mean since the last point, of the first player that sees records; None with privacy.
        validation: Mean loss of records that are never trained on; None where it was not measured here.
        epsilon: Spent so far, at most; None without privacy.
    """

    step: int
    seconds: float
    loss: float | None = None
    validation: float | None = None
    epsilon: float | None = None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Samples of the weights that would have been kept, had training ended here.

    Attributes:
        step: From 1.
        png: The picture, in base 64.
    """

    step: int
    png: str


@dataclass(slots=True)
class Progress:
    """How far a training has come.

    Attributes:
        physical: Records in memory at once, halved whenever memory did not suffice.
        step: Last step taken, or the one that is being taken; 0 before the first.
        seconds: Training time so far, that before a resume included.
        joules: Energy so far; None where it is not measured.
        resumed: How often the training was taken up again.
        takes: Private steps of each player: what the ledger counts.
        curve: Points so far.
        glimpses: Samples so far. They are kept with the state, and so never come from steps that were lost with a
            killed process: of those no ledger knows.
        loss_sum: Of the losses since the last point.
        loss_count: How many those are.
        best: Lowest validation loss; None before the first.
        best_step: Where it was.
        waited: Validations since then.
        stopped: Why training ended; empty while it goes on.
    """

    physical: int
    step: int = 0
    seconds: float = 0.0
    joules: float | None = None
    resumed: int = 0
    takes: dict[str, int] = field(default_factory=dict)
    curve: list[Point] = field(default_factory=list)
    glimpses: list[Glimpse] = field(default_factory=list)
    loss_sum: float = 0.0
    loss_count: int = 0
    best: float | None = None
    best_step: int | None = None
    waited: int = 0
    stopped: Stopped | Literal[""] = ""


class Learned:
    """The tensors that training changes, all under flat names.

    They are trained parameters, the buffers beside them, optimizer moments, averages, and the best weights so far.
    What is frozen is built anew by a resumed training, and checked, not kept with every state.

    Args:
        players: Whose networks are trained.
        optimizers: One for each player, in the same order.
        decay: Of the moving average of weights; 0 for none.
    """

    def __init__(self, players: Sequence[Player], optimizers: Sequence[torch.optim.Optimizer], *, decay: float) -> None:
        self._optimizers = {player.name: optimizer for player, optimizer in zip(players, optimizers, strict=True)}
        self.parameters: dict[str, nn.Parameter] = {}
        self._buffers: dict[str, Tensor] = {}
        for player in players:
            kept = player.network.state_dict().keys()  # leaves out the buffers that a network computes for itself
            for name, parameter in player.network.named_parameters():
                if parameter.requires_grad:
                    self.parameters[f"{player.name}/{name}"] = parameter
            for name, buffer in player.network.named_buffers():
                if name in kept:
                    self._buffers[f"{player.name}/{name}"] = buffer
        self.average = Average(self.parameters, decay)
        self.best: Mapping[str, Tensor] = {}

    def snapshot(self) -> dict[str, Tensor]:
        """A copy of parameters and buffers as they are in the networks now."""
        return {name: tensor.detach().clone() for name, tensor in self._weights().items()}

    def put(self, weights: Mapping[str, Tensor]) -> None:
        """Give the networks what `snapshot` took."""
        _copy(self._weights(), weights)

    def settle(self) -> None:
        """Give the networks the weights to keep: the best, where they were remembered, or else the average."""
        with self.average.in_place():
            weights = self.best or self.snapshot()
        self.put(weights)

    def frozen_digest(self, networks: Mapping[str, nn.Module]) -> str:
        """SHA-256 over the weights that stay as they are, of all ``networks`` by name: ``sha256:…``."""
        sha = hashlib.sha256()
        for network, module in sorted(networks.items()):
            for name, tensor in sorted(module.state_dict().items()):
                if f"{network}/{name}" not in self._weights():
                    sha.update(f"{network}/{name} {tensor.dtype} {list(tensor.shape)} ".encode())
                    sha.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return f"sha256:{sha.hexdigest()}"

    def flatten(self) -> dict[str, Tensor]:
        """Everything, as it would be written."""
        parts = {"weights": self._weights(), "average": self.average.weights, "best": self.best}
        parts |= {"optimizer": {f"{name}/{key}": moment for name, key, moment in self._moments()}}
        return {
            f"{part}/{name}": tensor.detach().contiguous()
            for part, its in parts.items()
            for name, tensor in its.items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up what `flatten` gave.

        Raises:
            KeyError: a tensor is missing.
            RuntimeError: a tensor has another shape.
        """
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "average": {}, "best": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        self.put(parts["weights"])
        _copy(self.average.weights, parts["average"])
        self.best = parts["best"]
        for path, moment in parts["optimizer"].items():
            name, _, key = path.rpartition("/")
            parameter = self.parameters[name]
            self._optimizer(name).state[parameter][key] = moment.to(parameter.device)

    def _weights(self) -> dict[str, Tensor]:
        return {**self.parameters, **self._buffers}

    def _optimizer(self, name: str) -> torch.optim.Optimizer:
        return self._optimizers[name.partition("/")[0]]

    def _moments(self) -> list[tuple[str, str, Tensor]]:
        return [
            (name, key, moment)
            for name, parameter in self.parameters.items()
            for key, moment in self._optimizer(name).state.get(parameter, {}).items()
        ]


def _copy(targets: Mapping[str, Tensor], sources: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(sources[name])
