"""Can the training records be told from others by the model's losses?

A coin decided before the training who is a member, so members and non-members differ in nothing else; a classifier
that sees the records and no model (the blind baseline) must find nothing, or no number here is evidence. Reference
models, where there are some, show how hard each record is for a model that has not seen it; beside them, scores are
taken less their model's mean over all records, since no two models fit equally well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.errors import NotApplicableError
from harness.images.features import NAMES
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    LossAsk,
    Metric,
    Outcome,
    Reading,
    RecordAsk,
    Reply,
    Score,
    Value,
)
from harness.seeds import rng
from harness.stats.membership import calibrated, lira_offline, lira_online, rmia
from harness.text.surface import surface
from probes.losses import REFERENCES, Scores, one_of_each, read_scores, seen_by, shuffled, told
from probes.memorisation.membership_card import (
    AREA,
    BLIND,
    CALIBRATED,
    CARD,
    LIRA_OFFLINE,
    LIRA_ONLINE,
    OTHERS,
    RATES,
    RMIA,
)
from probes.pictures import FEATURES, described, natural, picture_readings
from probes.replies import unanswered
from probes.separation import LEAST, Result, area, blind, invalid, rates
from probes.summaries import tally

__all__ = ["Membership"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Compares the losses of members with those of as many non-members.

    Attributes:
        records: Members, and as many non-members, at most. A false-positive rate of 1 in 1,000 needs 10,000.
    """

    records: int = 1000

    def __post_init__(self) -> None:
        if self.records < 1:
            raise ValueError(f"records is at least 1, not {self.records}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the losses of members and of non-members, those of others to rank among, and the records themselves.

        Raises:
            NotApplicableError: there are too few of either.
        """
        sides = {role: one_of_each(natural(data, role)) for role in ("member", "nonmember", "validation")}
        most = min(len(sides["member"]), len(sides["nonmember"]))
        if most < LEAST:
            raise NotApplicableError(
                f"{len(sides['member'])} independent records were trained on and {len(sides['nonmember'])} held out:"
                f" {LEAST} of either are needed"
            )
        n = min(self.records, budget.items or self.records, most)
        tested = [row for pair in zip(sides["member"][:n], sides["nonmember"][:n], strict=True) for row in pair]
        for row in tested:
            yield _case(row, "loss", LossAsk(str(row["record"])))
        if seen_by(tested[0]):
            left = [*sides["validation"], *sides["member"][n:], *sides["nonmember"][n:]]
            for row in left[:n]:
                yield _case(row, "population", LossAsk(str(row["record"])))
        for row in tested:
            yield _case(row, "record", RecordAsk(str(row["record"])))

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the pictures among the records be described."""
        return picture_readings(reply, FEATURES) if case.groups["arm"] == "record" else []

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the losses, or what a record looks like."""
        if case.groups["arm"] != "record":
            return read_scores(reply, len(_seen(case)))
        if not reply.media:
            return _described_text(reply)
        picture = described(reply, readings)
        if not picture.values or not reply.text:
            return picture
        # A caption may tell the side as well as its picture does.
        return Score(Outcome.SCORED, {**picture.values, **surface(reply.text)})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Result]:
        """Areas and rates; nothing but the reason where the blind baseline tells members from non-members."""
        arms = {name: _arm(scores, name) for name in ("loss", "population", "record")}
        without = _blind(arms["record"])
        reason = invalid(without)
        if reason:
            asked = tally(arms["loss"])
            yield from (metric.absent(reason, asked) for metric in CARD.metrics if metric is not BLIND)
        else:
            yield from _results(arms["loss"], arms["population"])
        yield without


def _case(row: Row, arm: str, ask: LossAsk | RecordAsk) -> Case:
    # Who is asked for a loss in one run may be ranked among in a smaller one: the name of the case is the same.
    name = f"{'record' if arm == 'record' else 'loss'}/{row['record']}"
    groups = {"arm": arm, "role": str(row["role"])}
    expected: dict[str, Value] = {} if arm == "record" else {"references": [*seen_by(row)]}
    return Case(name, ask, expected, groups, str(row["unit"]), Arm.MAIN if arm == "loss" else Arm.CONTROL)


def _seen(case: Case) -> Sequence[object]:
    seen = case.expected.get("references")
    return seen if isinstance(seen, list) else []


def _arm(scores: Sequence[Judged], name: str) -> list[Judged]:
    return shuffled([its for its in scores if its.case.groups["arm"] == name])


# ── the records without the model ─────────────────────────────────────────────────────────


def _described_text(reply: Reply) -> Score:
    missing = unanswered(reply)
    if missing is not None:
        return missing
    text = reply.text or ""
    if reply.finish is not Finish.STOP or not text.strip():
        return Score(Outcome.UNREADABLE, note="the reply shows no record")
    try:
        text.encode()
    except UnicodeEncodeError:
        return Score(Outcome.UNREADABLE, note="the record is no Unicode text")
    return Score(Outcome.SCORED, surface(text))


def _blind(shown: Sequence[Judged]) -> Result:
    """How well a classifier tells members by their looks alone."""
    found = [its for its in shown if its.score.values]
    features = [its.score.values for its in found]
    pictured = any(NAMES[0] in its for its in features)
    return blind(BLIND, found, features, tally(shown), instrument=FEATURES if pictured else None)


# ── the model ─────────────────────────────────────────────────────────────────────────────


def _results(tested: Sequence[Judged], population: Sequence[Judged]) -> Iterator[Result]:
    scores = Scores.of(tested)
    yield area(AREA, scores.judged, scores.own, tally(tested))
    ranked = Scores.of(population).levelled(scores)
    attacks = list(_attacks(scores.levelled(scores), ranked)) if scores.references.size else []
    for attack in attacks:
        if isinstance(attack, Absence):
            yield attack
        else:
            yield area(attack.metric, attack.judged, attack.values, tally(attack.judged))
    if attacks:
        yield area(OTHERS, scores.judged, scores.references.mean(axis=1), tally(tested))
    else:
        for metric in (CALIBRATED, LIRA_OFFLINE, LIRA_ONLINE, RMIA, OTHERS):
            yield metric.absent(f"it needs reference models: {REFERENCES}", tally(tested))
    yield from rates(RATES, scores.judged, scores.own, {})
    for attack in attacks:
        if isinstance(attack, _Attack):
            found = rates(RATES, attack.judged, attack.values, {"score": attack.metric.title})
            yield from (its for its in found if isinstance(its, Estimate))


@dataclass(frozen=True, slots=True, eq=False)
class _Attack:
    """A score that reference models calibrate, and the records that have it."""

    metric: Metric
    judged: Sequence[Judged]
    values: Floats


def _attacks(scores: Scores, population: Scores) -> Iterator[_Attack | Absence]:
    """Scores beside reference models: of records that have such a model on the sides they are compared with."""
    outside = np.asarray((~scores.inside).any(axis=1))
    both = outside & np.asarray(scores.inside.any(axis=1))
    for metric, rows, score in (
        (CALIBRATED, outside, calibrated),
        (LIRA_OFFLINE, outside, lira_offline),
        (LIRA_ONLINE, both, lira_online),
    ):
        part = scores.take(rows)
        yield _Attack(metric, part.judged, score(part.own, part.references, part.inside) if rows.any() else part.own)
    further = len(population.own)
    if further < LEAST:
        yield RMIA.absent(
            f"there are {further} further records to rank among and {LEAST} are needed: ask of fewer `records`",
            tally(scores.judged),
        )
    else:
        values = rmia(scores.own, scores.references, population.own, population.references)
        yield _Attack(RMIA, scores.judged, values)


# ── controls ──────────────────────────────────────────────────────────────────────────────

APART = 2.0
"""By how many standard deviations the positive control's losses of members lie lower."""
PLANTED = NormalDist().cdf(APART / sqrt(2))
"""Area of two normals that lie so far apart."""
WORDS = ("river", "stone", "window", "letter", "garden", "winter", "market", "bridge")


def _record(case: Case, text: str) -> Reply | None:
    """Show ``text`` where a record is asked for."""
    return Reply(Finish.STOP, text=text) if case.groups["arm"] == "record" else None


def _losses(case: Case, random: Random, apart: float) -> Reply:
    """Losses that are lower by ``apart`` for who has seen the record, beside a difficulty and a noise of its own."""
    hard = random.gauss(0.0, 0.8)
    seen = [case.groups["role"] == "member", *map(bool, _seen(case))]
    own, *others = (hard + random.gauss(0.0, 0.6) - apart * inside for inside in seen)
    return told(own, others)


def _best(case: Case) -> Reply:
    return _record(case, "a record") or _losses(case, rng(0, case.id), 0.0)


def _worst(case: Case) -> Reply:
    return _record(case, "a record") or _losses(case, rng(0, case.id), 10.0)


def _forgetful(case: Case, random: Random) -> Reply:
    return _record(case, "a record") or _losses(case, random, 0.0)


def _remembering(case: Case, random: Random) -> Reply:
    return _record(case, "a record") or _losses(case, random, APART)


def _stamped(case: Case, random: Random) -> Reply:
    year = 2019 if case.groups["role"] == "member" else 2023
    return _record(case, f"{random.choice(WORDS)} of {year}") or _losses(case, random, 0.0)


def _wordy(case: Case, random: Random) -> Reply:
    return _record(case, " ".join(random.choices(WORDS, k=12))) or _losses(case, random, 0.0)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a model whose losses know no members", _forgetful, AREA.name, 0.5),
        Control(
            ControlKind.POSITIVE, "a model whose losses are 2 SD lower for members", _remembering, AREA.name, PLANTED
        ),
        Control(ControlKind.POSITIVE, "records that tell their side by the year in them", _stamped, BLIND.name, 1.0),
        Control(ControlKind.INSTRUMENT, "records of random words, told apart by chance", _wordy, BLIND.name),
    ),
)
