"""Text to image by latent diffusion, saved as a Stable Diffusion pipeline.

It opens anywhere with ``diffusers.StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)``. Called with
``num_inference_steps`` and ``guidance_scale`` as in the settings, and one CPU generator for each seed, it draws the
images of `TextToImage.draw`. The pipeline needs sides that 8 divides: where images have others, it draws the margin
that was added for training too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from harness.data.examples import Examples
from harness.errors import DataError, UsageError
from harness.models.blocks import device_of, evaluating, in_passes, seeded_noise
from harness.models.diffusion_folder import quietly, save_index
from harness.models.diffusion_process import Predict, Process, guided
from harness.models.generator import Player, Rows
from harness.models.image_form import ImageForm
from harness.models.kinds import read_settings
from harness.models.text_to_image_captions import Captions, asked_prompts, captions_of, class_prompts
from harness.models.text_to_image_networks import LatentDiffusion, TextToImageSettings, padded, padded_side, unpadded
from harness.models.weights import read_config, save

__all__ = ["TextToImage"]

PARTS = {
    "text_encoder": "transformers.CLIPTextModel",
    "tokenizer": "transformers.CLIPTokenizer",
    "vae": "diffusers.AutoencoderKL",
    "unet": "diffusers.UNet2DConditionModel",
    "scheduler": "diffusers.DDIMScheduler",
}
"""Folders of a Stable Diffusion pipeline, and what is in them."""


class TextToImage:
    """A latent diffusion model that draws what a prompt says (Rombach et al. 2022, arXiv:2112.10752).

    Attributes:
        classes: Prompts that stand for the classes of the records, where they have classes; it takes any others too.
        network: Its three networks.
        captions: Its tokenizer.

    Args:
        network: For images of that form.
        captions: Of the length that its settings say.
        settings: It was made with.
        form: Of its images, with those prompts for classes.
    """

    prompted = True

    def __init__(
        self, network: LatentDiffusion, captions: Captions, settings: TextToImageSettings, form: ImageForm
    ) -> None:
        self.classes = form.classes
        self.network = network
        self.captions = captions
        self._settings, self._form = settings, form.model_copy(update={"classes": ()})
        self._process = Process(settings.prediction, settings.sampling_steps)

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model for such images; initial weights come from torch's global generator.

        Raises:
            UsageError: a setting is unknown or out of range, or these records do not suit it.
        """
        read = read_settings(TextToImageSettings, settings, kind="text_to_image")
        form = ImageForm.of(examples, kind="text_to_image", conditional=False)
        side = padded_side(form.size)
        if side // read.factor < 2 ** (len(read.channels) - 1):
            raise UsageError(
                f"text_to_image: images of {form.size}x{form.size} pixels cannot be halved"
                f" {len(read.autoencoder) + len(read.channels) - 2} times. Give fewer channels, or larger images."
            )
        captions, classes = Captions.of_bytes(read.caption_length), class_prompts(examples, read.template)
        problem = captions.first_problem(classes)
        if problem is not None:
            raise UsageError(
                f"text_to_image: {classes[problem[0]]!r}, which stands for a class, {problem[1]}."
                " Set a larger caption_length, or rename the class."
            )
        network = LatentDiffusion.fresh(read, channels=form.channels, size=side)
        return cls(network, captions, read, form.model_copy(update={"classes": classes}))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing, or not exactly what this model needs.
        """
        settings, form = read_config(folder, "text_to_image", TextToImageSettings)
        return cls(LatentDiffusion.open(folder), Captions.open(folder / "tokenizer"), settings, form)

    def save(self, folder: Path) -> None:
        """Write a ``StableDiffusionPipeline`` of diffusers, and beside it ``config.json`` with settings and form."""
        parts = {**PARTS, "safety_checker": None, "feature_extractor": None, "image_encoder": None}
        written = {"text_encoder": self.network.text_encoder, "vae": self.network.vae, "unet": self.network.unet}
        with quietly():
            for part, it in {**written, "scheduler": self._process.scheduler()}.items():
                it.save_pretrained(folder / part)
            self.captions.save(folder / "tokenizer")
        save_index(folder, "StableDiffusionPipeline", parts, requires_safety_checker=False)
        named = self._form.model_copy(update={"classes": self.classes})
        save(folder, "text_to_image", self._settings, named, {})

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Text encoder, autoencoder and denoiser, as one network: ``model``."""
        return {"model": self.network}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, defaults included."""
        return self._settings.model_dump(mode="json")

    # ── training ──────────────────────────────────────────────────────────────────────────

    def prepare(self, examples: Examples) -> Rows:
        """Images, padded, ``[n, channels, side, side]``, and the ``tokens`` of their captions, ``[n, length]``.

        Raises:
            DataError: records are not of the form it was built for, have no captions, or one that cannot be read.
        """
        captions = captions_of(examples, self._settings.template)
        problem = self.captions.first_problem(captions)
        if problem is not None:
            raise DataError(
                f"Record {examples.ids[problem[0]]!r} of {examples.name}: its caption {problem[1]}."
                " Repair it, or train with a larger caption_length."
            )
        return {"image": padded(self._form.rows(examples)["image"]), "tokens": self.captions.rows(captions)}

    def players(self) -> tuple[Player, ...]:
        """One: all three networks step together."""
        return (Player("model", self.network, self.record_losses),)

    def record_losses(self, rows: Rows) -> Tensor:
        """Training loss of each record, ``[n]``: reconstruction, a little KL, and denoising of the latents.

        The denoiser sees latents detached, so it cannot make them easy at the expense of the images. It is averaged
        over ``multiplicity`` noises, each a pass of its own with the records in their order, so that gradients add up
        record by record (Dockhorn et al. 2022, arXiv:2210.09929). All that is random, captions dropped included,
        comes from torch's global generator.
        """
        images, tokens = self._moved(rows)
        mean, log_variance = self.network.encode(images)
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        reconstruction = (self.network.decode(latents) - images).square().flatten(1).mean(1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).mean(1)
        predict = self.network.denoiser(self.network.read(self._dropped(tokens)))
        denoising = torch.zeros_like(kl)
        for _ in range(self._settings.multiplicity):
            denoising = denoising + self._process.random_losses(predict, latents.detach())
        return reconstruction + self._settings.kl_weight * kl + denoising / self._settings.multiplicity

    def _dropped(self, tokens: Tensor) -> Tensor:
        """Captions, some replaced by the empty one: of it alone guidance knows how an image looks unasked."""
        dropped = torch.rand(len(tokens), device=tokens.device) < self._settings.caption_dropout
        return torch.where(dropped[:, None], self.captions.rows([""]).to(tokens.device), tokens)

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """For each record the mean squared error of the predicted noise at ``t=100`` and others, in latents.

        And ``reconstruction``, of pixels in [-1, 1]. Latents are the posterior's mean; the noise is drawn from
        ``seed`` and shared by all records: see `Process.watched_losses`.
        """
        images, tokens = self._moved(rows)
        with evaluating(self.network):
            latents, _ = self.network.encode(images)
            predict = self.network.denoiser(self.network.read(tokens))
            found = dict(self._process.watched_losses(predict, latents, seed=seed))
            found["reconstruction"] = (self.network.decode(latents) - images).square().flatten(1).mean(1)
        return found

    def _moved(self, rows: Rows) -> tuple[Tensor, Tensor]:
        device = device_of(self.network)
        return rows["image"].to(device), rows["tokens"].to(device)

    # ── drawing ───────────────────────────────────────────────────────────────────────────

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """Shape of the noise that becomes one image: that of its latents."""
        side = padded_side(self._form.size) // self._settings.factor
        return self._settings.latent, side, side

    def initial_noise(self, seeds: Sequence[int]) -> Tensor:
        """The noise that `draw` starts from, ``[n, *noise_shape]``, on the CPU."""
        return seeded_noise(seeds, self.noise_shape)

    def prompt_problem(self, prompt: str) -> str:
        """Why a prompt cannot be drawn, or an empty string."""
        return self.captions.problem(prompt)

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
            labels: None: it is asked in words.
            prompts: Of each image.
            noise: To start from instead of what the seeds give, ``[n, *noise_shape]``.

        Raises:
            UsageError: there is not one prompt for each image, one cannot be read, or labels are given.
        """
        _refuse(labels)
        tokens = asked_prompts(self.captions, prompts, len(seeds))
        start = self.initial_noise(seeds) if noise is None else noise
        if len(start) == 0:
            return torch.empty(0, self._form.channels, self._form.size, self._form.size)

        def forth(at: slice, state: Tensor) -> Tensor:
            images = self.network.decode(self._process.sample(self._guided(tokens[at]), state))
            return unpadded(images, self._form.size).clamp(-1, 1)

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
            labels: None: it is asked in words.
            prompts: Of each image, drawn with guidance; None where they are not known: then without.
            refinements: Rounds of solving each step: see `Process.invert`.

        Raises:
            UsageError: as for `draw`.
        """
        _refuse(labels)
        tokens = None if prompts is None else asked_prompts(self.captions, prompts, len(images))
        if len(images) == 0:
            return torch.empty(0, *self.noise_shape)

        def back(at: slice, state: Tensor) -> Tensor:
            latents, _ = self.network.encode(padded(state))
            predict = self._free(len(state)) if tokens is None else self._guided(tokens[at])
            return self._process.invert(predict, latents, refinements=refinements)

        return in_passes(self.network, back, images)

    def _free(self, n: int) -> Predict:
        """The denoiser of ``n`` images under no caption."""
        nothing = self.captions.rows([""]).to(device_of(self.network))
        return self.network.denoiser(self.network.read(nothing).repeat(n, 1, 1))

    def _guided(self, tokens: Tensor) -> Predict:
        """The denoiser under captions, with guidance."""
        reading = self.network.denoiser(self.network.read(tokens.to(device_of(self.network))))
        if self._settings.guidance == 1:
            return reading
        return guided(reading, self._free(len(tokens)), self._settings.guidance)


def _refuse(labels: Sequence[int] | None) -> None:
    if labels is not None:
        raise UsageError("This model draws from prompts, not by label. Leave the labels out, and say what to draw.")
