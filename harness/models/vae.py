"""A convolutional variational autoencoder, conditional by class where that is asked for.

Kingma and Welling (2013), arXiv:1312.6114. Pixels are Gaussian around the decoded picture, with one spread for all of
them that is learned (Rybkin et al. 2020, arXiv:2006.13202). Not Bernoulli: pixels are levels of grey, for which
Bernoulli is no likelihood, so its "bound" would bound nothing; and it weighs reconstruction so lightly that on small
images most latent units fall silent. With the spread learned, reconstruction and KL are in balance without a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, pi
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from harness.data.examples import Examples
from harness.models.blocks import device_of, evaluating, halve, one_hot, project, seeded_noise, to_picture
from harness.models.generator import Player, Rows, Settings
from harness.models.image_form import ImageForm, draw_from_noise
from harness.models.kinds import read_settings
from harness.models.weights import load_weights, read_config, save

__all__ = ["Autoencoder", "Vae", "VaeSettings", "importance_bound"]

SMALLEST_SPREAD = 1 / 255  # half a level of grey: no pixel is known better, and the density stays bounded


class VaeSettings(Settings):
    """Settings of a VAE."""

    conditional: bool = Field(True, description="Whether images are drawn by class.")
    width: int = Field(16, ge=4, le=1024, description="Channels after the first convolution; twice as many after it.")
    hidden: int = Field(64, ge=4, le=8192, description="Units of the dense layers.")
    latent: int = Field(8, ge=1, le=1024, description="Latent units.")
    kl_weight: float = Field(1.0, gt=0, description="Weight of the KL term in training; 1 makes it a bound.")
    multiplicity: int = Field(
        1, ge=1, le=64, description="Reparameterised samples averaged for each record before its gradient is clipped."
    )
    samples: int = Field(16, ge=1, le=4096, description="Samples of the importance-weighted bound in evaluation.")


class Autoencoder(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Encoder, decoder and the spread of pixels around what is decoded.

    Args:
        settings: Sizes.
        form: Of the images.
    """

    def __init__(self, settings: VaeSettings, form: ImageForm) -> None:
        super().__init__()
        width, classes, side = settings.width, len(form.classes), form.quarter
        flat = 2 * width * side * side
        self.pixels, self.latent = form.pixels, settings.latent
        self.features = nn.Sequential(halve(form.channels, width), halve(width, 2 * width), nn.Flatten())
        self.posterior = nn.Sequential(
            nn.Linear(flat + classes, settings.hidden), nn.SiLU(), nn.Linear(settings.hidden, 2 * settings.latent)
        )
        self.plan = nn.Sequential(nn.Linear(settings.latent + classes, settings.hidden), nn.SiLU())
        self.picture = nn.Sequential(
            project(settings.hidden, 2 * width, side), to_picture((2 * width, width, width), form.channels)
        )
        self.expected = (
            nn.Sequential(
                nn.Linear(classes, settings.hidden), nn.SiLU(), nn.Linear(settings.hidden, 2 * settings.latent)
            )
            if classes
            else None
        )
        # One number, as a layer: gradients of single records are computed layer by layer.
        self.spread = nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.spread.weight, -1.0)

    def encode(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the posterior, each ``[n, latent]``, of images under conditions ``[n, classes]``."""
        found = self.posterior(torch.cat([self.features(images), conditions], 1)).float()
        mean, log_variance = found.chunk(2, dim=1)
        return mean, log_variance

    def prior(self, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of latents before an image is seen, each ``[n, latent]``; ``N(0, 1)`` without classes.

        Each class has its own: with one prior for all, latents that tell the class would be drawn for a wrong one.
        """
        if self.expected is None:
            zeros = conditions.new_zeros((len(conditions), self.latent))
            return zeros, zeros
        mean, log_variance = self.expected(conditions).float().chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Pictures ``[n, channels, size, size]`` in [-1, 1] for latents ``[n, latent]``, float32."""
        pictures: Tensor = self.picture(self.plan(torch.cat([latents, conditions], 1))).float()
        return pictures

    def imagine(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Pictures as `decode` gives them, of the latents that noise ``[n, latent]`` stands for under the prior."""
        return self.decode(_at(self.prior(conditions), noise), conditions)

    def surprise(self, images: Tensor, latents: Tensor, conditions: Tensor) -> Tensor:
        """``-log p(image | latent)`` in nats for each record, ``[n]``: a density over pixels in [-1, 1]."""
        squares = (images - self.decode(latents, conditions)).square().flatten(1).sum(1)
        spread = SMALLEST_SPREAD + self.spread(images.new_ones((len(images), 1))).float().exp()[:, 0]
        return 0.5 * squares / spread.square() + self.pixels * (spread.log() + 0.5 * log(2 * pi))


class Vae:
    """A variational autoencoder of images.

    Args:
        settings: Sizes and weights.
        form: Of the images.
    """

    prompted = False

    def __init__(self, settings: VaeSettings, form: ImageForm) -> None:
        self.classes = form.classes
        self._settings, self._form = settings, form
        self._network = Autoencoder(settings, form)

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Encoder and decoder, as one network."""
        return {"autoencoder": self._network}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, defaults included."""
        return self._settings.model_dump(mode="json")

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model for such images; initial weights come from torch's global generator.

        Raises:
            UsageError: a setting is unknown or out of range, or these records do not suit a VAE.
        """
        read = read_settings(VaeSettings, settings, kind="vae")
        return cls(read, ImageForm.of(examples, kind="vae", conditional=read.conditional))

    def prepare(self, examples: Examples) -> Rows:
        """Images, and labels where it is conditional: see `ImageForm.rows`.

        Raises:
            DataError: records are not of the form it was built for.
        """
        return self._form.rows(examples)

    def players(self) -> tuple[Player, ...]:
        """One: encoder and decoder step together."""
        return (Player("autoencoder", self._network, self._record_losses),)

    def _record_losses(self, rows: Rows) -> Tensor:
        shape = (len(rows["image"]), self._settings.multiplicity, self._settings.latent)
        return self.loss_at(rows, torch.randn(shape, device=device_of(self._network)))

    def loss_at(self, rows: Rows, noise: Tensor) -> Tensor:
        """The training loss of each record, ``[n]``, in nats, at given noise.

        Args:
            rows: Records.
            noise: ``[n, multiplicity, latent]``; for each record the reconstruction is averaged over its samples.
        """
        images, conditions = self._inputs(rows)
        posterior, prior = self._network.encode(images, conditions), self._network.prior(conditions)
        total = _divergence(posterior, prior) * self._settings.kl_weight
        # One pass for each sample, records first in each: so their gradients add up record by record.
        for sample in noise.unbind(1):
            total = total + self._network.surprise(images, _at(posterior, sample), conditions) / noise.shape[1]
        return total

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """Losses of single records in nats, each ``[n]``; lower is better fitted.

        ``bound``: importance-weighted upper bound of ``-log p(image)`` (Burda et al. 2015, arXiv:1509.00519);
        ``elbo``: reconstruction + KL, a looser one; ``reconstruction``: mean over samples of
        ``-log p(image | latent)``; ``kl``: from posterior to prior, exactly. The noise is drawn from ``seed`` and
        shared by all records.
        """
        source = torch.Generator().manual_seed(seed)
        noise = torch.randn((self._settings.samples, self._settings.latent), generator=source)
        with evaluating(self._network):
            images, conditions = self._inputs(rows)
            posterior, prior = self._network.encode(images, conditions), self._network.prior(conditions)
            surprises, weights = [], []
            for sample in noise.to(images.device):
                latents = _at(posterior, sample)
                surprises.append(self._network.surprise(images, latents, conditions))
                weights.append(_log_density(latents, prior) - _log_density(latents, posterior) - surprises[-1])
            kl = _divergence(posterior, prior)
            reconstruction = torch.stack(surprises).mean(0)
            bound = importance_bound(torch.stack(weights))
        return {"bound": bound, "elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def active_units(self, rows: Rows, *, threshold: float = 0.01) -> Tensor:
        """Which latent units say something of these records: bool ``[latent]``.

        A unit is active where the variance of its posterior mean over the records is above ``threshold`` (Burda et
        al. 2015, arXiv:1509.00519). It is a statistic of the records: of private ones it is not covered by any claim.
        """
        with evaluating(self._network):
            mean, _ = self._network.encode(*self._inputs(rows))
            return (mean.var(0) > threshold).cpu()

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
        """One image for each seed: the decoded picture of a latent from the prior, without noise of pixels.

        Raises:
            UsageError: labels are missing, or given where there are no classes; or prompts are given.
        """
        asked = self._form.asked(seeds, labels, prompts)
        start = self.initial_noise(seeds) if noise is None else noise
        return draw_from_noise(self._network, self._network.imagine, start, asked, classes=len(self.classes))

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``autoencoder.safetensors``."""
        save(folder, "vae", self._settings, self._form, self.networks)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing, or not exactly what this model needs.
        """
        settings, form = read_config(folder, "vae", VaeSettings)
        with torch.device("meta"):
            vae = cls(settings, form)
        load_weights(folder, vae.networks)
        return vae

    def _inputs(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Images and conditions, on the device of the weights."""
        images = rows["image"].to(device_of(self._network))
        return images, one_hot(rows.get("label"), len(self.classes), like=images)


def importance_bound(weights: Tensor) -> Tensor:
    """Upper bound of ``-log p`` for each record from log importance weights ``[samples, n]``; ``[n]``, in nats.

    The weights are ``log p(image, latent) - log q(latent | image)``. Burda et al. (2015), arXiv:1509.00519, equation 8.
    """
    return log(len(weights)) - torch.logsumexp(weights, dim=0)


Gaussian = tuple[Tensor, Tensor]
"""Mean and log variance of independent units, each ``[n, latent]``."""


def _at(gaussian: Gaussian, noise: Tensor) -> Tensor:
    """The values that standard normal noise stands for."""
    mean, log_variance = gaussian
    return mean + (0.5 * log_variance).exp() * noise


def _log_density(values: Tensor, gaussian: Gaussian) -> Tensor:
    """Log density of each row ``[n]``, in nats."""
    mean, log_variance = gaussian
    return -0.5 * ((values - mean).square() / log_variance.exp() + log_variance + log(2 * pi)).sum(1)


def _divergence(posterior: Gaussian, prior: Gaussian) -> Tensor:
    """KL divergence of the posterior from the prior for each row, ``[n]``, in nats."""
    (mean, log_variance), (expected, log_width) = posterior, prior
    apart = ((mean - expected).square() + log_variance.exp()) / log_width.exp()
    return 0.5 * (apart + log_width - log_variance - 1).sum(1)
