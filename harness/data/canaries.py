"""Canaries: records planted in training data to measure how much of it a model gives back.

A canary is a template and a random fill; only the fill's loss is looked at, beside the losses of other fills of the
same template. All fills are drawn alike, then halved by a bit of their SHA-256: one half is planted, the other serves
as reference. So a reference can never be a planted one, and nobody has to keep a list.

Source: Carlini et al. (2019), arXiv:1802.08232 (exposure); Panda et al. (2025), arXiv:2503.06808 (rare endings are
remembered best); Steinke et al. (2023), arXiv:2305.08846 (canaries by coin, for audits).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.data.content import examples_of
from harness.data.examples import Examples
from harness.errors import DataError, UsageError
from harness.seeds import derive, rng

__all__ = ["BLOCKS", "FAMILIES", "Canary", "Family", "Planting", "pattern", "plant", "reference_fills", "references"]

Family = Literal["digits", "marks", "blocks"]
"""``digits``: prose that ends in digits. ``marks``: prose that ends in marks which prose has not.
``blocks``: an image of random blocks."""

FAMILIES: Mapping[str, str] = {"digits": "0123456789", "marks": "@\\^_{|}~<>"}
"""Characters of the fills of the families of text. Each stands alone behind a space, so that byte-level tokenizers,
and all that keep digits and marks apart, give every fill the same number of tokens."""

FILL_LENGTH = 10
RANGE_SAMPLE = 1000
"""First images whose range of values an image canary has. They stay the first when canaries are appended."""

BLOCKS = 4
"""Blocks along either side of an image canary."""

FIRST = (
    *("Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leon", "Mira"),
    *("Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tilda", "Uwe", "Vera", "Willa", "Xenia", "Yorick", "Zelda"),
)
LAST = (
    *("Ash", "Birch", "Cole", "Dale", "Elm", "Finch", "Gale", "Hill", "Ives", "Jay", "Kerr", "Lark", "Moss", "Nash"),
    *("Oak", "Pike", "Quill", "Reed", "Stone", "Thorn", "Umber", "Vale", "Wren", "Yew"),
)
PLACE = (
    *("the mill", "the harbour", "the north gate", "the old library", "the bakery", "the ferry", "the tower"),
    *("the orchard", "the museum", "the forge", "the station", "the lighthouse", "the brewery", "the school"),
    *("the abbey", "the market", "the theatre", "the quarry", "the nursery", "the print shop"),
)


class Planting(Protocol):
    """How many canaries to plant: `harness.training.recipe.Canaries` says it."""

    @property
    def repeats(self) -> tuple[int, ...]:
        """How often the canaries of each level are in the training set."""

    @property
    def per_level(self) -> int:
        """Canaries at each level."""

    @property
    def coins(self) -> int:
        """Further canaries, each in the training set once by a fair coin."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One planted record.

    Attributes:
        record: Its id among the examples: ``canary/ladder/08/2`` or ``canary/coin/0013``.
        repeats: How often it is in the training set; 0 where a coin decides between once and never.
        template: What comes before the fill; empty for an image.
        fill: The secret: the end of the text, or what an image's pattern is drawn from.
        family: A key of `FAMILIES`, or ``blocks``.
    """

    record: str
    repeats: int
    template: str
    fill: str
    family: str

    @property
    def text(self) -> str:
        """The planted text, whose last ``len(fill)`` characters are the fill."""
        return self.template + self.fill


def plant(examples: Examples, canaries: Planting, *, seed: int) -> tuple[Examples, tuple[Canary, ...]]:
    """Append canaries to the records: text to text, images of random blocks to images.

    An image canary has a class drawn uniformly and the caption that all of its class have, if they have one. Every
    planted attribute of a canary is ``canary``.

    Args:
        examples: Records that hold no canaries yet.
        canaries: How many, and how often each is to be trained on.
        seed: Root of all fills.

    Returns:
        The records with one more for each canary, whatever its repeats, and a digest of their own; and the canaries
        in the order of their records.

    Raises:
        UsageError: more canaries are asked for than there are sentences to plant.
        DataError: the records hold ids that canaries would have.
    """
    slots = [
        (f"canary/ladder/{times:02d}/{number}", times)
        for times in canaries.repeats
        for number in range(canaries.per_level)
    ]
    slots += [(f"canary/coin/{number:04d}", 0) for number in range(canaries.coins)]
    taken = sorted({record for record, _ in slots} & set(examples.ids))
    if taken:
        raise DataError(f"{examples.name} already holds a record {taken[0]!r}. Plant canaries once, or rename it.")
    planted = _texts(slots, seed) if examples.images is None else _images(slots, seed)
    return _appended(examples, planted, seed), planted


def reference_fills(canary: Canary, n: int, *, seed: int) -> tuple[str, ...]:
    """``n`` other texts from the same template, all different, each with a fill that is planted nowhere.

    Args:
        canary: Of text.
        n: How many; exposure by rank can show at most log2(n + 1) bits.
        seed: Root of the fills.

    Returns:
        Whole texts: the canary's template and a fill as long as its own.

    Raises:
        UsageError: the canary is an image, which `references` serves.
    """
    if canary.family not in FAMILIES:
        raise UsageError(f"The canary {canary.record!r} is an image and has no other texts. Use references().")
    draw = rng(seed, f"canaries/references/{canary.record}")
    return tuple(canary.template + fill for fill in _fills(n, draw, canary.family, planted=False))


def references(examples: Examples, canary: Canary, n: int, *, seed: int) -> Examples:
    """``n`` records like the canary with fills that are planted nowhere: what its loss is ranked among.

    They share the canary's class, caption and attributes, so that only the fill differs.

    Args:
        examples: The records that the canary is among.
        canary: One of `plant`'s.
        n: How many.
        seed: Root of the fills.

    Raises:
        UsageError: the canary is not among the records.
    """
    if canary.record not in examples.ids:
        raise UsageError(f"The canary {canary.record!r} is not among the records of {examples.name}.")
    row = examples.ids.index(canary.record)
    images, texts = None, None
    if examples.images is None:
        texts = reference_fills(canary, n, seed=seed)
    else:
        draw = rng(seed, f"canaries/references/{canary.record}")
        images = _patterns(_fills(n, draw, canary.family, planted=False), examples.images)
        texts = None if examples.texts is None else (examples.texts[row],) * n
    return examples_of(
        f"references of {canary.record}",
        ids=[f"{canary.record}/reference/{number:05d}" for number in range(n)],
        images=images,
        texts=texts,
        labels=None if examples.labels is None else np.full(n, examples.labels[row], dtype=np.int64),
        classes=examples.classes,
        attributes={name: (values[row],) * n for name, values in examples.attributes.items()},
    )


def pattern(fill: str, shape: Sequence[int], *, low: int, high: int) -> NDArray[np.uint8]:
    """Draw the image that ``fill`` stands for: `BLOCKS` by `BLOCKS` blocks of random values in [low, high].

    Args:
        fill: Any text; equal ones give equal images.
        shape: Height, width and channels.
        low: Lowest value a pixel may have.
        high: Highest value a pixel may have.
    """
    height, width, channels = shape
    needed = BLOCKS * BLOCKS * channels
    # Bytes of a hash, not of a random generator: the same on every machine and with every release of numpy.
    stream = b"".join(hashlib.sha256(f"{fill}/{part}".encode()).digest() for part in range(needed // 32 + 1))
    values = np.frombuffer(stream[:needed], dtype=np.uint8).reshape(BLOCKS, BLOCKS, channels).astype(np.int64)
    scaled = (low + (values * (high - low) + 127) // 255).astype(np.uint8)
    rows, columns = (np.arange(side) * BLOCKS // side for side in (height, width))
    return np.ascontiguousarray(scaled[rows][:, columns])


def _texts(slots: Sequence[tuple[str, int]], seed: int) -> tuple[Canary, ...]:
    """Canaries of text: every one has a sentence of its own, so that no canary teaches another's beginning."""
    sentences = len(FIRST) * len(LAST) * len(PLACE)
    if len(slots) > sentences:
        raise UsageError(f"{len(slots)} canaries are more than the {sentences} sentences there are. Plant fewer.")
    draw = rng(seed, "canaries/texts")
    chosen = draw.sample(range(sentences), len(slots))
    names = list(FAMILIES)
    families = [names[number % len(names)] for number in range(len(slots))]
    fills = {family: iter(_fills(families.count(family), draw, family, planted=True)) for family in names}
    return tuple(
        Canary(record, times, _sentence(number), next(fills[family]), family)
        for (record, times), number, family in zip(slots, chosen, families, strict=True)
    )


