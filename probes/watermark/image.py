"""Can the model's pictures be recognised as its own?

The model draws every picture twice from one seed, with its mark and without; real pictures it never saw stand beside.
In each the mark of a known scheme and key is looked for. What is found without a mark is the false alarm, what a wrong
key finds shows that it is the key that counts, and attacks show what a mark survives on a picture's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.images.features import NAMES
from harness.images.quality import kernel_distance
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    Metric,
    Outcome,
    Reading,
    RecordAsk,
    Reply,
    Score,
)
from harness.seeds import derive
from harness.stats.jackknife import jackknife
from harness.watermark.keys import check_variable, fingerprint, read_key
from harness.watermark.look import SCHEMES, Look
from probes.pictures import FEATURES, draws, held_out, picture_readings, scripted, values_of
from probes.summaries import share_of_units, tally
from probes.watermark.image_card import (
    CARD,
    COST,
    DETECTED,
    FALSE_DRAWN,
    FALSE_REAL,
    LEVEL,
    STRICT,
    SURELY_DETECTED,
    WRONG_KEY,
)

__all__ = ["ATTACKS", "ImageWatermark"]

WATERMARK = "image_watermark"
"""Name of the instrument."""

ATTACKS = ("jpeg-90", "jpeg-70", "jpeg-50", "crop-0.9", "blur-1", "noise-0.05", "resize-0.5", "brightness-1.2")
"""What marked pictures go through: see `harness.images.attacks`."""

ARMS = ("drawn", "unmarked", "held_out")
WRONG = "p/wrong_key"

LEAST = 40
"""Pictures of each kind that the jackknife needs."""

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWatermark:
    """Looks for a known mark in drawn and in real pictures.

    Attributes:
        images: Pictures of each kind, at most: marked, unmarked, real.
        scheme: ``spread_spectrum`` or ``tree_ring``: how the model marks its pictures.
        key_env: Environment variable that holds the key; None for the public test key.
        radius: Of a tree-ring mark; None for its default.
    """

    images: int = 100
    scheme: str = "spread_spectrum"
    key_env: str | None = None
    radius: float | None = None

    def __post_init__(self) -> None:
        check_variable(self.key_env, "key_env")
        if self.images < 1:
            raise ValueError(f"images is at least 1, not {self.images}")
        if self.scheme not in SCHEMES:
            raise ValueError(f"scheme is {' or '.join(SCHEMES)}, not {self.scheme!r}")
        if self.radius is not None and (self.scheme != "tree_ring" or self.radius <= 0):
            raise ValueError("radius is above 0, and only a tree_ring mark has one")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the marked draws, then the same ones without a mark, then held-out pictures.

        Raises:
            NotApplicableError: the mark lies in the noise that pictures are drawn from, which this model cannot tell.
            UsageError: the key is not there.
        """
        if self.scheme == "tree_ring" and data.rows[0].get("invertible") is False:
            raise NotApplicableError(
                "a tree_ring mark lies in the noise that a picture is drawn from, which this model cannot tell"
            )
        n = min(self.images, budget.items or self.images)
        expected = {"key": str(fingerprint(read_key(self.key_env)))}
        drawn = draws(data, n)
        for draw in drawn:
            yield Case(f"draw/{draw.ask.seed}", draw.ask, expected, {"arm": "drawn"}, f"draw/{draw.ask.seed}")
        for draw in drawn:
            ask, seed = replace(draw.ask, marked=False), draw.ask.seed
            yield Case(f"unmarked/{seed}", ask, expected, {"arm": "unmarked"}, f"draw/{seed}", Arm.CONTROL)
        for row in held_out(data, n):
            name = str(row["record"])
            arm = {"arm": "held_out"}
            yield Case(f"held_out/{name}", RecordAsk(name), expected, arm, str(row["unit"]), Arm.CONTROL)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described and searched; marked ones with a wrong key and after attacks too."""
        if reply.finish is not Finish.STOP or not reply.media:
            return []
        return [*picture_readings(reply, FEATURES), *self._searches(case, reply.media[0]).values()]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the p-values, and the description of the picture."""
        values = values_of(reply, readings, FEATURES)
        if isinstance(values, Score):
            return values
        found = dict(values)
        if reply.media:
            read = {name: readings.get(its, {}) for name, its in self._searches(case, reply.media[0]).items()}
            found |= {name: its["p"] for name, its in read.items() if "p" in its}
        if not set(self._looks(case)) <= set(found):
            return Score(Outcome.UNREADABLE, note="the mark could not be looked for in this picture")
        return Score(Outcome.SCORED, found)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of pictures in which the mark was found, by arm and after attacks; and what the mark costs."""
        arms = {name: [its for its in scores if its.case.groups["arm"] == name] for name in ARMS}
        yield _found(DETECTED, arms["drawn"])
        yield _found(SURELY_DETECTED, arms["drawn"], level=STRICT)
        yield _found(FALSE_DRAWN, arms["unmarked"])
        yield _found(FALSE_REAL, arms["held_out"])
        yield _found(WRONG_KEY, arms["drawn"], WRONG)
        yield _cost(arms)
        for attack in ATTACKS:
            yield _found(DETECTED, arms["drawn"], f"p/{attack}", groups={"attack": attack})

    def _looks(self, case: Case) -> dict[str, Look]:
        """What is looked for in the case's picture, by the name under which a score has the p-value."""
        look = Look(self.scheme, str(case.expected["key"]), self.key_env, radius=self.radius)
        if case.groups["arm"] != "drawn":
            return {"p": look}
        attacked = {f"p/{attack}": replace(look, attack=attack) for attack in ATTACKS}
        return {"p": look, WRONG: replace(look, wrong=1), **attacked}

    def _searches(self, case: Case, picture: str) -> dict[str, Reading]:
        looks = self._looks(case)
        return {name: Reading(WATERMARK, "", look.context(), picture) for name, look in looks.items()}


