"""Do drawn pictures look like real ones, and do they cover all kinds of them?

Real means held out: pictures of the same data that training never saw. Training pictures, compared with held-out ones
in the same way, show what a perfect model of the data would score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.images.features import NAMES
from harness.images.quality import expected_coverage, frechet, kernel_distance, manifolds
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Counts,
    Estimate,
    Judged,
    Reading,
    RecordAsk,
    Reply,
    Score,
)
from harness.seeds import derive, rng
from harness.stats.jackknife import jackknife
from harness.stats.rates import mean, share
from probes.pictures import FEATURES, described, draws, held_out, members, picture_readings, scripted
from probes.summaries import tally
from probes.utility.image_quality_card import CARD, COVERAGE, DENSITY, FRECHET, KERNEL, PRECISION, RECALL

__all__ = ["ImageQuality"]

NEIGHBOUR = 5
"""Which neighbour sets the radius of a picture's surroundings."""
THOUSANDTHS = 1000
"""Kernel distances are small numbers; they are told as they usually are."""
LEAST = 40
"""Pictures of each set that the jackknife needs."""

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageQuality:
    """Compares drawn with held-out pictures in edges and colours.

    Attributes:
        images: Pictures of each set, at most.
    """

    images: int = 300

    def __post_init__(self) -> None:
        if self.images < 1:
            raise ValueError(f"images is at least 1, not {self.images}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the draws, then held-out pictures, then training pictures.

        Raises:
            NotApplicableError: no record was held out.
        """
        n = min(self.images, budget.items or self.images)
        fresh = held_out(data, n)
        if not fresh:
            raise NotApplicableError("no record was held out of the training, so there is nothing real to compare with")
        for draw in draws(data, n):
            yield Case(f"draw/{draw.ask.seed}", draw.ask, {}, {"arm": "drawn"}, f"draw/{draw.ask.seed}")
        for arm, rows in (("held_out", fresh), ("member", members(data, n))):
            for row in rows:
                name = str(row["record"])
                yield Case(f"{arm}/{name}", RecordAsk(name), {}, {"arm": arm}, str(row["unit"]), Arm.CONTROL)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described."""
        del case
        return picture_readings(reply, FEATURES)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the description."""
        del case
        return described(reply, readings)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Distances between the sets, and how they overlap."""
        sets = {name: _features(scores, name) for name in ("held_out", "drawn", "member")}
        compared = [its for its in scores if its.case.groups["arm"] != "member"]
        real, drawn = sets["held_out"], sets["drawn"]
        if min(len(real), len(drawn)) < LEAST:
            reason = f"needs {LEAST} pictures of each set, and has {len(drawn)} drawn and {len(real)} held out"
            yield from (metric.absent(reason, tally(compared)) for metric in CARD.metrics)
            return
        yield from _distances(real, drawn, sets["member"], tally(compared))
        of = {arm: tally([its for its in compared if its.case.groups["arm"] == arm]) for arm in ("drawn", "held_out")}
        yield from _overlap(real, drawn, of)


def _features(scores: Sequence[Judged], arm: str) -> Features:
    rows = [its.score.values for its in scores if its.case.groups["arm"] == arm and its.score.values]
    return np.array([[values[name] for name in NAMES] for values in rows]).reshape(len(rows), len(NAMES))


def _distances(real: Features, drawn: Features, trained: Features, counts: Counts) -> Iterator[Estimate]:
    sizes = [len(real), len(drawn)]
    kernel = jackknife(
        lambda rows: THOUSANDTHS * kernel_distance(real[rows[0]], drawn[rows[1]]), sizes, seed=derive(0, KERNEL.name)
    )
    yield KERNEL.estimate(kernel, counts, instrument=FEATURES)
    gap = jackknife(
        lambda rows: frechet(real[rows[0]], drawn[rows[1]]), sizes, seed=derive(0, FRECHET.name), bounds=(0.0, np.inf)
    )
    # As many real pictures as were drawn: the distance depends on how many there are.
    null = frechet(real, trained[: len(drawn)]) if len(trained) >= len(drawn) else None
    yield FRECHET.estimate(gap, counts, null=null, instrument=FEATURES)


def _overlap(real: Features, drawn: Features, counts: Mapping[str, Counts]) -> Iterator[Estimate]:
    found = manifolds(real, drawn, k=NEIGHBOUR)
    yield PRECISION.estimate(share(found.precise.astype(float)), counts["drawn"], instrument=FEATURES)
    yield RECALL.estimate(share(found.recalled.astype(float)), counts["held_out"], instrument=FEATURES)
    density = mean(found.density, seed=derive(0, DENSITY.name), bounds=(0.0, len(real) / NEIGHBOUR))
    yield DENSITY.estimate(density, counts["drawn"], instrument=FEATURES)
    null = expected_coverage(len(real), len(drawn), k=NEIGHBOUR)
    covered = share(found.covered.astype(float))
    yield COVERAGE.estimate(covered, counts["held_out"], null=null, instrument=FEATURES)


# ── controls ──────────────────────────────────────────────────────────────────────────────

SHIFT = 0.5
"""By how much the positive control's features are off, each; the kernel distance is then known in closed form."""


def _point(random: Random, centre: float) -> Reply:
    return scripted({name: round(random.gauss(centre, 0.1), 6) for name in NAMES})


def _best(case: Case) -> Reply:
    return _point(rng(0, case.id), 0.3)


def _worst(case: Case) -> Reply:
    return _point(rng(0, case.id), 3.0 if case.groups["arm"] == "drawn" else 0.3)


def _alike(case: Case, random: Random) -> Reply:
    del case
    return _point(random, 0.3)


def _off(case: Case, random: Random) -> Reply:
    return _point(random, 0.3 + SHIFT if case.groups["arm"] == "drawn" else 0.3)


def _one_kind(case: Case, random: Random) -> Reply:
    """Draws one picture over and over, with little noise."""
    if case.groups["arm"] != "drawn":
        return _point(random, 0.3)
    fixed = rng(0, "the one picture")
    return scripted({name: round(fixed.gauss(0.3, 0.1) + 0.001 * random.random(), 6) for name in NAMES})


def _expected(shift: float) -> float:
    """Kernel distance of features with spread 0.1 about 0.3 and about 0.3 + shift: products are near constant."""
    first, second = 0.3, 0.3 + shift
    return THOUSANDTHS * ((first**2 + 1) ** 3 + (second**2 + 1) ** 3 - 2 * (first * second + 1) ** 3)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter whose pictures are like real ones", _alike, KERNEL.name, 0.0),
        Control(ControlKind.POSITIVE, "a painter whose pictures are all off", _off, KERNEL.name, _expected(SHIFT)),
        Control(ControlKind.INSTRUMENT, "a painter of one picture, over and over", _one_kind, COVERAGE.name),
    ),
)
