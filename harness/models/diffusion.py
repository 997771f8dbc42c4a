"""Denoising diffusion of images in pixels, conditional by class where that is asked for; saved as a diffusers pipeline.

An unconditional model opens anywhere with ``diffusers.DiffusionPipeline.from_pretrained(folder)``, and called with
``num_inference_steps`` as in the settings and one CPU generator for each seed it draws the images of `Diffusion.draw`.

A conditional one opens just so, as a ``DDIMPipeline``. No pipeline of diffusers hands labels to a ``UNet2DModel``, so
the few lines of its loop are the user's own; the scheduler and the network need nothing else::

    pipeline.scheduler.set_timesteps(20)
    for t in pipeline.scheduler.timesteps:
        v = pipeline.unet(x, t, class_labels=labels).sample
        x = pipeline.scheduler.step(v, t, x).prev_sample

Where labels were dropped in training, the label after the last class stands for none; so guidance is possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from diffusers import DDIMPipeline, UNet2DModel
from pydantic import Field, model_validator
from torch import Tensor, nn

from harness.data.examples import Examples
from harness.errors import UsageError
from harness.models.blocks import device_of, evaluating, in_passes, seeded_noise
from harness.models.diffusion_folder import open_network, quietly
from harness.models.diffusion_layout import lay_in_order
from harness.models.diffusion_process import HORIZON, Predict, Prediction, Process, guided
from harness.models.generator import Player, Rows, Settings
from harness.models.image_form import ImageForm
from harness.models.kinds import read_settings
from harness.models.weights import read_config, save

__all__ = ["GROUPS", "Diffusion", "DiffusionSettings"]

GROUPS = 8
"""Groups in which channels are normalised, and channels of one attention head: it divides every width."""


class DiffusionSettings(Settings):
    """Settings of a diffusion model."""

    conditional: bool = Field(True, description="Whether images are drawn by class.")
    channels: tuple[int, ...] = Field(
        (32, 64), min_length=1, max_length=6, description="Channels at each resolution, from the finest; each halves."
    )
    layers: int = Field(1, ge=1, le=8, description="Residual blocks at each resolution.")
    attention: int = Field(0, ge=0, description="At how many of the coarsest resolutions there is self-attention.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of activations dropped in training.")
    label_dropout: float = Field(0.1, ge=0, lt=1, description="Share of records trained without their label.")
    guidance: float = Field(1.0, ge=1, le=20, description="Classifier-free guidance of drawing; 1 is none.")
    prediction: Prediction = Field("v_prediction", description="What the network tells: v_prediction or epsilon.")
    sampling_steps: int = Field(20, ge=2, le=HORIZON, description=f"Steps of drawing, a divisor of {HORIZON}.")
    multiplicity: int = Field(
        1, ge=1, le=128, description="Noises averaged for each record before its gradient is clipped."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        uneven = [width for width in self.channels if width % GROUPS]
        if uneven:
            raise ValueError(f"channels are multiples of {GROUPS}; {uneven[0]} is none")
        if HORIZON % self.sampling_steps:
            raise ValueError(f"sampling_steps = {self.sampling_steps} does not divide {HORIZON}; 20, 25, 40, 50 do")
        if self.attention > len(self.channels):
            raise ValueError(f"attention = {self.attention}, but there are {len(self.channels)} resolutions")
        if self.guidance != 1 and not (self.conditional and self.label_dropout):
            raise ValueError("guidance needs a conditional model whose labels were dropped now and then")
        return self


class Diffusion:
    """A diffusion model of images (Ho et al. 2020, arXiv:2006.11239).

    Attributes:
        classes: Names of the classes it can be asked for; empty where it is unconditional.
        network: A ``UNet2DModel`` of diffusers.

    Args:
        network: For images of that form.
        settings: It was made with.
        form: Of its images.
    """

    prompted = False

    def __init__(self, network: UNet2DModel, settings: DiffusionSettings, form: ImageForm) -> None:
        self.classes = form.classes
        self.network = network
        lay_in_order(network)
        self._settings, self._form = settings, form
        self._process = Process(settings.prediction, settings.sampling_steps)

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model for such images; initial weights come from torch's global generator.

        Raises:
            UsageError: a setting is unknown or out of range, or these records do not suit it.
        """
        read = read_settings(DiffusionSettings, settings, kind="diffusion")
        form = ImageForm.of(examples, kind="diffusion", conditional=read.conditional)
        halvings = len(read.channels) - 1
        if form.size % 2**halvings:
            raise UsageError(
                f"diffusion: images of {form.size}x{form.size} pixels cannot be halved {halvings} times."
                " Give fewer channels, one for each resolution, or resize the images."
            )
        return cls(_fresh(read, form), read, form)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing, or not exactly what this model needs.
        """
        settings, form = read_config(folder, "diffusion", DiffusionSettings)
        return cls(open_network(UNet2DModel, folder, "unet"), settings, form)

    def save(self, folder: Path) -> None:
        """Write a ``DDIMPipeline`` of diffusers, and beside it ``config.json`` with settings and classes."""
        with quietly():
            DDIMPipeline(unet=self.network, scheduler=self._process.scheduler()).save_pretrained(folder)
        save(folder, "diffusion", self._settings, self._form, {})

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The one network, ``unet``."""
        return {"unet": self.network}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, defaults included."""
        return self._settings.model_dump(mode="json")

    # ── training ──────────────────────────────────────────────────────────────────────────

    def prepare(self, examples: Examples) -> Rows:
        """Images, and labels where it is conditional: see `ImageForm.rows`.

        Raises:
            DataError: records are not of the form it was built for.
        """
        return self._form.rows(examples)

    def players(self) -> tuple[Player, ...]:
        """One: the network."""
        return (Player("unet", self.network, self.record_losses),)

    def record_losses(self, rows: Rows) -> Tensor:
        """Training loss of each record, ``[n]``, averaged over ``multiplicity`` noises (Dockhorn et al. 2022).

        Each noise has a pass of its own with the records in their order, so that gradients add up record by record
        (arXiv:2210.09929). Noise, steps and dropped labels come from torch's global generator.
        """
        images = rows["image"].to(device_of(self.network))
        total = images.new_zeros(len(images))
        for _ in range(self._settings.multiplicity):
            predict = self._conditioned(self._dropped(rows))
            total = total + self._process.random_losses(predict, images)
        return total / self._settings.multiplicity

    def _dropped(self, rows: Rows) -> Tensor | None:
        """Labels, some replaced by the one that stands for none."""
        if not self.classes:
            return None
        labels = rows["label"].to(device_of(self.network))
        if not self._settings.label_dropout:
            return labels
        dropped = torch.rand(len(labels), device=labels.device) < self._settings.label_dropout
        return labels.masked_fill(dropped, len(self.classes))

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """Mean squared error of the predicted noise for each record: ``t=100``, a tenth of the horizon, then others.

        The noise is drawn from ``seed`` and shared by all records; see `Process.watched_losses`.
        """
        images = rows["image"].to(device_of(self.network))
        labels = rows["label"].to(images.device) if self.classes else None
        with evaluating(self.network):
            return self._process.watched_losses(self._conditioned(labels), images, seed=seed)

    # ── drawing ───────────────────────────────────────────────────────────────────────────

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """Shape of the noise that becomes one image: that of the image."""
        return self._form.channels, self._form.size, self._form.size

    def initial_noise(self, seeds: Sequence[int]) -> Tensor:
        """The noise that `draw` starts from, ``[n, *noise_shape]``, on the CPU."""
        return seeded_noise(seeds, self.noise_shape)

    def draw(
        self,
        seeds: Sequence[int],
        *,
        labels: Sequence[int] | None = None,
        prompts: Sequence[str] | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """One image for each seed: see `Drawing.draw`.

        Args:
            seeds: Of each image.
            labels: Class of each image; needed where there are classes.
            prompts: None: it reads no prompts.
            noise: To start from instead of what the seeds give, ``[n, *noise_shape]``.

        Raises:
            UsageError: labels are missing, or given where there are no classes; or prompts are given.
        """
        asked = self._form.asked(seeds, labels, prompts)
        start = self.initial_noise(seeds) if noise is None else noise
        if len(start) == 0:
            return torch.empty(0, *self.noise_shape)

        def forth(at: slice, state: Tensor) -> Tensor:
            return self._process.sample(self._guided(_at(asked, at)), state).clamp(-1, 1)

        return in_passes(self.network, forth, start)

    def invert(
        self,
        images: Tensor,
        *,
        labels: Sequence[int] | None = None,
        prompts: Sequence[str] | None = None,
        refinements: int = 1,
    ) -> Tensor:
        """An estimate of the noise from which `draw` made these images, ``[n, *noise_shape]``, on the CPU.

        Args:
            images: ``[n, channels, size, size]`` in [-1, 1].
            labels: Class of each image; None where there are no classes, or where they are not known.
            prompts: None: it reads no prompts.
            refinements: Rounds of solving each step: see `Process.invert`.

        Raises:
            UsageError: labels are missing and were never dropped in training; or as for `draw`.
        """
        if self.classes and labels is None and self._settings.label_dropout:
            asked: Tensor | None = self._nothing(len(images))
        else:
            asked = self._form.asked(range(len(images)), labels, prompts)

        if len(images) == 0:
            return torch.empty(0, *self.noise_shape)

        def back(at: slice, state: Tensor) -> Tensor:
            return self._process.invert(self._guided(_at(asked, at)), state, refinements=refinements)

        return in_passes(self.network, back, images)

    def _conditioned(self, labels: Tensor | None) -> Predict:
        """The network under labels ``[n]``."""
        its = None if labels is None else labels.to(device_of(self.network))

        def predict(noised: Tensor, steps: Tensor) -> Tensor:
            found: Tensor = self.network(noised, steps, class_labels=its).sample
            return found

        return predict

    def _guided(self, labels: Tensor | None) -> Predict:
        """The network under labels, with guidance."""
        conditioned = self._conditioned(labels)
        if labels is None or self._settings.guidance == 1:
            return conditioned
        return guided(conditioned, self._conditioned(self._nothing(len(labels))), self._settings.guidance)

    def _nothing(self, n: int) -> Tensor:
        """The label that stands for none, ``[n]``."""
        return torch.full((n,), len(self.classes))


def _at(labels: Tensor | None, places: slice) -> Tensor | None:
    return None if labels is None else labels[places]


def _fresh(settings: DiffusionSettings, form: ImageForm) -> UNet2DModel:
    levels = len(settings.channels)
    plain = levels - settings.attention
    embeddings = len(form.classes) + bool(settings.label_dropout) if form.classes else None
    return UNet2DModel(
        sample_size=form.size,
        in_channels=form.channels,
        out_channels=form.channels,
        block_out_channels=settings.channels,
        down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * settings.attention,
        up_block_types=("AttnUpBlock2D",) * settings.attention + ("UpBlock2D",) * plain,
        layers_per_block=settings.layers,
        dropout=settings.dropout,
        norm_num_groups=GROUPS,
        attention_head_dim=GROUPS,
        add_attention=settings.attention > 0,
        num_class_embeds=embeddings,
    )
