"""Images between three forms: float in [-1, 1] as networks have them, bytes 0 to 255, and PNG.

A generated image is measured as its PNG has it: rounding to bytes comes first, for real and generated alike.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

__all__ = ["from_png", "grid", "media_name", "to_bytes", "to_floats", "to_png"]

Bytes = NDArray[np.uint8]


def to_bytes(images: NDArray[np.floating]) -> Bytes:
    """Round float images ``[n, channels, height, width]`` in [-1, 1] to uint8 ``[n, height, width, channels]``.

    What lies outside the range is cut off.
    """
    scaled = np.rint((np.clip(images, -1.0, 1.0) + 1.0) * 127.5)
    return np.ascontiguousarray(np.moveaxis(scaled, 1, -1)).astype(np.uint8)


def to_floats(images: Bytes) -> NDArray[np.float32]:
    """Turn uint8 ``[n, height, width, channels]`` into float32 ``[n, channels, height, width]`` in [-1, 1]."""
    return np.ascontiguousarray(np.moveaxis(images, -1, 1)).astype(np.float32) / 127.5 - 1.0


def to_png(image: Bytes) -> bytes:
    """Encode ``[height, width, channels]`` with 1 or 3 channels; equal images give equal bytes."""
    sink = BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(sink, format="PNG", optimize=False)
    return sink.getvalue()


def from_png(content: bytes) -> Bytes:
    """Decode what `to_png` wrote: uint8 ``[height, width, channels]``.

    Raises:
        ValueError: it is not a PNG of 8-bit grey or RGB pixels.
    """
    try:
        picture = Image.open(BytesIO(content), formats=("PNG",))
        picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"not a readable PNG: {error}") from error
    if picture.mode not in ("L", "RGB"):
        raise ValueError(f"a PNG of mode {picture.mode}, not 8-bit grey or RGB")
    pixels = np.asarray(picture, dtype=np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def media_name(png: bytes) -> str:
    """Name a PNG by its content: ``<sha256>.png``."""
    return f"{hashlib.sha256(png).hexdigest()}.png"


def grid(images: Bytes, *, columns: int, scale: int = 1, gap: int = 1) -> Bytes:
    """Lay images out in rows of ``columns`` on a mid-grey ground.

    Args:
        images: ``[n, height, width, channels]``, at least one.
        columns: Images in a row.
        scale: Each pixel becomes so many by so many, so that small images can be seen.
        gap: Pixels between images, before scaling.
    """
    n, height, width, channels = images.shape
    rows = ceil(n / columns)
    canvas = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 128, np.uint8)
    for number, image in enumerate(images):
        top, left = gap + (number // columns) * (height + gap), gap + (number % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas.repeat(scale, axis=0).repeat(scale, axis=1)
