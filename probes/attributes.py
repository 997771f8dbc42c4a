"""Attributes of pictures: what is known of the real ones, what the ask fixes, and pictures made up for controls.

A classifier that reads attributes (`probes.rulers`) is fitted to real pictures, and its mistakes are counted on others
that neither it nor the generator was trained on. Every picture has one use, fixed by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Dataset, Row
from harness.images.features import NAMES
from harness.records import Arm, Case, Judged, RecordAsk, Reply
from harness.seeds import derive, rng
from probes.expected import pack, unpack
from probes.pictures import Draw, natural, scripted

__all__ = [
    "BLURRED",
    "CLASS",
    "REAL",
    "SHARP",
    "Real",
    "asked_for",
    "attributes_in",
    "in_arm",
    "painted",
    "real_pictures",
    "shown",
]

CLASS = "class"
"""The class of a record, where it says more than an attribute does."""
REAL = ("fit", "count")
"""Arms of real pictures: to fit the classifier to, and to count its mistakes on."""


@dataclass(frozen=True, slots=True)
class Real:
    """What a real picture shows, by attribute that is looked at."""

    shows: Mapping[str, str]


# ── what is known ─────────────────────────────────────────────────────────────────────────


def shown(row: Row) -> dict[str, str]:
    """Return what a record's picture shows, by name: its attributes, and its class under `CLASS`."""
    given = row.get("attributes")
    found = {**given, CLASS: row.get("class")} if isinstance(given, dict) else {CLASS: row.get("class")}
    return {name: value for name, value in sorted(found.items()) if isinstance(value, str)}


def attributes_in(data: Dataset) -> dict[str, tuple[str, ...]]:
    """Return each attribute of natural records that takes several values, with these, in alphabetical order.

    A class that only repeats an attribute, such as the shape, is left out.
    """
    records = [shown(row) for row in data.rows if row.get("canary") is None]
    names = sorted({name for record in records for name in record})
    repeated = any(all(record.get(name) == record.get(CLASS) for record in records) for name in names if name != CLASS)
    values = {
        name: tuple(sorted({record[name] for record in records if name in record}))
        for name in names
        if not (name == CLASS and repeated)
    }
    return {name: its for name, its in values.items() if len(its) > 1}


def asked_for(draw: Draw, attributes: Mapping[str, object]) -> dict[str, str]:
    """Return those of ``attributes`` that the ask itself fixes, by name, with their values."""
    fixed = {**draw.attributes, CLASS: draw.class_name}
    return {name: value for name, value in sorted(fixed.items()) if name in attributes and value is not None}


def real_pictures(data: Dataset, attributes: Collection[str], n: int, *, most: int) -> Iterator[Case]:
    """Yield ``n`` real pictures to fit the classifier to, then ``n`` to count its mistakes on, fewer where there are.

    Mistakes are counted on held-out pictures. Where there are twice ``most`` of them, half are for fitting, as a coin
    thrown for each unit says; where there are fewer, none: then validation pictures are, and after them training ones.

    Args:
        data: The model's training data.
        attributes: Those that are looked at.
        n: How many of each.
        most: How many of each a run without limits would take.
    """
    tried = natural(data, "nonmember")
    if len(tried) >= 2 * most:
        coins = [derive(0, f"fit/{row['unit']}") % 2 for row in tried]
        learnt, tried = ([row for row, coin in zip(tried, coins, strict=True) if coin == side] for side in (1, 0))
    else:
        learnt = natural(data, "validation") + natural(data, "member")
    for arm, rows in zip(REAL, (learnt[:n], tried[:n]), strict=True):
        for row in rows:
            name, shows = str(row["record"]), {its: value for its, value in shown(row).items() if its in attributes}
            yield Case(f"{arm}/{name}", RecordAsk(name), pack(Real(shows)), {"arm": arm}, str(row["unit"]), Arm.CONTROL)


def in_arm(scores: Sequence[Judged], arm: str) -> list[Judged]:
    """Return the cases of one arm, by name, so that their order does not matter."""
    return sorted((its for its in scores if its.case.groups["arm"] == arm), key=lambda its: its.case.id)


# ── scripting ─────────────────────────────────────────────────────────────────────────────

SHARP, BLURRED = 0.05, 0.5
"""Spread of scripted features about what they mean: every value is read right, or up to one in three is read wrong."""
STEP = 0.1
"""By how much a value moves each feature, up or down."""


@lru_cache(maxsize=1024)
def _pattern(attribute: str, value: str) -> NDArray[np.float64]:
    signs = rng(0, f"{attribute}/{value}")
    return np.array([signs.choice((-STEP, STEP)) for _ in NAMES])


def painted(case: Case, random: Random, choose: Callable[[Case], Mapping[str, str]], *, blur: float = SHARP) -> Reply:
    """Reply with made-up features: of what a real picture shows, or of what ``choose`` says that a drawn one shows."""
    chosen = unpack(Real, case).shows if case.groups["arm"] in REAL else choose(case)
    noise = np.random.default_rng(random.getrandbits(63)).normal(0.5, blur, len(NAMES))
    features = noise + sum(_pattern(attribute, value) for attribute, value in chosen.items())
    return scripted(dict(zip(NAMES, features.round(4).tolist(), strict=True)))
