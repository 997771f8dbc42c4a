"""Images of one form: records to tensors, labels that are asked for, and drawing in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from harness.data.examples import Examples
from harness.errors import DataError, UsageError
from harness.images.pictures import to_floats
from harness.models.blocks import in_passes, one_hot
from harness.models.generator import Rows, Settings

__all__ = ["ImageForm", "draw_from_noise"]


class ImageForm(Settings):
    """What the images of a model have in common.

    Attributes:
        channels: 1 for grey, 3 for colour.
        size: Height and width.
        classes: Names of the classes images are asked for; empty for an unconditional model.
    """

    channels: Literal[1, 3]
    size: int = Field(ge=8, le=4096, multiple_of=4)
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, examples: Examples, *, kind: str, conditional: bool) -> ImageForm:
        """The form of ``examples``, with their classes where the model is conditional.

        Raises:
            UsageError: they are no images, not square, too small or of a side that 4 does not divide, or have no
                classes where the model needs them.
        """
        if examples.images is None:
            raise UsageError(f"{kind}: {examples.name} has no images. Train `language` on texts.")
        _, height, width, channels = examples.images.shape
        if height != width or height % 4 or height < 8 or channels not in {1, 3}:
            raise UsageError(
                f"{kind}: the images of {examples.name} are {_size(examples.images)}; they must be square, grey or"
                " RGB, of a side of at least 8 that 4 divides. Crop, pad or resize them."
            )
        if conditional and (examples.labels is None or not examples.classes):
            raise UsageError(
                f"{kind}: {examples.name} has no classes to draw by. Set `conditional = false` in the model's"
                " settings, or use images with classes."
            )
        return cls.model_validate(
            {"channels": channels, "size": height, "classes": examples.classes if conditional else ()}
        )

    @property
    def quarter(self) -> int:
        """The side after two halvings."""
        return self.size // 4

    @property
    def pixels(self) -> int:
        """Values in one image."""
        return self.channels * self.size * self.size

    def rows(self, examples: Examples) -> Rows:
        """Records as tensors: ``image`` float32 ``[n, channels, size, size]`` in [-1, 1], ``label`` int64 ``[n]``.

        There are no labels where the model is unconditional.

        Raises:
            DataError: records are not of this form; names the first of them.
        """
        images, expected = examples.images, (self.size, self.size, self.channels)
        if images is None or images.shape[1:] != expected:
            found = "no images" if images is None else f"images of {_size(images)}"
            raise DataError(
                f"{_first(examples)} and all of {examples.name}: {found}; this model was built for {self.size}x"
                f"{self.size} pixels with {self.channels} channel(s). Use records like those it was trained on."
            )
        rows = {"image": torch.from_numpy(to_floats(images))}
        if self.classes:
            rows["label"] = self._labels(examples)
        return rows

    def _labels(self, examples: Examples) -> Tensor:
        if examples.labels is None or examples.classes != self.classes:
            raise DataError(
                f"{_first(examples)} and all of {examples.name}: this model is conditional on the classes"
                f" {_listed(self.classes)}; these records have {_listed(examples.classes)}."
                " Use records with those classes, in that order."
            )
        outside = np.flatnonzero((examples.labels < 0) | (examples.labels >= len(self.classes)))
        if len(outside):
            row = int(outside[0])
            raise DataError(
                f"Record {examples.ids[row]!r} of {examples.name}: class number {examples.labels[row]} is not in 0 to"
                f" {len(self.classes) - 1}. Correct its label."
            )
        return torch.from_numpy(examples.labels.astype(np.int64))

    def asked(self, seeds: Sequence[int], labels: Sequence[int] | None, prompts: Sequence[str] | None) -> Tensor | None:
        """Labels of the images asked for, ``[n]``; None for an unconditional model.

        Raises:
            UsageError: prompts are given, labels are missing or too many, or one is no class.
        """
        if prompts is not None:
            raise UsageError("This model does not read prompts. Leave them out, or use a text-to-image model.")
        if not self.classes:
            if labels is not None:
                raise UsageError("This model is unconditional: it draws no class on demand. Leave the labels out.")
            return None
        if labels is None or len(labels) != len(seeds):
            given = "none were given" if labels is None else f"{len(labels)} were given for {len(seeds)} images"
            raise UsageError(f"This model draws by class and needs one label for each image; {given}.")
        wrong = [label for label in labels if not 0 <= label < len(self.classes)]
        if wrong:
            raise UsageError(f"There is no class {wrong[0]}: give numbers from 0 to {len(self.classes) - 1}.")
        return torch.tensor(labels, dtype=torch.int64)


def draw_from_noise(
    network: nn.Module,
    make: Callable[[Tensor, Tensor], Tensor],
    noise: Tensor,
    labels: Tensor | None,
    *,
    classes: int,
) -> Tensor:
    """One picture for each row of noise, on the CPU, made in passes of bounded size.

    Args:
        network: That makes them; it is put in evaluation mode meanwhile.
        make: Noise ``[n, latent]`` and conditions ``[n, classes]`` to pictures ``[n, channels, size, size]``.
        noise: ``[n, latent]``, of at least one picture.
        labels: Class of each; None where there are no classes.
        classes: How many classes there are.
    """

    def through(at: slice, some: Tensor) -> Tensor:
        return make(some, one_hot(None if labels is None else labels[at], classes, like=some))

    return in_passes(network, through, noise)


def _size(images: NDArray[Any]) -> str:
    _, height, width, channels = images.shape
    return f"{width}x{height} pixels with {channels} channel(s)"


def _first(examples: Examples) -> str:
    return f"Record {examples.ids[0]!r}" if examples.ids else "No record"


def _listed(classes: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in classes[:10])
    return f"{shown}, … ({len(classes)})" if len(classes) > 10 else shown or "none"