def _sentence(number: int) -> str:
    rest, place = divmod(number, len(PLACE))
    first, last = divmod(rest, len(LAST))
    return f"{FIRST[first]} {LAST[last]} of {PLACE[place]} keeps the number"


def _images(slots: Sequence[tuple[str, int]], seed: int) -> tuple[Canary, ...]:
    fills = _fills(len(slots), rng(seed, "canaries/images"), "blocks", planted=True)
    return tuple(Canary(record, times, "", fill, "blocks") for (record, times), fill in zip(slots, fills, strict=True))


def _fills(n: int, draw: random.Random, family: str, *, planted: bool) -> list[str]:
    """``n`` different fills from the half that is planted, or from the other."""
    fills: dict[str, None] = {}
    while len(fills) < n:
        if family == "blocks":
            fill = f"{draw.getrandbits(64):016x}"
        else:
            fill = "".join(f" {draw.choice(FAMILIES[family])}" for _ in range(FILL_LENGTH))
        if (hashlib.sha256(fill.encode()).digest()[0] < 128) == planted:
            fills[fill] = None
    return list(fills)


def _patterns(fills: Sequence[str], images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    seen = images[:RANGE_SAMPLE]
    low, high = int(seen.min()), int(seen.max())
    return np.stack([pattern(fill, images.shape[1:], low=low, high=high) for fill in fills])


def _appended(examples: Examples, planted: Sequence[Canary], seed: int) -> Examples:
    n = len(planted)
    records = [canary.record for canary in planted]
    draw = np.random.default_rng(derive(seed, "canaries/labels"))
    labels = draw.integers(len(examples.classes), size=n) if examples.labels is not None else None
    images, texts = examples.images, examples.texts
    added = [canary.text for canary in planted] if images is None else _captions(examples, labels, n)
    return examples_of(
        examples.name,
        ids=[*examples.ids, *records],
        units=[*examples.units, *records],
        images=None if images is None else np.concatenate([images, _patterns([c.fill for c in planted], images)]),
        texts=None if texts is None else [*texts, *added],
        labels=None if labels is None or examples.labels is None else np.concatenate([examples.labels, labels]),
        classes=examples.classes,
        attributes={name: [*values, *(["canary"] * n)] for name, values in examples.attributes.items()},
    )


def _captions(examples: Examples, labels: NDArray[np.int64] | None, n: int) -> list[str]:
    """Return the caption that all records of a label share; a plain description where there is none.

    A caption that single records have stays with them: copied to canaries, it would be in the training many times.
    """
    if examples.texts is None or labels is None or examples.labels is None:
        return ["a pattern of random blocks"] * n
    said: dict[int, set[str]] = {}
    for label, text in zip(examples.labels.tolist(), examples.texts, strict=True):
        said.setdefault(label, set()).add(text)
    of = {label: next(iter(its)) for label, its in said.items() if len(its) == 1}
    return [of.get(int(label), f"a photo of {examples.classes[int(label)]}") for label in labels]
