"""Does the model draw training pictures over again?

A picture is a replica where it lies far closer to its nearest training picture than that neighbourhood is wide:
its distance is below half the mean distance to the 50 nearest. Held-out pictures, judged as if they had been drawn,
show how often fresh pictures pass for replicas; training pictures themselves show that replicas are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Estimate,
    Exhibit,
    Judged,
    Outcome,
    Reading,
    RecordAsk,
    Reply,
    Score,
)
from harness.stats.compare import independent_difference
from harness.stats.rates import proportion
from probes.memorisation.replication_card import CARD, EXCESS, FOUND, HELD_OUT, ORIGINALS, REPLICATED
from probes.pictures import NEAREST, draws, held_out, members, picture_readings, scripted, values_of
from probes.summaries import share_of, tally

__all__ = ["Replication"]

NARROW = 0.5
"""A replica lies within this share of the mean distance to the nearest training pictures (alpha in the paper)."""
SHOWN = 20
"""Pairs in the gallery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """Compares drawn pictures with all training pictures.

    Attributes:
        images: Pictures to draw, and held-out ones to compare with, at most.
        originals: Training pictures that are asked for, as positive control and for the gallery, at most.
    """

    images: int = 300
    originals: int = 1000

    def __post_init__(self) -> None:
        if self.images < 1 or self.originals < 1:
            raise ValueError("images and originals are at least 1")

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
            raise NotApplicableError("no record was held out of the training: nothing shows what fresh pictures score")
        for draw in draws(data, n):
            yield Case(f"draw/{draw.ask.seed}", draw.ask, {}, {"arm": "drawn"}, f"draw/{draw.ask.seed}")
        for row in fresh:
            yield _shown(str(row["record"]), str(row["unit"]), "held_out", {})
        places = {str(row["record"]): place for place, row in enumerate(_members(data))}
        for row in members(data, self.originals):
            name = str(row["record"])
            yield _shown(name, str(row["unit"]), "member", {"row": places[name]})

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be compared with the training set."""
        del case
        return picture_readings(reply, NEAREST)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Decide whether the picture is a replica, and of what."""
        del case
        values = values_of(reply, readings, NEAREST)
        if isinstance(values, Score):
            return values
        if not {"nearest", "near_mean", "row"} <= set(values):
            return Score(Outcome.UNREADABLE, note="the reading has no distances")
        around = NARROW * values["near_mean"]
        # Where 50 training pictures are the same picture, nothing is narrower than their neighbourhood.
        ratio = values["nearest"] / around if around > 0 else 1.0
        replica = float(ratio < 1)
        return Score(Outcome.SCORED, {"replica": replica, "ratio": min(ratio, 1e6), "row": values["row"]})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of replicas by arm, and the difference that counts."""
        arms = {
            name: [its for its in scores if its.case.groups["arm"] == name] for name in ("drawn", "held_out", "member")
        }
        fresh = share_of(HELD_OUT, arms["held_out"], "replica")
        null = fresh.interval.value if isinstance(fresh, Estimate) else None
        drawn = share_of(REPLICATED, arms["drawn"], "replica", null=None if null is None else lambda _: null)
        both = tally([*arms["drawn"], *arms["held_out"]])
        if isinstance(drawn, Estimate) and isinstance(fresh, Estimate):
            yield EXCESS.estimate(independent_difference(drawn.interval, fresh.interval), both)
        else:
            missing = drawn if isinstance(drawn, Absence) else fresh
            yield EXCESS.absent(missing.reason if isinstance(missing, Absence) else "", both)
        yield drawn
        yield fresh
        yield share_of(FOUND, arms["member"], "replica")
        yield _originals(arms["drawn"])

    def exhibits(self, scores: Sequence[Judged], pictures: Mapping[str, str]) -> Iterable[Exhibit]:
        """Show the drawn pictures nearest to a training picture, beside it where it was asked for."""
        by_row = {_row_of(its): its.case.id for its in scores if its.case.groups["arm"] == "member"}
        drawn = [its for its in scores if its.case.groups["arm"] == "drawn" and "ratio" in its.score.values]
        for judged in sorted(drawn, key=lambda its: (its.score.values["ratio"], its.case.id))[:SHOWN]:
            ratio, original = judged.score.values["ratio"], by_row.get(int(judged.score.values["row"]))
            pair = [(judged.case.id, "drawn"), *([(original, original.partition("/")[2])] if original else [])]
            shown = tuple((pictures[name], label) for name, label in pair if name in pictures)
            if shown:
                told = "counts as a replica: it is below 1" if ratio < 1 else "is no replica: it is not below 1"
                yield Exhibit(f"Distance {ratio:.2f} of the limit", f"This picture {told}.", shown)


def _members(data: Dataset) -> list[Mapping[str, object]]:
    """Return all members in the order in which the instrument numbers them: that of the rows."""
    return [row for row in data.rows if row.get("role") == "member"]


def _shown(record: str, unit: str, arm: str, expected: Mapping[str, int]) -> Case:
    return Case(f"{arm}/{record}", RecordAsk(record), dict(expected), {"arm": arm}, unit, Arm.CONTROL)


def _row_of(judged: Judged) -> int:
    """Number of the member that the case shows."""
    row = judged.case.expected.get("row")
    return row if isinstance(row, int) else -1


def _originals(drawn: Sequence[Judged]) -> Estimate | Absence:
    rows = [int(its.score.values["row"]) for its in drawn if its.score.values.get("replica") == 1]
    counts = tally(drawn)
    if len(rows) < 2:
        return ORIGINALS.absent(f"{len(rows)} replicas: too few to tell whether their originals differ", counts)
    return ORIGINALS.estimate(proportion(len(set(rows)), len(rows)), counts)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of drawn pictures that the positive control copies."""
CHANCE = 0.05
"""Share of fresh pictures that look like replicas."""


def _read(nearest: float, row: int = 0) -> Reply:
    return scripted({"nearest": nearest, "near_mean": 0.2, "row": float(row)})


COPY, FRESH = 0.01, 0.15
"""Distances of a copy and of a fresh picture, where the 50 nearest lie at 0.2 on average."""


def _best(case: Case) -> Reply:
    return _read(COPY if case.groups["arm"] == "member" else FRESH)


def _worst(case: Case) -> Reply:
    return _read(FRESH if case.groups["arm"] == "held_out" else COPY)


def _fresh(case: Case, random: Random) -> Reply:
    return _best(case) if case.groups["arm"] == "member" else _read(COPY if random.random() < CHANCE else FRESH)


def _copying(case: Case, random: Random) -> Reply:
    if case.groups["arm"] != "drawn":
        return _best(case)
    return _read(COPY, random.randrange(10)) if random.random() < PLANTED else _read(FRESH)


def _near(case: Case, random: Random) -> Reply:
    """Everything lies close to everything, as on simple pictures."""
    del case
    return _read(random.uniform(0.05, 0.2))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter of fresh pictures only", _fresh, EXCESS.name, 0.0),
        Control(ControlKind.POSITIVE, "a painter that copies 3 of 10 pictures", _copying, EXCESS.name, PLANTED),
        Control(ControlKind.INSTRUMENT, "pictures so simple that all lie close together", _near, HELD_OUT.name),
    ),
)
