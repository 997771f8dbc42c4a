"""What a trainable generator is: networks, players that take steps, losses of single records, and a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from harness.data.examples import Examples

__all__ = ["Drawing", "Generator", "Player", "Rows", "Settings"]

Rows = Mapping[str, Tensor]
"""Records as tensors: every entry has one leading place for each record, ``[n, ...]``."""


class Settings(BaseModel):
    """Base of a kind's settings: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Player:
    """One network that takes steps of its own. Most generators have one; a GAN has two that alternate.

    The two losses are apart because privacy treats them apart: what sees records is clipped and noised record by
    record, what sees none is added as it is.

    Attributes:
        name: Of the network it trains, a key of `Generator.networks`.
        network: That network. Only its parameters with ``requires_grad`` are stepped.
        record_losses: ``rows -> [batch]``, one loss for each record; no record's loss may depend on another record,
            and every forward pass through ``network`` has the records along its first axis, in the order of ``rows``.
            None for a player that sees no data.
        free_loss: ``n -> scalar``, a mean over ``n`` generated samples; sees no record. None where there is none.
        turns: Steps it takes in each round, at least 1.
    """

    name: str
    network: nn.Module
    record_losses: Callable[[Rows], Tensor] | None
    free_loss: Callable[[int], Tensor] | None = None
    turns: int = 1


@runtime_checkable
class Generator(Protocol):
    """A generative model that can be trained here.

    Randomness comes from torch's global generators alone: the loop seeds them before each step, so that a resumed
    training draws what an uninterrupted one would have drawn.
    """

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Every network with weights, trained or frozen, by the name its weights are kept under."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings it was built with, defaults included: JSON values."""

    def prepare(self, examples: Examples) -> Rows:
        """Turn records into tensors, row by row; nothing is dropped, shortened or reordered.

        Raises:
            DataError: a record does not fit this model: names the record, what is wrong and what to do.
        """

    def players(self) -> tuple[Player, ...]:
        """Who takes steps, in order, within one round of training."""

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """Losses of single records for evaluation, each ``[batch]``, float32, lower meaning better fitted.

        The first entry is the one that validation and membership tests read. Where a loss needs noise, it is drawn
        from ``seed`` and shared by all records, so that records can be compared; gradients are off, networks in
        evaluation mode.
        """

    def save(self, folder: Path) -> None:
        """Write weights as safetensors, and configuration as JSON, in the format of the model's ecosystem."""

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model for such records; initial weights come from torch's global generator.

        Raises:
            UsageError: a setting is unknown or out of range, or these records do not suit this kind.
        """

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing or not what it should be.
        """


@runtime_checkable
class Drawing(Generator, Protocol):
    """A generator of images.

    Attributes:
        classes: Names of the classes it can be asked for; empty where it is unconditional.
        prompted: Whether it draws from prompts.
    """

    classes: Sequence[str]
    prompted: bool

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """Shape of the standard normal noise that becomes one image."""

    def initial_noise(self, seeds: Sequence[int]) -> Tensor:
        """The noise that `draw` starts from, ``[n, *noise_shape]``, on the CPU."""

    def draw(
        self,
        seeds: Sequence[int],
        *,
        labels: Sequence[int] | None = None,
        prompts: Sequence[str] | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """One image for each seed: float32 ``[n, channels, height, width]`` in [-1, 1], on the CPU.

        Each image depends on its own seed, label and prompt alone, up to the rounding of batched arithmetic: its
        noise is drawn on the CPU from a generator seeded with its seed.

        Args:
            seeds: Of each image.
            labels: Class of each image; needed where ``classes`` is not empty and ``prompted`` is False.
            prompts: Prompt of each image; needed where ``prompted``.
            noise: To start from instead of what the seeds give, ``[n, *noise_shape]``.
        """
