"""A picture → how far it lies from the pictures that the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import UsageError
from harness.records import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NearestMembers"]

VERSION = "1"
"""Changes whenever a reading could."""

AROUND = 50
"""Training pictures whose mean distance says how dense the training set is there."""
REGIONS = 10
"""Regions into which the training set is parted."""
TILES = 2
"""Tiles a side: a copy on a blank ground is close everywhere, a fresh picture is far in some tile."""

MEASURES = {
    "nearest": "0 to 1: distance to the nearest member, root mean square over pixels",
    "second": "0 to 1: distance to the second nearest member",
    "near_mean": f"0 to 1: mean distance to the {AROUND} nearest members, or to all where there are fewer",
    "tiles": "0 to 1: largest distance of a tile to the same tile of the nearest member",
    "row": "number of the nearest member among members, from 0",
    "own": "0 to 1: distance of that member to its nearest other member",
    "cell": "number of the region the picture lies in",
}


@dataclass(slots=True)
class _Members:
    """Members as vectors, with what is computed once."""

    flat: NDArray[np.float32]
    shape: tuple[int, ...]
    own: NDArray[np.float64]
    centres: NDArray[np.float32]


@dataclass(slots=True)
class NearestMembers:
    """Compares pictures with all members, in pixels; see `harness.images.neighbours`."""

    _members: _Members | None = field(default=None, init=False, repr=False)

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        return InstrumentCard(
            id="nearest_members",
            version=VERSION,
            title="Distance to the training set",
            measures=MEASURES,
            digest=digest(["nearest_members", VERSION, AROUND, REGIONS, TILES]),
            accuracy="Exact distances; a copy lies at 0, a copy with noise of standard deviation s at s.",
            limits=(
                "Distances are between pixels: a shifted or mirrored copy lies far away.",
                "On simple pictures fresh ones lie near members too: only the comparison with held-out ones tells.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Compare each picture with all members.

        Raises:
            UsageError: a picture is not of the members' size.
            ModelError, DataError: the members cannot be had.
        """
        import numpy as np

        from harness.images.neighbours import nearest
        from harness.images.pictures import from_png

        members = self._open(materials)
        pictures = np.stack([self._fitting(from_png(materials.media(r.media or "")), members) for r in readings])
        flat: NDArray[np.float32] = pictures.reshape(len(pictures), -1).astype(np.float32) / np.float32(255)
        found = nearest(flat, members.flat, k=min(AROUND, len(members.flat)))
        cells = nearest(flat, members.centres).rows[:, 0]
        tiles = _tiles(flat, members.flat[found.rows[:, 0]], members.shape)
        second = found.distances[:, min(1, found.distances.shape[1] - 1)]
        columns = {
            "nearest": found.distances[:, 0],
            "second": second,
            "near_mean": found.distances.mean(axis=1),
            "tiles": tiles,
            "row": found.rows[:, 0],
            "own": members.own[found.rows[:, 0]],
            "cell": cells,
        }
        return [{name: round(float(column[at]), 7) for name, column in columns.items()} for at in range(len(readings))]

    @staticmethod
    def _fitting(picture: NDArray[np.uint8], members: _Members) -> NDArray[np.uint8]:
        if picture.shape != members.shape:
            raise UsageError(
                f"A picture of {picture.shape} cannot be compared with members of {members.shape}"
                " (height, width, channels). Let the model draw at the size it was trained at."
            )
        return picture

    def _open(self, materials: Materials) -> _Members:
        if self._members is None:
            import numpy as np

            from harness.images.neighbours import nearest

            _, images = materials.members()
            flat: NDArray[np.float32] = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
            own = nearest(flat, flat, excluded=np.arange(len(flat))).distances[:, 0]
            self._members = _Members(flat, tuple(images.shape[1:]), own, _regions(flat))
        return self._members


def _regions(flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centres of regions, by k-means with a fixed seed on at most 5,000 members."""
    import numpy as np
    from sklearn.cluster import KMeans

    part = flat[np.random.default_rng(0).permutation(len(flat))[:5000]]
    fitted = KMeans(min(REGIONS, len(part)), n_init=3, random_state=0).fit(part)
    centres: NDArray[np.float32] = fitted.cluster_centers_.astype(np.float32)
    return centres


def _tiles(flat: NDArray[np.float32], partner: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Largest root mean square difference of a tile, ``[n]``; edges that do not fill a tile belong to the last."""
    import numpy as np

    squared = np.square(flat.astype(np.float64) - partner).reshape(len(flat), *shape).mean(axis=3)
    rows, columns = (np.array_split(np.arange(size), TILES) for size in shape[:2])
    parts = [squared[:, r[0] : r[-1] + 1, c[0] : c[-1] + 1].mean(axis=(1, 2)) for r in rows for c in columns]
    largest: NDArray[np.float64] = np.sqrt(np.max(parts, axis=0))
    return largest
