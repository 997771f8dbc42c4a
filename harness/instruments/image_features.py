"""A picture → edges and colours: the description that classifiers and distances in probes are built on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["ImageFeatures"]


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Reads a picture by a fixed rule, without weights: see `harness.images.features`."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        from harness.images.features import NAMES, VERSION

        return InstrumentCard(
            id="image_features",
            version=VERSION,
            title="Edges and colours",
            measures=dict.fromkeys(NAMES, "0 to 1"),
            digest=digest(["image_features", VERSION, list(NAMES)]),
            accuracy=(
                "A fixed rule without error of its own; what is concluded from it (a class, a distance) carries the"
                " error that the probe measures on real pictures."
            ),
            limits=(
                "It sees edges, their directions and mean colours, not what a picture means.",
                "Distances in it are not comparable with published figures, which use another network's features.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Describe each picture."""
        import numpy as np

        from harness.images.features import NAMES, describe
        from harness.images.pictures import from_png

        pictures = [from_png(materials.media(reading.media or "")) for reading in readings]
        # One by one where sizes differ; the description itself does not depend on who else is in the batch.
        values = [describe(np.asarray(picture)[None])[0] for picture in pictures]
        # Through text: a float32 has more digits as a float64 than it knows.
        return [dict(zip(NAMES, (float(f"{number:.5f}") for number in row), strict=True)) for row in values]
