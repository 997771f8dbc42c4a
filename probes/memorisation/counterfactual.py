"""What does training on a record change?

The audited model and its reference models were trained alike on different halves of the same records. A record's
memorisation is how much better those fit it that were trained on it. Canaries that all were trained on, several times
over, are compared with records like them that were planted nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.errors import NotApplicableError
from harness.records import Absence, Arm, Case, ControlKind, Estimate, Judged, LossAsk, Reply, Score, Value
from harness.seeds import rng
from harness.stats.counterfactual import FEWEST_MODELS, crossed_mean, mean_memorisation, memorised
from harness.stats.multiplicity import benjamini_hochberg
from harness.stats.rates import proportion
from probes.losses import REFERENCES, Scores, one_of_each, read_scores, seen_by, shuffled, told
from probes.memorisation.counterfactual_card import CARD, MEAN, MEMORISED, PLANTED
from probes.pictures import natural
from probes.summaries import tally

__all__ = ["Counterfactual"]

LEAST = 10
"""Records that any number needs."""
ARMS = ("natural", "canary", "fill")
ALARMS = 0.05
"""Share of false alarms that is expected among the records that are called memorised, at most."""

Result: TypeAlias = Estimate | Absence
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Compares the losses of models trained with a record and without it.

    Attributes:
        records: Members, as many non-members, and as many canaries, at most.
        fills: Records like a canary that it is compared with where no model was trained without it.
    """

    records: int = 500
    fills: int = 16

    def __post_init__(self) -> None:
        if self.records < 1 or self.fills < 1:
            raise ValueError("records and fills are at least 1")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield natural records of either side, then canaries and records like them.

        Raises:
            NotApplicableError: there are too few models, or too few records.
        """
        sides = [one_of_each(natural(data, role)) for role in ("member", "nonmember")]
        if min(map(len, sides)) < LEAST:
            raise NotApplicableError(
                f"{len(sides[0])} independent records were trained on and {len(sides[1])} held out: {LEAST} of either"
                " are needed"
            )
        models = 1 + len(seen_by(sides[0][0]))
        if models < FEWEST_MODELS:
            raise NotApplicableError(
                f"it compares {FEWEST_MODELS} models or more that were trained with a record and without it, and has"
                f" {models}: {REFERENCES}"
            )
        n = min(self.records, budget.items or self.records, *map(len, sides))
        for row in (row for pair in zip(sides[0][:n], sides[1][:n], strict=True) for row in pair):
            yield _case(row, "natural", str(row["record"]))
        for row in _planted(data)[:n]:
            yield _case(row, "canary", str(row["record"]))
            if all(_inside(row)):
                for number in range(self.fills):
                    yield _case(row, "fill", f"{row['record']}/reference/{number:05d}")

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the losses of all models."""
        del readings
        seen = case.expected["references"]
        return read_scores(reply, len(seen) if isinstance(seen, list) else 0)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Result]:
        """Memorisation of natural records; of canaries by a coin, and by how often they were planted."""
        arms = {name: shuffled([its for its in scores if its.case.groups["arm"] == name]) for name in ARMS}
        yield from _natural(arms["natural"])
        yield from _by_coin(arms["canary"])
        yield from _repeated(arms["canary"], arms["fill"])


def _planted(data: Dataset) -> list[Row]:
    """Canaries, in an order fixed by their names alone."""
    rows = [row for row in data.rows if row.get("canary") is not None]
    return sorted(rows, key=lambda row: hashlib.sha256(str(row["record"]).encode()).digest())


def _inside(row: Row) -> list[bool]:
    """For each model, the audited one first, whether it was trained on the record."""
    return [row.get("role") == "member", *seen_by(row)]


def _case(row: Row, arm: str, record: str) -> Case:
    groups = {"arm": arm, "role": str(row["role"])} | ({} if arm == "natural" else {"repeats": str(row["repeats"])})
    expected: dict[str, Value] = {"references": [*seen_by(row)]}
    return Case(
        f"{arm}/{record}",
        LossAsk(record),
        expected,
        groups,
        str(row["unit"]),
        Arm.CONTROL if arm == "fill" else Arm.MAIN,
    )


# ── what training changed ─────────────────────────────────────────────────────────────────


def _tables(scores: Scores) -> tuple[Floats, Bools]:
    """Scores of all models, the audited one first, and whether they were trained on the record: ``[n, models]``."""
    member = np.array([its.case.groups["role"] == "member" for its in scores.judged], dtype=np.bool_)
    return np.column_stack([scores.own, scores.references]), np.column_stack([member, scores.inside])


