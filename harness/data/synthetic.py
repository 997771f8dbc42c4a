"""Coloured shapes on a plain ground, drawn by us: images whose attributes are known because they were planted.

Where a generator's images are said to be skewed, or a prompt not to be followed, this set tells the truth exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.content import examples_of
from harness.data.examples import Examples
from harness.errors import DataError, nearest
from harness.seeds import derive

__all__ = ["COLOURS", "SHAPES", "Plan", "coloured_shapes", "parse_plan"]

Floats = NDArray[np.float64]

COLOURS: Mapping[str, tuple[int, int, int]] = {"red": (205, 45, 45), "green": (45, 155, 60), "blue": (50, 75, 205)}
"""Mean red, green and blue of each colour; every image's own differs a little."""

COLOUR_SPREAD = 18
"""An image's colour differs from the mean by at most so much in each channel."""

GROUND = (205.0, 245.0)
"""Brightness of the ground, grey, from and to."""

RADIUS = (0.20, 0.30)
"""Half the extent of a shape, in widths of the image, from and to."""

BLOCK = 1024
"""Images drawn at once: bounds the memory."""


def _disc(x: Floats, y: Floats, r: Floats) -> Floats:
    distance: Floats = np.hypot(x, y) - r
    return distance


def _square(x: Floats, y: Floats, r: Floats) -> Floats:
    distance: Floats = np.maximum(np.abs(x), np.abs(y)) - 0.88 * r
    return distance


def _triangle(x: Floats, y: Floats, r: Floats) -> Floats:
    """Pointing up, with all corners at distance 1.2 r; y grows downward."""
    distance: Floats = np.maximum(y, np.abs(x) * (np.sqrt(3) / 2) - y / 2) - 0.6 * r
    return distance


SHAPES: Mapping[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "circle": _disc,
    "square": _square,
    "triangle": _triangle,
}
"""Signed distance of points to each shape about the origin, negative inside."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw.

    Attributes:
        n: Number of images.
        size: Height and width in pixels.
        seed: Root of all that is random.
        shares: Share of images with each colour or shape, where it was set; the rest is even.
    """

    n: int = 2000
    size: int = 16
    seed: int = 0
    shares: tuple[tuple[str, float], ...] = ()


LIMITS: Mapping[str, tuple[int, int]] = {"n": (8, 1_000_000), "size": (8, 256), "seed": (0, 2**63 - 1)}
"""Lowest and highest value of each whole-number option."""


def parse_plan(options: str) -> Plan:
    """Read options such as ``n=2000,red=0.7,seed=3``: n, size, seed, and the share of a colour or a shape.

    Raises:
        DataError: an option is unknown, given twice, or out of range; or shares cannot be met.
    """
    numbers: dict[str, int] = {}
    shares: dict[str, float] = {}
    known = [*LIMITS, *COLOURS, *SHAPES]
    for part in (part.strip() for part in options.split(",") if part.strip()):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in known:
            raise DataError(
                f"The data set 'synthetic' has no option {part!r}.{nearest(key, known)}"
                f" It has {', '.join(known)}: write synthetic:n=2000,red=0.7,seed=3."
            )
        if key in numbers or key in shares:
            raise DataError(f"The option {key!r} of the data set 'synthetic' is given twice. Keep one.")
        if key in LIMITS:
            numbers[key] = _whole(key, value)
        else:
            shares[key] = _share(key, value)
    for words in (COLOURS, SHAPES):
        _weights(words, shares)
    usual = Plan()
    return Plan(
        n=numbers.get("n", usual.n),
        size=numbers.get("size", usual.size),
        seed=numbers.get("seed", usual.seed),
        shares=tuple(sorted(shares.items())),
    )


def _whole(key: str, value: str) -> int:
    low, high = LIMITS[key]
    if not value.isascii() or not value.isdecimal() or not low <= int(value[:20]) <= high:
        raise DataError(
            f"The option {key}={value} of the data set 'synthetic' is no whole number from {low} to {high}."
        )
    return int(value)


