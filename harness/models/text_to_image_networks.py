"""The three networks of latent diffusion, in the Stable Diffusion architecture, small: text, latents, denoising.

Rombach et al. (2022), arXiv:2112.10752. There the autoencoder is trained before the rest; here all three train in one
stage, with one loss for each record, so that one account of privacy covers everything that saw the records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from pydantic import Field, model_validator
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from harness.errors import ModelError
from harness.models.diffusion_folder import open_network, quietly
from harness.models.diffusion_layout import lay_in_order
from harness.models.diffusion_process import HORIZON, Predict, Prediction
from harness.models.generator import Settings
from harness.models.text_to_image_captions import END, START

__all__ = ["LatentDiffusion", "TextToImageSettings", "padded", "padded_side", "unpadded"]

GROUPS = 8
"""Groups in which channels are normalised."""

HEADS = 4
"""Attention heads, of text and of pictures."""

MULTIPLE = 8
"""Stable Diffusion's pipeline draws images of sides that 8 divides, so others are padded."""


class TextToImageSettings(Settings):
    """Settings of a text-to-image model."""

    autoencoder: tuple[int, ...] = Field(
        (16, 32), min_length=1, max_length=4, description="Channels of the autoencoder at each resolution; each halves."
    )
    latent: int = Field(4, ge=1, le=64, description="Channels of latents.")
    kl_weight: float = Field(1e-3, gt=0, description="Weight of the KL term, which gives latents their scale.")
    channels: tuple[int, ...] = Field(
        (32, 64), min_length=1, max_length=6, description="Channels of the denoiser at each resolution; each halves."
    )
    layers: int = Field(1, ge=1, le=8, description="Residual blocks at each resolution, of both.")
    attention: int = Field(1, ge=0, description="At how many of the coarsest resolutions the denoiser reads the text.")
    text_width: int = Field(64, ge=8, le=4096, description="Numbers in a token's representation.")
    text_layers: int = Field(1, ge=1, le=48, description="Transformer blocks of the text encoder.")
    caption_length: int = Field(32, ge=4, le=1024, description="Most tokens of a caption, one for each byte, and two.")
    caption_dropout: float = Field(0.1, gt=0, lt=1, description="Share of records trained without their caption.")
    template: str = Field("a photo of {}", description="Caption where records have none: {} is the name of the class.")
    guidance: float = Field(1.5, ge=1, le=20, description="Classifier-free guidance of drawing; 1 is none.")
    prediction: Prediction = Field("v_prediction", description="What the network tells: v_prediction or epsilon.")
    sampling_steps: int = Field(20, ge=2, le=HORIZON, description=f"Steps of drawing, a divisor of {HORIZON}.")
    multiplicity: int = Field(
        1, ge=1, le=128, description="Noises averaged for each record before its gradient is clipped."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        uneven = [width for width in (*self.autoencoder, *self.channels) if width % GROUPS]
        if uneven:
            raise ValueError(f"channels and autoencoder are multiples of {GROUPS}; {uneven[0]} is none")
        if self.text_width % HEADS:
            raise ValueError(f"text_width = {self.text_width} is no multiple of {HEADS}")
        if self.attention > len(self.channels):
            raise ValueError(f"attention = {self.attention}, but there are {len(self.channels)} resolutions")
        if HORIZON % self.sampling_steps:
            raise ValueError(f"sampling_steps = {self.sampling_steps} does not divide {HORIZON}; 20, 25, 40, 50 do")
        if "{}" not in self.template or self.template.count("{") != 1 or self.template.count("}") != 1:
            raise ValueError("template holds {} once, where the name of the class goes, and no other brace")
        return self

    @property
    def factor(self) -> int:
        """How many times smaller than an image its latents are, in height and in width."""
        return int(2 ** (len(self.autoencoder) - 1))


class LatentDiffusion(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """Text encoder, autoencoder and denoiser, which take their steps together.

    Attributes:
        text_encoder: Tokens to one vector for each.
        vae: Images to latents and back.
        unet: The denoiser of latents, which reads the vectors of the text.
    """

    def __init__(self, text_encoder: CLIPTextModel, vae: AutoencoderKL, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.text_encoder, self.vae, self.unet = text_encoder, vae, unet
        lay_in_order(self)

    @classmethod
    def fresh(cls, settings: TextToImageSettings, *, channels: int, size: int) -> Self:
        """New networks for images of ``channels`` whose padded side is ``size``."""
        return cls(
            _text_encoder(settings),
            _autoencoder(settings, channels, size),
            _denoiser(settings, size // settings.factor),
        )

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the networks of a Stable Diffusion pipeline, on the CPU, in evaluation mode.

        Raises:
            ModelError: a file is missing, or not exactly what a network needs.
        """
        vae = open_network(AutoencoderKL, folder, "vae")
        unet = open_network(UNet2DConditionModel, folder, "unet")
        network = cls(_open_text_encoder(folder / "text_encoder"), vae, unet)
        network.eval()
        return network

    def read(self, tokens: Tensor) -> Tensor:
        """Vectors of the text, ``[n, length, width]``, for tokens ``[n, length]``."""
        # One line of positions for each record: broadcast ones would give their weights one gradient for the batch.
        positions = torch.arange(tokens.shape[1], device=tokens.device).repeat(len(tokens), 1)
        found: Tensor = self.text_encoder(input_ids=tokens, position_ids=positions).last_hidden_state
        return found

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents of images ``[n, channels, size, size]``, float32."""
        posterior = self.vae.encode(images).latent_dist
        return posterior.mean.float(), posterior.logvar.float()

    def decode(self, latents: Tensor) -> Tensor:
        """Images ``[n, channels, size, size]``, float32, about in [-1, 1]."""
        found: Tensor = self.vae.decode(latents).sample.float()
        return found

    def denoiser(self, text: Tensor) -> Predict:
        """The denoiser under vectors of text ``[n, length, width]``."""

        def predict(noised: Tensor, steps: Tensor) -> Tensor:
            found: Tensor = self.unet(noised, steps, encoder_hidden_states=text).sample
            return found

        return predict


def padded_side(size: int) -> int:
    """The side of images of side ``size`` after `padded`."""
    return size + sum(_margins(size))


def padded(images: Tensor) -> Tensor:
    """Images with sides that 8 divides: edge pixels repeated on all four sides, as evenly as can be."""
    before, after = _margins(images.shape[-1])
    return functional.pad(images, (before, after, before, after), mode="replicate") if before + after else images


def unpadded(images: Tensor, size: int) -> Tensor:
    """What `padded` made of images of side ``size``, cut back."""
    before, _ = _margins(size)
    return images[..., before : before + size, before : before + size]


def _margins(size: int) -> tuple[int, int]:
    missing = -size % MULTIPLE
    return missing // 2, missing - missing // 2


def _text_encoder(settings: TextToImageSettings) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=END + 1,
        hidden_size=settings.text_width,
        intermediate_size=2 * settings.text_width,
        num_hidden_layers=settings.text_layers,
        num_attention_heads=HEADS,
        max_position_embeddings=settings.caption_length,
        bos_token_id=START,
        eos_token_id=END,
        pad_token_id=END,
    )
    return CLIPTextModel(config)


def _autoencoder(settings: TextToImageSettings, channels: int, size: int) -> AutoencoderKL:
    levels = len(settings.autoencoder)
    return AutoencoderKL(
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=settings.autoencoder,
        layers_per_block=settings.layers,
        latent_channels=settings.latent,
        norm_num_groups=GROUPS,
        sample_size=size,
        # A factor measured on the records would tell of them. None is needed: whatever its weight, the KL term is
        # least where latents have unit variance, since the decoder can undo any scale.
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )


def _denoiser(settings: TextToImageSettings, size: int) -> UNet2DConditionModel:
    plain, reading = len(settings.channels) - settings.attention, settings.attention
    return UNet2DConditionModel(
        sample_size=size,
        in_channels=settings.latent,
        out_channels=settings.latent,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",) * reading,
        up_block_types=("CrossAttnUpBlock2D",) * reading + ("UpBlock2D",) * plain,
        block_out_channels=settings.channels,
        layers_per_block=settings.layers,
        cross_attention_dim=settings.text_width,
        # By its history the name of diffusers for the number of heads.
        attention_head_dim=HEADS,
        norm_num_groups=GROUPS,
    )


def _open_text_encoder(folder: Path) -> CLIPTextModel:
    again = "The file is damaged or missing: get the model again, or train it again."
    found: Any
    try:
        with quietly():
            # Read apart: without it, transformers would begin with a network of full size.
            config = CLIPTextConfig.from_pretrained(folder, local_files_only=True)
            network, found = CLIPTextModel.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"{folder}: not a text encoder: {error}. {again}") from error
    wrong = sorted(str(key) for name in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in found[name])
    if wrong:
        raise ModelError(f"{folder}: {len(wrong)} tensors are missing, too many or of another shape. {again}")
    if not all(bool(weights.isfinite().all()) for weights in network.parameters()):
        raise ModelError(f"{folder}: a tensor has values that are not finite. {again}")
    return network.eval()
