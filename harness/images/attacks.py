"""What happens to pictures on their way: compressed, cropped, blurred, resized, brightened, overlaid with noise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from harness.errors import UsageError, nearest

__all__ = ["ATTACKS", "attack"]

Picture = Image.Image


def _jpeg(picture: Picture, quality: float) -> Picture:
    sink = BytesIO()
    picture.save(sink, format="JPEG", quality=int(quality))
    return Image.open(sink).convert(picture.mode)


def _crop(picture: Picture, kept: float) -> Picture:
    width, height = picture.size
    left, top = width * (1 - kept) / 2, height * (1 - kept) / 2
    box = (left, top, width - left, height - top)
    return picture.resize(picture.size, Image.Resampling.BILINEAR, box=box)


def _blur(picture: Picture, radius: float) -> Picture:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def _resize(picture: Picture, share: float) -> Picture:
    width, height = (max(1, round(size * share)) for size in picture.size)
    small = picture.resize((width, height), Image.Resampling.BILINEAR)
    return small.resize(picture.size, Image.Resampling.BILINEAR)


def _brightness(picture: Picture, factor: float) -> Picture:
    return ImageEnhance.Brightness(picture).enhance(factor)


def _noise(picture: Picture, spread: float) -> Picture:
    pixels = np.asarray(picture, np.float64)
    # Seeded by the picture itself: the same picture is always disturbed in the same way.
    seed = int.from_bytes(hashlib.sha256(pixels.tobytes()).digest()[:8], "big")
    disturbed = pixels + 255 * spread * np.random.default_rng(seed).standard_normal(pixels.shape)
    return Image.fromarray(np.clip(np.rint(disturbed), 0, 255).astype(np.uint8))


ATTACKS: Mapping[str, Callable[[Picture, float], Picture]] = {
    "jpeg": _jpeg,
    "crop": _crop,
    "blur": _blur,
    "resize": _resize,
    "brightness": _brightness,
    "noise": _noise,
}
"""Kind → what it does: JPEG quality 1 to 95; side kept, 0 to 1; blur radius in pixels; side kept while small, 0 to 1;
brightness factor; standard deviation of the noise as a share of the range."""


def attack(image: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Put one picture ``[height, width, channels]`` through ``name``, such as ``jpeg-50``; its shape stays.

    Raises:
        UsageError: no such kind, or no number after it.
    """
    kind, _, amount = name.partition("-")
    if kind not in ATTACKS:
        known = ", ".join(ATTACKS)
        raise UsageError(f"No attack is named {kind!r}.{nearest(kind, ATTACKS)} Known: {known}, each as in jpeg-50.")
    try:
        strength = float(amount)
    except ValueError as error:
        raise UsageError(f"{name}: an attack has a number, as in {kind}-0.5.") from error
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    pixels = np.asarray(ATTACKS[kind](picture, strength), dtype=np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels
