"""A picture, as it is or after an attack → whether it carries a watermark: p-values that are exact over keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import ModelError
from harness.records import Reading
from harness.watermark.look import SCHEMES, Look

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ImageWatermark"]

VERSION = "1"
"""Changes whenever a reading could."""

MEASURES = {
    "p": "0 to 1: probability that a key drawn at random would fit the picture as well",
    "statistic": "how well the key fits: Student's t for spread_spectrum, similarity from -1 to 1 for tree_ring",
}

ACCURACY = (
    "spread_spectrum, on the 10,000 test pictures of Fashion-MNIST (28 by 28, grey): at p = 0.01 the public test key"
    " raised 90 false alarms (95 % interval 73-111 of 10,000), and keys drawn anew for each picture 106 (88-129); among"
    " 100 keys tried on 2,000 of them, the least and the most were 20 and 335 of 10,000. At its default strength the"
    " mark was found in all of 1,000 (996-1,000). tree_ring, with a small diffusion model of 8 by 8 digits: 7 false"
    " alarms on 809 real digits with keys drawn anew (4-18 of 1,000), 22 with the public test key (18-41 of 1,000);"
    " found in all of 100 marked pictures (96-100)."
)

Source = tuple[str, str | None]
"""Name of a picture, and the attack it went through."""


@dataclass(frozen=True, slots=True)
class ImageWatermark:
    """Looks for a watermark: see `harness.watermark`. What to look for is in a reading's context, a `Look`.

    The key is read from the environment and appears in no reading. Where the model cannot tell the noise that a picture
    was drawn from, a tree-ring mark cannot be looked for: the reading is empty.
    """

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        return InstrumentCard(
            id="image_watermark",
            version=VERSION,
            title="Watermark of pictures",
            measures=MEASURES,
            digest=digest(["image_watermark", VERSION, list(SCHEMES)]),
            accuracy=ACCURACY,
            limits=(
                "It finds a mark of the scheme and key it is given, no other.",
                (
                    "A p-value is exact for a key drawn at random. Pictures have much in common, so one key can raise"
                    " false alarms in more of them than its level, and another key in fewer."
                ),
                "No p-value of a tree-ring mark is below 1 in 2,000: that many keys are compared.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Attack each picture if asked, and look for the mark.

        Raises:
            UsageError: a context is no `Look`, its attack is unknown, or its key is not in the environment.
        """
        looks = [Look.of(reading.context) for reading in readings]
        sources = [(reading.media or "", look.attack) for reading, look in zip(readings, looks, strict=True)]
        pictures = {source: _picture(*source, materials) for source in dict.fromkeys(sources)}
        inverted = [source for source, look in zip(sources, looks, strict=True) if look.scheme == "tree_ring"]
        noises = _noises({source: pictures[source] for source in inverted}, materials)
        carriers: Mapping[str, Mapping[Source, NDArray[Any]]] = {"spread_spectrum": pictures, "tree_ring": noises}
        groups: dict[tuple[Look, tuple[int, ...]], list[int]] = defaultdict(list)
        for row, (source, look) in enumerate(zip(sources, looks, strict=True)):
            carrier = carriers[look.scheme].get(source)
            if carrier is not None:
                groups[replace(look, attack=None), carrier.shape].append(row)
        found: dict[int, Mapping[str, float]] = {}
        for (look, _), rows in groups.items():
            its = [carriers[look.scheme][sources[row]] for row in rows]
            found |= zip(rows, _detect(look, its), strict=True)
        return [found.get(row, {}) for row in range(len(readings))]


def _picture(name: str, kind: str | None, materials: Materials) -> NDArray[np.uint8]:
    from harness.images.attacks import attack
    from harness.images.pictures import from_png

    picture = from_png(materials.media(name))
    return picture if kind is None else attack(picture, kind)


def _noises(pictures: Mapping[Source, NDArray[np.uint8]], materials: Materials) -> dict[Source, NDArray[np.float32]]:
    """The noise that each picture was drawn from, where the model can tell: all pictures of one size in one call."""
    import numpy as np

    by_shape: dict[tuple[int, ...], list[Source]] = defaultdict(list)
    for source, picture in pictures.items():
        by_shape[picture.shape].append(source)
    noises: dict[Source, NDArray[np.float32]] = {}
    for sources in by_shape.values():
        try:
            noises |= zip(sources, materials.noise(np.stack([pictures[source] for source in sources])), strict=True)
        except ModelError:
            # Not this model, or not pictures of this size: no reading, which the probe counts and tells.
            continue
    return noises


def _detect(look: Look, carriers: Sequence[NDArray[Any]]) -> list[Mapping[str, float]]:
    """Look for the mark in pictures, or in noises, of one shape."""
    import numpy as np

    from harness.watermark import spread_spectrum, tree_ring

    key, stacked = look.secret(), np.stack(carriers)
    if look.scheme == "tree_ring":
        radius = tree_ring.RADIUS if look.radius is None else look.radius
        statistics, p = tree_ring.detect(stacked, key=key, radius=radius)
    else:
        statistics, p = spread_spectrum.detect(stacked, key=key)
    # To so many digits only, so that the last bits of one machine's arithmetic are not part of the evidence.
    return [
        {"p": float(f"{chance:.6g}"), "statistic": float(f"{statistic:.6g}")}
        for statistic, chance in zip(statistics, p, strict=True)
    ]