def _found(
    metric: Metric,
    cases: Sequence[Judged],
    name: str = "p",
    *,
    level: float = LEVEL,
    groups: Mapping[str, str] | None = None,
) -> Estimate | Absence:
    """Share of pictures in which the p-value of that name is at most ``level``."""
    units = [(float(its.score.values[name] <= level), its.case.cluster) for its in cases if name in its.score.values]
    result = share_of_units(metric, units, tally(cases), groups=groups)
    return replace(result, instrument=WATERMARK) if isinstance(result, Estimate) else result


# ── what it costs ─────────────────────────────────────────────────────────────────────────


def _cost(arms: Mapping[str, Sequence[Judged]]) -> Estimate | Absence:
    """How much further from real pictures the marked ones are than the same pictures without a mark."""
    counts = tally([judged for its in arms.values() for judged in its])
    marked, plain, real = (_features(arms[name]) for name in ARMS)
    # Two pictures of one seed are left out together: they are alike but for the mark.
    seeds = sorted(set(marked) & set(plain))
    if min(len(seeds), len(real)) < LEAST:
        reason = f"needs {LEAST} pictures of each kind, and has {len(seeds)} drawn both ways and {len(real)} real"
        return COST.absent(reason, counts)
    pairs = [np.array([its[seed] for seed in seeds]) for its in (marked, plain)]
    truth = np.array([real[name] for name in sorted(real)])

    def cost(rows: Sequence[NDArray[np.int64]]) -> float:
        with_mark, without = (kernel_distance(truth[rows[1]], its[rows[0]]) for its in pairs)
        return with_mark - without

    interval = jackknife(cost, [len(seeds), len(truth)], seed=derive(0, COST.name))
    return COST.estimate(interval, counts, instrument=FEATURES)


def _features(cases: Sequence[Judged]) -> dict[str, Sequence[float]]:
    """Descriptions of pictures by cluster: by seed for drawn ones."""
    return {
        its.case.cluster: [its.score.values[name] for name in NAMES]
        for its in cases
        if set(NAMES) <= set(its.score.values)
    }


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.7
"""Share of pictures that the positive control marks."""
SURE = 1e-6
"""P-value of a mark that is found."""


def _reading(case: Case, p: float) -> Reply:
    """Say that the mark was found at ``p``, whatever the attack, and not with a wrong key."""
    if case.groups["arm"] != "drawn":
        return scripted({"p": p})
    return scripted({"p": p, WRONG: 0.5, **{f"p/{attack}": p for attack in ATTACKS}})


def _best(case: Case) -> Reply:
    return _reading(case, SURE if case.groups["arm"] == "drawn" else 0.5)


def _worst(case: Case) -> Reply:
    return _reading(case, 0.5)


def _unmarked(case: Case, random: Random) -> Reply:
    return _reading(case, random.random())


def _marking(case: Case, random: Random) -> Reply:
    marked = case.groups["arm"] == "drawn" and random.random() < PLANTED
    return _reading(case, SURE if marked else random.random())


def _any_key(case: Case, random: Random) -> Reply:
    """Any key fits any picture."""
    del case, random
    return scripted(dict.fromkeys(("p", WRONG, *(f"p/{attack}" for attack in ATTACKS)), SURE))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter without a mark", _unmarked, DETECTED.name, LEVEL),
        Control(
            ControlKind.POSITIVE,
            "a painter that marks 7 of 10 pictures",
            _marking,
            DETECTED.name,
            PLANTED + (1 - PLANTED) * LEVEL,
        ),
        Control(ControlKind.INSTRUMENT, "a ruler that finds a mark with any key", _any_key, WRONG_KEY.name),
    ),
)
