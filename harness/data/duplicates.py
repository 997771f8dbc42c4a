"""Exact and near duplicates among training records, as groups of rows of which the first stays.

Every row is compared with the rows kept before it, never with rows already dropped. So a group is a record and what
is like that record: chains of pairwise likeness, which templates make endless, do not grow into one giant group; and
looking again at what was kept finds nothing.

    text     equal; or word 5-grams with Jaccard similarity above 0.8; or a part in 50 words on end that stand in
             what was kept before
    images   equal; or a root mean square difference of at most 2 % of the range of pixels that is also at most a tenth
             of the contrast (standard deviation) of either image

The rule for images takes what a re-encoding changes for equal, and no two ordinary small images: of scikit-learn's
digits, nearest neighbours differ by 4 % at the least. Crops, flips and shifts are not found.

Source: Lee et al. (2021), arXiv:2107.06499; Kandpal et al. (2022), arXiv:2202.06539.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import Examples
from harness.data.near_images import first_alike
from harness.data.near_texts import SimilarTexts
from harness.data.repeated_spans import SeenSpans

__all__ = ["Duplicates", "Group", "duplicates", "image_duplicates", "text_duplicates"]

Group = tuple[int, ...]
"""Rows that are duplicates; the first stays, the others are ascending."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found among ``n`` records.

    Attributes:
        n: Records looked at.
        groups: Those of two rows or more, ordered by their first row.
    """

    n: int
    groups: tuple[Group, ...]

    @property
    def removed(self) -> NDArray[np.int64]:
        """Rows that do not stay, ascending."""
        return np.array(sorted(row for group in self.groups for row in group[1:]), dtype=np.int64)

    @property
    def sizes(self) -> Counter[int]:
        """How many groups there are of each size: a giant one is a template, or a broken file many times over."""
        return Counter(len(group) for group in self.groups)


def duplicates(examples: Examples) -> Duplicates:
    """Find duplicates by image where there are images, else by text: many images may share one caption.

    Raises:
        MissingExtraError: a package for near duplicates of text is not installed.
    """
    if examples.images is not None:
        return image_duplicates(examples.images)
    return text_duplicates(examples.texts or (), units=examples.units)


def text_duplicates(texts: Sequence[str], *, units: Sequence[str] | None = None) -> Duplicates:
    """Find equal texts, similar texts, and texts with a part in 50 words on end that were kept before.

    Words are what white space parts, without regard to case.

    Args:
        texts: The passages.
        units: Document of each passage; words on end are followed from one passage of a document to the next. None
            where each text stands alone.

    Raises:
        MissingExtraError: datasketch or pydivsufsort is not installed.
    """
    order = _by_unit(units or [str(row) for row in range(len(texts))])
    words = [tuple(texts[row].casefold().split()) for row in order]
    spans = SeenSpans(words, [units[row] if units else str(row) for row in order])
    similar = SimilarTexts()
    first_with: dict[tuple[str, ...], int] = {}
    owner: list[int] = []
    for row, its in enumerate(words):
        first = first_with.get(its)
        if first is None:
            first = spans.find(row)
        if first is None:
            first = similar.find(its)
        if first is None:
            similar.add(row, its)
            spans.add(row)
            first = row
        first_with.setdefault(its, first)
        owner.append(first)
    return _grouped(order, owner)


def _by_unit(units: Sequence[str]) -> list[int]:
    """Return all rows with those of one unit together, units in the order they first come."""
    place = {unit: number for number, unit in enumerate(dict.fromkeys(units))}
    return sorted(range(len(units)), key=lambda row: place[units[row]])


def image_duplicates(images: NDArray[np.uint8]) -> Duplicates:
    """Find equal images, and images that differ by no more than a re-encoding would make them.

    Args:
        images: uint8, ``[n, height, width, channels]``.
    """
    first_with: dict[bytes, int] = {}
    equal = np.array([first_with.setdefault(image.tobytes(), row) for row, image in enumerate(images)], dtype=np.int64)
    distinct = np.array(list(first_with.values()), dtype=np.int64)
    owner = np.arange(len(images), dtype=np.int64)
    if len(distinct):
        owner[distinct] = distinct[first_alike(images[distinct])]
    return _grouped(range(len(owner)), owner[equal].tolist())


def _grouped(rows: Sequence[int], owner: Sequence[int]) -> Duplicates:
    """Gather ``rows`` by the place in ``rows`` of the one that each is a duplicate of."""
    groups: dict[int, list[int]] = {}
    for row, first in zip(rows, owner, strict=True):
        groups.setdefault(first, []).append(row)
    found = sorted((rows[first], *sorted(set(its) - {rows[first]})) for first, its in groups.items() if len(its) > 1)
    return Duplicates(len(owner), tuple(found))
