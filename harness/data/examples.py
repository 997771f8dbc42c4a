"""Records a generator is trained on, in memory: images, passages of text, or images with captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest

__all__ = ["Examples"]


@dataclass(frozen=True, slots=True)
class Examples:
    """Training records, one per row; each has images, text, or both.

    Attributes:
        name: As it was asked for.
        digest: SHA-256 over the content of all records, in order.
        ids: One name per record, all distinct; names do not depend on the split.
        units: For each record, the unit it belongs to: the document of a passage, the image itself. Records of
            one unit are always on the same side of a split.
        images: uint8, ``[n, height, width, channels]`` with 1 or 3 channels; None for text.
        texts: Passages, or captions of the images; None where there are none.
        labels: Class number of each record, in ``[0, len(classes))``; None where there are no classes.
        classes: Names of the classes.
        attributes: Planted or known attributes by name, one value per record: ``{"colour": ("red", …)}``.
    """

    name: str
    digest: Digest
    ids: tuple[str, ...]
    units: tuple[str, ...]
    images: NDArray[np.uint8] | None = None
    texts: tuple[str, ...] | None = None
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = {"units": self.units, "images": self.images, "texts": self.texts, "labels": self.labels}
        uneven = sorted(
            name
            for name, column in {**columns, **self.attributes}.items()
            if column is not None and len(column) != len(self.ids)
        )
        if uneven:
            raise ValueError(f"{', '.join(uneven)} and ids differ in length")
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("two records have one id")
        if self.images is None and self.texts is None:
            raise ValueError("records need images, texts, or both")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Examples:
        """The records at ``rows``, each at most once, in that order; name and digest stay those of the whole."""
        at = [int(row) for row in rows]
        return replace(
            self,
            ids=tuple(self.ids[row] for row in at),
            units=tuple(self.units[row] for row in at),
            images=None if self.images is None else self.images[at],
            texts=None if self.texts is None else tuple(self.texts[row] for row in at),
            labels=None if self.labels is None else self.labels[at],
            attributes={name: tuple(values[row] for row in at) for name, values in self.attributes.items()},
        )
