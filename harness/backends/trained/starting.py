"""The noise that an image is made from: what its seed gives, a share of it replaced where the ask says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from harness.records import DrawAsk
from harness.seeds import derive

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Noisy", "starting_noise"]


class Noisy(Protocol):
    """A generator that draws from noise."""

    def initial_noise(self, seeds: Sequence[int]) -> Tensor:
        """Standard normal noise of each seed."""


def starting_noise(model: Noisy, asks: Sequence[DrawAsk]) -> Tensor:
    """Noise ``[n, *noise_shape]`` for each ask, on the CPU: z, or z √(1 - j²) + j z' with a jitter of j.

    What replaces it, z', comes from the seed too; so the same ask gives the same noise, and a jitter of 1 another
    image altogether. It is standard normal whatever j is: what the model was trained to start from.
    """
    import torch

    noise = model.initial_noise([ask.seed for ask in asks])
    if not any(ask.jitter for ask in asks):
        return noise
    other = model.initial_noise([derive(ask.seed, "jitter") for ask in asks])
    jitter = torch.tensor([ask.jitter for ask in asks]).view(-1, *[1] * (noise.dim() - 1))
    return noise * (1 - jitter.square()).sqrt() + jitter * other
