"""Can the training records be told from others by the model's losses?

A coin decided before the training who is a member, so members and non-members differ in nothing else; a classifier
that sees the records and no model (the blind baseline) must find nothing, or no number here is evidence. Reference
models, where there are some, show how hard each record is for a model that has not seen it; beside them, scores are
taken less their model's mean over all records, since no two models fit equally well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    Counts,
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
from harness.seeds import derive, rng
from harness.stats.blind import blind_auc
from harness.stats.membership import calibrated, lira_offline, lira_online, rmia
from harness.stats.rates import proportion
from harness.stats.roc import auc, negatives_for, tpr_at_fpr
from harness.text.sentences import share_text
from harness.text.surface import surface
from probes.losses import REFERENCES, Scores, one_of_each, read_scores, seen_by, shuffled, told
from probes.memorisation.membership_card import (
    AREA,
    BLIND,
    CALIBRATED,
    CARD,
    FALSE,
    LIRA_OFFLINE,
    LIRA_ONLINE,
    OTHERS,
    RATES,
    RMIA,
)
from probes.pictures import FEATURES, described, natural, picture_readings
from probes.replies import unanswered
from probes.summaries import tally

__all__ = ["Membership"]

LEAST = 10
"""Records of either side that any number needs."""

Result: TypeAlias = Estimate | Absence
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
        blind = _blind(arms["record"])
        invalid = _invalid(blind)
        if invalid:
            asked = tally(arms["loss"])
            yield from (metric.absent(invalid, asked) for metric in CARD.metrics if metric is not BLIND)
        else:
            yield from _results(arms["loss"], arms["population"])
        yield blind


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


def _members(judged: Sequence[Judged]) -> list[int]:
    return [int(its.case.groups["role"] == "member") for its in judged]


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
    found, counts = [its for its in shown if its.score.values], tally(shown)
    labels = _members(found)
    few = min(sum(labels), len(labels) - sum(labels))
    if few < LEAST:
        return BLIND.absent(f"only {few} records of one side could be looked at; {LEAST} are needed", counts)
    names = sorted({name for its in found for name in its.score.values})
    features = np.array([[its.score.values.get(name, 0.0) for name in names] for its in found])
    interval = blind_auc(features, labels, seed=derive(0, BLIND.name))
    return BLIND.estimate(interval, counts, instrument=FEATURES if NAMES[0] in names else None)


def _invalid(blind: Result) -> str:
    """Why no membership number is evidence; empty where it may be."""
    if isinstance(blind, Absence):
        return f"no membership number is evidence without its blind baseline, and {blind.reason}"
    interval = blind.interval
    if interval.low <= 0.5 <= interval.high:
        return ""
    return (
        "INVALID: a classifier that never asks the model tells members from non-members"
        f" ({interval.value:.2f} of pairs, {100 * interval.confidence:g} % interval {interval.low:.2f} to"
        f" {interval.high:.2f}, where 0.50 is chance), so they differ in more than the training"
    )


# ── the model ─────────────────────────────────────────────────────────────────────────────


def _results(tested: Sequence[Judged], population: Sequence[Judged]) -> Iterator[Result]:
    scores = Scores.of(tested)
    yield _area(AREA, scores.judged, scores.own, tally(tested))
    ranked = Scores.of(population).levelled(scores)
    attacks = list(_attacks(scores.levelled(scores), ranked)) if scores.references.size else []
    for attack in attacks:
        if isinstance(attack, Absence):
            yield attack
        else:
            yield _area(attack.metric, attack.judged, attack.values, tally(attack.judged))
    if attacks:
        yield _area(OTHERS, scores.judged, scores.references.mean(axis=1), tally(tested))
    else:
        for metric in (CALIBRATED, LIRA_OFFLINE, LIRA_ONLINE, RMIA, OTHERS):
            yield metric.absent(f"it needs reference models: {REFERENCES}", tally(tested))
    yield from _rates(scores.judged, scores.own, {})
    for attack in attacks:
        if isinstance(attack, _Attack):
            found = _rates(attack.judged, attack.values, {"score": attack.metric.title})
            yield from (its for its in found if isinstance(its, Estimate))


def _area(metric: Metric, judged: Sequence[Judged], values: Floats, counts: Counts) -> Result:
    """How often a member's value is above a non-member's."""
    members = _members(judged)
    few = min(sum(members), len(members) - sum(members))
    if few < LEAST:
        return metric.absent(f"only {few} records of one side can be scored so; {LEAST} are needed", counts)
    return metric.estimate(auc(values.tolist(), members), counts)


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


def _rates(judged: Sequence[Judged], values: Floats, part: Mapping[str, str]) -> Iterator[Result]:
    """Rates above thresholds that one half of the non-members sets, counted among members and the other half."""
    member = np.array(_members(judged), dtype=bool)
    sides = [[its for its, flag in zip(judged, member, strict=True) if flag == side] for side in (True, False)]
    others, half = values[~member], len(sides[1]) // 2
    for metric, fpr in RATES:
        threshold = {} if metric is RATES[0][0] else {"threshold": f"meant for {share_text(fpr)}"}
        if len(others) < negatives_for(fpr) or not sides[0]:
            yield metric.absent(_too_few(len(others), fpr), tally(sides[0]), slice=part)
            if not threshold:
                yield FALSE.absent(_too_few(len(others), fpr), tally(sides[1]), slice=part)
            continue
        tpr, actual = tpr_at_fpr(values[member], others[half:], calibration=others[:half], fpr=fpr)
        yield metric.estimate(tpr, tally(sides[0]), slice=part)
        yield FALSE.estimate(actual, tally(sides[1][half:]), slice={**part, **threshold}, null=fpr)


def _too_few(others: int, fpr: float) -> str:
    """Why so many non-members show no rate as low as that."""
    if not others:
        return "no non-member has a score"
    most = proportion(0, others, method="clopper-pearson").high
    return (
        f"a rate of {share_text(fpr)} needs {negatives_for(fpr):,} non-members and as many members: 0 of {others:,}"
        f" above a threshold would only show that it lies below {share_text(most)}"
    )


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