def _both_sides(judged: Sequence[Judged]) -> Scores:
    """Those records alone that some models were trained on and some were not."""
    scores = Scores.of(judged)
    _, inside = _tables(scores)
    return scores.take(np.asarray(inside.any(axis=1) & ~inside.all(axis=1)))


def _natural(judged: Sequence[Judged]) -> Iterator[Result]:
    scores = _both_sides(judged)
    n = len(scores.own)
    if n < LEAST:
        reason = f"{n} records have models that were trained on them and models that were not; {LEAST} are needed"
        yield MEAN.absent(reason, tally(judged))
        yield MEMORISED.absent(reason, tally(judged))
        return
    yield _mean(scores, {})
    adjusted = benjamini_hochberg(memorised(*_tables(scores)).tolist())
    yield MEMORISED.estimate(proportion(sum(p <= ALARMS for p in adjusted), n), tally(scores.judged))


def _mean(scores: Scores, part: Mapping[str, str]) -> Result:
    counts = tally(scores.judged)
    try:
        return MEAN.estimate(mean_memorisation(*_tables(scores)), counts, slice=part)
    except ValueError as error:
        return MEAN.absent(str(error), counts, slice=part)


def _by_coin(judged: Sequence[Judged]) -> Iterator[Result]:
    """Canaries that a coin decided on, once or never."""
    scores = _both_sides(judged)
    if len(scores.own) >= LEAST:
        yield _mean(scores, {"records": "canaries, by a coin"})


def _repeated(canaries: Sequence[Judged], fills: Sequence[Judged]) -> Iterator[Result]:
    """Canaries that all models were trained on, beside records like them: over all, and by how often."""
    counts, saved = tally([*canaries, *fills]), _saved(Scores.of(canaries), Scores.of(fills))
    if len(saved) < 2:
        how = "plant some, `repeats` under [train.canaries] in harness.toml"
        yield PLANTED.absent(f"{len(saved)} canaries that all models were trained on could be compared: {how}", counts)
        return
    yield PLANTED.estimate(crossed_mean(np.stack([row for _, row in saved])), counts)
    for repeats in sorted({judged.case.groups["repeats"] for judged, _ in saved}, key=int):
        level = [(judged, row) for judged, row in saved if judged.case.groups["repeats"] == repeats]
        if len(level) > 1:
            names = {judged.case.cluster for judged, _ in level}
            asked = tally([its for its in (*canaries, *fills) if its.case.cluster in names])
            yield PLANTED.estimate(crossed_mean(np.stack([row for _, row in level])), asked, slice={"repeats": repeats})


def _saved(canaries: Scores, fills: Scores) -> list[tuple[Judged, Floats]]:
    """For each canary that all models know, its score less the mean of records like it, under each model."""
    likes: dict[str, list[Floats]] = {}
    for judged, row in zip(fills.judged, _tables(fills)[0], strict=True):
        likes.setdefault(judged.case.cluster, []).append(row)
    table, inside = _tables(canaries)
    found = []
    for judged, row, seen in zip(canaries.judged, table, inside, strict=True):
        others = likes.get(judged.case.cluster)
        if seen.all() and others:
            found.append((judged, row - np.mean(others, axis=0)))
    return found


# ── controls ──────────────────────────────────────────────────────────────────────────────

GAIN = 2.0
"""By how much the positive control's losses are lower for having been trained on the record."""


def _losses(case: Case, random: Random, gain: float, quality: float = 0.0) -> Reply:
    """Losses of all models: as hard for each, lower by ``gain`` with the record, and each model worse than the last."""
    hard, others = random.gauss(0.0, 1.0), case.expected["references"]
    seen = [case.groups["role"] == "member", *(others if isinstance(others, list) else [])]
    losses = [
        hard + random.gauss(0.0, 0.5) + quality * number - gain * bool(inside and case.groups["arm"] != "fill")
        for number, inside in enumerate(seen)
    ]
    return told(losses[0], losses[1:])


def _best(case: Case) -> Reply:
    return _losses(case, rng(0, case.id), 0.0)


def _worst(case: Case) -> Reply:
    return _losses(case, rng(0, case.id), 10.0)


def _forgetful(case: Case, random: Random) -> Reply:
    return _losses(case, random, 0.0)


def _remembering(case: Case, random: Random) -> Reply:
    return _losses(case, random, GAIN)


def _uneven(case: Case, random: Random) -> Reply:
    return _losses(case, random, 0.0, quality=1.0)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "models whose losses know no members", _forgetful, MEAN.name, 0.0),
        Control(
            ControlKind.POSITIVE, "models that save a loss of 2 by training on a record", _remembering, MEAN.name, GAIN
        ),
        Control(ControlKind.INSTRUMENT, "models each worse than the last, whatever the record", _uneven, MEAN.name),
    ),
)
