"""A generator and a discriminator in the DCGAN manner, conditional by class where that is asked for.

Convolutions without dense middles (Radford et al. 2015, arXiv:1511.06434); hinge loss (Lim and Ye 2017,
arXiv:1705.02894); the discriminator sees the class as a projection (Miyato and Koyama 2018, arXiv:1802.05637). Groups
are normalised where DCGAN normalises batches: a batch would couple records. Only the discriminator ever sees records,
so privacy needs to protect only its steps on real ones (Xie et al. 2018, arXiv:1802.06739).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from harness.data.examples import Examples
from harness.models.blocks import device_of, evaluating, frozen, halve, one_hot, project, seeded_noise, to_picture
from harness.models.generator import Player, Rows, Settings
from harness.models.image_form import ImageForm, draw_from_noise
from harness.models.kinds import read_settings
from harness.models.weights import load_weights, read_config, save

__all__ = ["Discriminator", "Gan", "GanSettings", "Maker"]


class GanSettings(Settings):
    """Settings of a GAN."""

    conditional: bool = Field(True, description="Whether images are drawn by class.")
    width: int = Field(16, ge=4, le=512, description="Channels at full size; doubled at each halving.")
    latent: int = Field(32, ge=1, le=1024, description="Length of the noise an image is made from.")
    turns: int = Field(1, ge=1, le=100, description="Steps of the discriminator for each step of the generator.")


class Maker(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Makes pictures from noise: the network called the generator.

    Args:
        settings: Sizes.
        form: Of the images.
    """

    def __init__(self, settings: GanSettings, form: ImageForm) -> None:
        super().__init__()
        width = settings.width
        self.seed = project(settings.latent + len(form.classes), 4 * width, form.quarter)
        self.picture = to_picture((4 * width, 2 * width, width), form.channels)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Pictures ``[n, channels, size, size]`` in [-1, 1], float32, for noise ``[n, latent]``."""
        pictures: Tensor = self.picture(self.seed(torch.cat([noise, conditions], 1))).float()
        return pictures


class Discriminator(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Tells real pictures from made ones by a logit: high means real.

    Args:
        settings: Sizes.
        form: Of the images.
    """

    def __init__(self, settings: GanSettings, form: ImageForm) -> None:
        super().__init__()
        width, flat = settings.width, 4 * settings.width * form.quarter**2
        self.features = nn.Sequential(
            nn.Conv2d(form.channels, width, 3, padding=1),
            nn.SiLU(),
            halve(width, 2 * width),
            halve(2 * width, 4 * width),
            nn.Flatten(),
        )
        self.realism = nn.Linear(flat, 1)
        self.direction = nn.Linear(len(form.classes), flat, bias=False) if form.classes else None

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Logits ``[n]``, float32, of images under conditions ``[n, classes]``."""
        features = self.features(images)
        logits: Tensor = self.realism(features)[:, 0].float()
        if self.direction is not None:
            # Scaled as attention is, so that the class speaks no louder on larger images.
            fit = (self.direction(conditions) * features).float().sum(1)
            logits = logits + fit / sqrt(features.shape[1])
        return logits


class Gan:
    """A generative adversarial network of images.

    Args:
        settings: Sizes and turns.
        form: Of the images.
    """

    prompted = False

    def __init__(self, settings: GanSettings, form: ImageForm) -> None:
        self.classes = form.classes
        self._settings, self._form = settings, form
        self._maker, self._discriminator = Maker(settings, form), Discriminator(settings, form)

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The discriminator and the generator."""
        return {"discriminator": self._discriminator, "generator": self._maker}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, defaults included."""
        return self._settings.model_dump(mode="json")

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model for such images; initial weights come from torch's global generator.

        Raises:
            UsageError: a setting is unknown or out of range, or these records do not suit a GAN.
        """
        read = read_settings(GanSettings, settings, kind="gan")
        return cls(read, ImageForm.of(examples, kind="gan", conditional=read.conditional))

    def prepare(self, examples: Examples) -> Rows:
        """Images, and labels where it is conditional: see `ImageForm.rows`.

        Raises:
            DataError: records are not of the form it was built for.
        """
        return self._form.rows(examples)

    def players(self) -> tuple[Player, ...]:
        """The discriminator, which sees records, and the generator, which sees none."""
        return (
            Player("discriminator", self._discriminator, self._real_losses, self._made_loss, self._settings.turns),
            Player("generator", self._maker, None, self._caught_loss),
        )

    def _real_losses(self, rows: Rows) -> Tensor:
        return functional.relu(1 - self._logits(rows))

    def _made_loss(self, n: int) -> Tensor:
        with torch.no_grad():
            images, conditions = self._make(n)
        return functional.relu(1 + self._discriminator(images, conditions)).mean()

    def _caught_loss(self, n: int) -> Tensor:
        # The discriminator only passes the gradient on: none of its own is computed or left behind.
        with frozen(self._discriminator):
            return -self._discriminator(*self._make(n)).mean()

    def _make(self, n: int) -> tuple[Tensor, Tensor]:
        """``n`` pictures and their conditions; every class as likely, since how often one occurs is of the records."""
        noise = torch.randn((n, self._settings.latent), device=device_of(self._maker))
        labels = torch.randint(len(self.classes), (n,), device=noise.device) if self.classes else None
        conditions = one_hot(labels, len(self.classes), like=noise)
        return self._maker(noise, conditions), conditions

    def _logits(self, rows: Rows) -> Tensor:
        images = rows["image"].to(device_of(self._discriminator))
        logits: Tensor = self._discriminator(images, one_hot(rows.get("label"), len(self.classes), like=images))
        return logits

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """``discriminator``: minus the logit of each record, ``[n]``; lower means taken for real, as members are.

        It needs no noise, so ``seed`` changes nothing. Logits do not saturate, however sure the discriminator is.
        The attack that reads them: Hayes et al. (2017), arXiv:1705.07663.
        """
        del seed
        with evaluating(self._discriminator):
            return {"discriminator": -self._logits(rows)}

    @property
    def noise_shape(self) -> tuple[int]:
        """Shape of the noise that becomes one image: a vector."""
        return (self._settings.latent,)

    def initial_noise(self, seeds: Sequence[int]) -> Tensor:
        """The noise that `draw` starts from, ``[n, latent]``, on the CPU."""
        return seeded_noise(seeds, self.noise_shape)

    def draw(
        self,
        seeds: Sequence[int],
        *,
        labels: Sequence[int] | None = None,
        prompts: Sequence[str] | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """One image for each seed.

        Raises:
            UsageError: labels are missing, or given where there are no classes; or prompts are given.
        """
        asked = self._form.asked(seeds, labels, prompts)
        start = self.initial_noise(seeds) if noise is None else noise
        return draw_from_noise(self._maker, self._maker, start, asked, classes=len(self.classes))

    def save(self, folder: Path) -> None:
        """Write ``config.json``, ``discriminator.safetensors`` and ``generator.safetensors``."""
        save(folder, "gan", self._settings, self._form, self.networks)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing, or not exactly what this model needs.
        """
        settings, form = read_config(folder, "gan", GanSettings)
        with torch.device("meta"):
            gan = cls(settings, form)
        load_weights(folder, gan.networks)
        return gan
