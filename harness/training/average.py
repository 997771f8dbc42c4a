"""A moving average of weights: what is validated, kept and released in place of the last step's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

__all__ = ["Average"]


class Average:
    """Exponential moving average of trained parameters, begun at their initial values.

    Its decay rises to its full value as ``(1 + step) / (10 + step)``, so that a short training is not dominated by
    where it began. Buffers, such as running statistics, are not averaged.

    Args:
        parameters: By name; read at every update.
        decay: In [0, 1); 0 keeps no average, and then nothing here costs anything.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._decay = decay
        self._parameters = dict(parameters) if decay else {}
        self.weights: dict[str, Tensor] = {name: p.detach().clone() for name, p in self._parameters.items()}

    def update(self, step: int) -> None:
        """Move the average towards the weights as they are after ``step``, counted from 1."""
        if self.weights:
            move = get_ema_multi_avg_fn(min(self._decay, (1 + step) / (10 + step)))
            move(list(self.weights.values()), [p.detach() for p in self._parameters.values()], step)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the networks have the averaged weights. Pointers are exchanged; nothing is copied."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        for name, parameter in self._parameters.items():
            parameter.data, self.weights[name] = self.weights[name], parameter.data
