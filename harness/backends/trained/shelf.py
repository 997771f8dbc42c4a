"""Images of the replies to the last asks, by name, until they are fetched into the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.canonical import digest_bytes
from harness.records import Finish, Reply

__all__ = ["Shelf"]


@dataclass(slots=True)
class Shelf:
    """PNGs by name; emptied before the next asks are answered.

    Attributes:
        encode: Turns pixels into a PNG; None for `harness.images.pictures.to_png`.
    """

    encode: Callable[[NDArray[np.uint8]], bytes] | None = None
    _files: dict[str, bytes] = field(default_factory=dict, init=False)

    def clear(self) -> None:
        """Forget all of them."""
        self._files.clear()

    def keep(self, image: NDArray[np.uint8], *, seconds: float = 0.0) -> Reply:
        """Put an image ``[height, width, channels]`` on the shelf and return the reply that names it.

        An image of other than 1 or 3 channels is a FAILED reply.
        """
        if image.shape[-1] not in (1, 3):
            problem = f"the model gives {image.shape[-1]} channels; an image has 1 (grey) or 3 (red, green, blue)"
            return Reply(Finish.FAILED, error=problem, seconds=seconds)
        png = self._png(image)
        name = f"{digest_bytes(png).hex}.png"
        self._files[name] = png
        return Reply(Finish.STOP, media=(name,), seconds=seconds)

    def _png(self, image: NDArray[np.uint8]) -> bytes:
        if self.encode is not None:
            return self.encode(image)
        from harness.images.pictures import to_png

        return to_png(image)

    def media(self, name: str) -> bytes:
        """Content of an image.

        Raises:
            KeyError: no reply to the last asks named it.
        """
        return self._files[name]
