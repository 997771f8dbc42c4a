"""A watermark in what a checkpoint draws: in the noise it starts from, or in the finished picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError, nearest
from harness.models.kinds import is_drawing, is_invertible
from harness.records import DrawAsk, Value
from harness.watermark import spread_spectrum, tree_ring
from harness.watermark.keys import check_variable, fingerprint, read_key
from harness.watermark.look import SCHEMES

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Mark", "check_settings", "open_mark"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark and the key it is put in with.

    Attributes:
        scheme: One of `harness.watermark.look.SCHEMES`.
        key: The key itself.
        strength: Standard deviation in levels of 0 to 255 for ``spread_spectrum``, the radius for ``tree_ring``.
    """

    scheme: str
    key: str = field(repr=False)
    strength: float

    def details(self) -> dict[str, Value]:
        """What an identity says of it: all but the key, which its digest names."""
        return {"scheme": self.scheme, "strength": self.strength, "key": str(fingerprint(self.key))}

    def in_noise(self, noise: Tensor, asks: Sequence[DrawAsk]) -> Tensor:
        """Starting noise ``[n, channels, height, width]`` with the mark, where the scheme has it there.

        Raises:
            ModelError: the noise is too small for the radius.
        """
        wanted = _wanted(asks)
        if self.scheme != "tree_ring" or not wanted.any():
            return noise
        import torch

        marked = noise.clone()
        try:
            found = tree_ring.embed(noise.numpy()[wanted], key=self.key, radius=self.strength)
        except ValueError as error:
            raise ModelError(f"This model cannot carry the mark: {error}. Give another watermark_strength.") from error
        marked[torch.from_numpy(wanted)] = torch.from_numpy(found)
        return marked

    def in_pictures(self, pictures: NDArray[np.uint8], asks: Sequence[DrawAsk]) -> NDArray[np.uint8]:
        """Finished pictures ``[n, height, width, channels]`` with the mark, where the scheme has it there."""
        wanted = _wanted(asks)
        if self.scheme != "spread_spectrum" or not wanted.any():
            return pictures
        marked = pictures.copy()
        marked[wanted] = spread_spectrum.embed(pictures[wanted], key=self.key, strength=self.strength)
        return marked


def _wanted(asks: Sequence[DrawAsk]) -> NDArray[np.bool_]:
    return np.array([ask.marked for ask in asks], dtype=np.bool_)


def check_settings(scheme: str | None, key_env: str | None, strength: float | None) -> None:
    """Refuse settings that make no sense together; reads no key.

    Raises:
        ValueError: says which and why.
    """
    check_variable(key_env, "watermark_key_env")
    if scheme is None and (key_env is not None or strength is not None):
        raise ValueError(f"watermark_key_env and watermark_strength need a watermark: {' or '.join(SCHEMES)}")
    if scheme is not None and scheme not in SCHEMES:
        raise ValueError(f"watermark is {' or '.join(SCHEMES)}, not {scheme!r}.{nearest(str(scheme), SCHEMES)}")
    if strength is not None and not 0 < strength < np.inf:
        raise ValueError(f"watermark_strength is above 0, not {strength}")


def open_mark(scheme: str | None, key_env: str | None, strength: float | None, *, kind: str) -> Mark | None:
    """The mark that a generator of ``kind`` puts into its pictures; None where no scheme is named.

    Raises:
        ModelError: this kind cannot carry such a mark.
        UsageError: the key is not there.
    """
    if scheme is None:
        return None
    if not is_drawing(kind):
        raise ModelError(f"A generator of kind {kind!r} draws no pictures to put a watermark into. Remove `watermark`.")
    if scheme == "tree_ring" and not is_invertible(kind):
        raise ModelError(
            f"A generator of kind {kind!r} cannot carry a tree_ring mark: which noise a picture was drawn from cannot"
            ' be told. Use watermark = "spread_spectrum", which marks finished pictures.'
        )
    default = spread_spectrum.STRENGTH if scheme == "spread_spectrum" else tree_ring.RADIUS
    return Mark(scheme, read_key(key_env), default if strength is None else strength)