def _share(key: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DataError(f"The option {key}={value} of the data set 'synthetic' is no share from 0 to 1.")
    return share


def _weights(words: Mapping[str, object], shares: Mapping[str, float]) -> list[float]:
    """Return the share of each word: as set, and even among those that were not; raises `DataError`."""
    given = {word: shares[word] for word in words if word in shares}
    left, open_words = 1 - sum(given.values()), len(words) - len(given)
    if left < -1e-9 or (not open_words and left > 1e-9):
        raise DataError(
            f"The shares of {', '.join(given)} in the data set 'synthetic' add up to {1 - left:g}. Make them"
            f" {'at most 1' if open_words else '1'}."
        )
    return [given.get(word, max(0.0, left) / max(1, open_words)) for word in words]


def coloured_shapes(plan: Plan, *, name: str = "synthetic") -> Examples:
    """Draw the images: RGB, each with one shape in one colour, and a caption such as ``a red circle``.

    Shares hold exactly, up to one image; colour and shape are independent. Labels are the shapes. Equal plans give
    equal images.

    Args:
        plan: What to draw.
        name: As it was asked for.
    """
    rng = np.random.default_rng(derive(plan.seed, "synthetic"))
    shares = dict(plan.shares)
    colours, shapes = (_drawn(words, _weights(words, shares), plan.n, rng) for words in (COLOURS, SHAPES))
    blocks = [
        _pictures(colours[start : start + BLOCK], shapes[start : start + BLOCK], plan.size, rng)
        for start in range(0, plan.n, BLOCK)
    ]
    colour_names, shape_names = (
        [list(words)[at] for at in its] for words, its in ((COLOURS, colours), (SHAPES, shapes))
    )
    return examples_of(
        name,
        ids=[f"synthetic/{number:06d}" for number in range(plan.n)],
        images=np.concatenate(blocks),
        texts=[f"a {colour} {shape}" for colour, shape in zip(colour_names, shape_names, strict=True)],
        labels=shapes,
        classes=tuple(SHAPES),
        attributes={"colour": colour_names, "shape": shape_names},
    )


def _drawn(
    words: Mapping[str, object], weights: Sequence[float], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the place of a word for each image: exact counts by largest remainder, in random order."""
    exact = np.array(weights) * n
    counts = np.floor(exact + 1e-9).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: n - int(counts.sum())]] += 1
    return rng.permutation(np.repeat(np.arange(len(words)), counts)).astype(np.int64)


def _pictures(
    colours: NDArray[np.int64], shapes: NDArray[np.int64], size: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw one block of images, ``[n, size, size, 3]``: place, extent, ground and shade are each image's own."""
    n = len(colours)
    radius = rng.uniform(*RADIUS, size=(n, 1, 1)) * size
    free = size / 2 - 1.2 * radius
    centre_x, centre_y = (size / 2 + rng.uniform(-1, 1, size=(n, 1, 1)) * free for _ in range(2))
    ground = rng.uniform(*GROUND, size=(n, 1, 1, 1))
    paint = np.array(list(COLOURS.values()))[colours][:, None, None, :]
    paint = paint + rng.uniform(-COLOUR_SPREAD, COLOUR_SPREAD, size=paint.shape)
    at = np.arange(size) + 0.5
    x, y = at[None, None, :] - centre_x, at[None, :, None] - centre_y  # [n, 1, size], [n, size, 1]
    x, y = np.broadcast_arrays(x, y)
    distance = np.empty((n, size, size))
    for place, shape in enumerate(SHAPES.values()):
        its = shapes == place
        distance[its] = shape(x[its], y[its], radius[its])
    # A pixel that the edge crosses is covered in part.
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    return np.rint(ground + cover * (paint - ground)).astype(np.uint8)
