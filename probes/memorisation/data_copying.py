"""Do drawn pictures, taken together, crowd the training set more closely than fresh pictures do?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.images.copying import CopyingTest, authentic, data_copying, likelihoods
from harness.images.features import NAMES
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Counts,
    Estimate,
    Interval,
    Judged,
    Outcome,
    Reading,
    RecordAsk,
    Reply,
    Score,
)
from harness.seeds import derive, rng
from harness.stats.compare import independent_difference
from harness.stats.intervals import critical
from harness.stats.rates import share
from probes.memorisation.data_copying_card import AUTHENTIC, CARD, FRESHNESS, GAP, TEST, WORST
from probes.pictures import FEATURES, NEAREST, draws, held_out, members, picture_readings, scripted, values_of
from probes.summaries import tally

__all__ = ["DataCopying"]

RESAMPLES = 400
"""Of the bootstrap; the test is recomputed on each."""
LEAST = 20
"""Drawn pictures that a region, and each arm, needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCopying:
    """Compares three sets of pictures: drawn, held out, and trained on.

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
            NotApplicableError: too few records were held out.
        """
        n = min(self.images, budget.items or self.images)
        fresh = held_out(data, n)
        if len(fresh) < 2:
            raise NotApplicableError("fewer than 2 records were held out of the training: too few to compare with")
        for draw in draws(data, n):
            yield Case(f"draw/{draw.ask.seed}", draw.ask, {}, {"arm": "drawn"}, f"draw/{draw.ask.seed}")
        for arm, rows in (("held_out", fresh), ("member", members(data, n))):
            for row in rows:
                name = str(row["record"])
                yield Case(f"{arm}/{name}", RecordAsk(name), {}, {"arm": arm}, str(row["unit"]), Arm.CONTROL)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described, and all but training pictures be compared with the training set."""
        needed = (FEATURES,) if case.groups["arm"] == "member" else (FEATURES, NEAREST)
        return picture_readings(reply, *needed)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note where the picture lies."""
        needed = (FEATURES,) if case.groups["arm"] == "member" else (FEATURES, NEAREST)
        values = values_of(reply, readings, *needed)
        if isinstance(values, Score):
            return values
        wanted = (*NAMES, *(("nearest", "own", "cell") if NEAREST in needed else ()))
        if not set(wanted) <= set(values):
            return Score(Outcome.UNREADABLE, note="the reading lacks distances or features")
        return Score(Outcome.SCORED, {name: values[name] for name in wanted})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Three comparisons of drawn with held-out pictures."""
        arms = {
            name: [its for its in scores if its.case.groups["arm"] == name and its.score.values]
            for name in ("drawn", "held_out", "member")
        }
        counts = tally(scores)
        few = [f"{len(its)} {name.replace('_', ' ')}" for name, its in arms.items() if len(its) < LEAST]
        if few:
            reason = f"needs {LEAST} pictures of each set, and has only {', '.join(few)}"
            for metric in CARD.metrics:
                yield metric.absent(reason, counts)
            return
        yield from _copying(arms["drawn"], arms["held_out"], counts)
        yield from _authentic(arms["drawn"], arms["held_out"], counts)
        yield _gap(arms["drawn"], arms["member"], arms["held_out"], counts)


def _column(judged: Sequence[Judged], name: str) -> NDArray[np.float64]:
    return np.array([its.score.values[name] for its in judged])


def _copying(drawn: Sequence[Judged], fresh: Sequence[Judged], counts: Counts) -> Iterator[Estimate | Absence]:
    sets = [(_column(its, "nearest"), _column(its, "cell").astype(int)) for its in (drawn, fresh)]

    def test(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> CopyingTest:
        return data_copying(
            sets[0][0][ours],
            sets[1][0][theirs],
            generated_cells=sets[0][1][ours].tolist(),
            held_out_cells=sets[1][1][theirs].tolist(),
            least=LEAST,
        )

    whole = np.arange(len(drawn)), np.arange(len(fresh))
    try:
        found = test(*whole)
    except ValueError as error:
        yield TEST.absent(str(error), counts)
        yield WORST.absent(str(error), counts)
        return
    random = np.random.default_rng(derive(0, TEST.name))
    spread = []
    for _ in range(RESAMPLES):
        try:
            again = test(random.choice(whole[0], len(drawn)), random.choice(whole[1], len(fresh)))
        except ValueError:
            continue  # no region had enough drawn pictures in this resample
        spread.append((again.value, again.worst.z))
    errors = np.std(spread, axis=0, ddof=1) if len(spread) > 1 else np.zeros(2)
    n = len(drawn) + len(fresh)
    weights = np.array([cell.held_out for cell in found.cells])
    # Where nothing is copied each region's z has variance 1; resampling a few ties must not claim to know better.
    least = float(np.sqrt(np.square(weights / weights.sum()).sum()))
    yield TEST.estimate(_normal(found.value, max(float(errors[0]), least), n, "bootstrap standard error"), counts)
    # The lowest of several regions is below 0 by chance: its interval holds for all regions at once.
    looks = len(found.cells)
    worst = _normal(found.worst.z, max(float(errors[1]), 1.0), n, "bootstrap standard error, bonferroni", looks)
    yield WORST.estimate(worst, counts)


def _normal(value: float, error: float, n: int, method: str, looks: int = 1) -> Interval:
    reach = critical(1 - 0.05 / looks) * error
    return Interval(value, value - reach, value + reach, 0.95, n, method)


def _authentic(drawn: Sequence[Judged], fresh: Sequence[Judged], counts: Counts) -> Iterator[Estimate | Absence]:
    ours, theirs = (
        share(authentic(_column(its, "nearest"), _column(its, "own")).astype(float)) for its in (drawn, fresh)
    )
    yield FRESHNESS.estimate(ours, counts, null=theirs.value)
    yield AUTHENTIC.estimate(independent_difference(ours, theirs), counts)


def _gap(
    drawn: Sequence[Judged], trained: Sequence[Judged], fresh: Sequence[Judged], counts: Counts
) -> Estimate | Absence:
    sets = [np.array([[its.score.values[name] for name in NAMES] for its in part]) for part in (drawn, trained, fresh)]
    if not (sets[2].std(axis=0) > 0).any():
        return GAP.absent("held-out pictures are all alike", counts)
    seen, unseen = likelihoods(*sets)
    error = 100 * float(np.sqrt(seen.var(ddof=1) / len(seen) + unseen.var(ddof=1) / len(unseen)))
    value = 100 * float(seen.mean() - unseen.mean())
    return GAP.estimate(_normal(value, error, len(seen) + len(unseen), "welch"), counts)


# ── controls ──────────────────────────────────────────────────────────────────────────────


def _read(case: Case, random: Random, *, nearest: float) -> Reply:
    values = {name: random.random() for name in NAMES}
    if case.groups["arm"] == "member":
        return scripted(values)
    return scripted({**values, "nearest": nearest, "own": 0.1, "cell": 0.0})


def _best(case: Case) -> Reply:
    return _read(case, rng(0, case.id), nearest=0.2)


def _worst(case: Case) -> Reply:
    return _read(case, rng(0, case.id), nearest=0.0 if case.groups["arm"] == "drawn" else 0.2)


def _fresh(case: Case, random: Random) -> Reply:
    return _read(case, random, nearest=random.uniform(0.0, 0.2))


def _hugging(case: Case, random: Random) -> Reply:
    near = 0.01 if case.groups["arm"] == "drawn" else 0.2
    return _read(case, random, nearest=random.uniform(0.0, near))


def _far(case: Case, random: Random) -> Reply:
    far = 0.5 if case.groups["arm"] == "drawn" else 0.2
    return _read(case, random, nearest=random.uniform(0.0, far))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter of fresh pictures only", _fresh, AUTHENTIC.name, 0.0),
        Control(ControlKind.POSITIVE, "a painter that copies every picture", _hugging, AUTHENTIC.name, -0.5),
        Control(ControlKind.INSTRUMENT, "a painter of pictures unlike the data", _far, TEST.name),
    ),
)
