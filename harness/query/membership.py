"""What membership attacks find, at every threshold: from the scores of a bundle, of which only shares leave this room.

A probe keeps one score of each record, and the side the record is on. The table `SCORES` says which of them each area
of a first-party probe is the area under; attacks with reference models are computed again by the same functions. A
curve whose area is not the one that the bundle states is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.canonical import loads
from harness.query.tables import opened, tables_of
from harness.records import Absence, Estimate, Interval
from harness.report.findings import MetricPart, Section
from harness.stats.membership import calibrated, lira_offline, lira_online, rmia
from harness.stats.rates import proportion
from harness.stats.roc import auc, negatives_for
from harness.stats.roc_curve import Point, roc_curve
from harness.text.sentences import interval_text, share_text

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Level", "MembershipAttack", "MembershipCurve", "membership_attacks", "membership_curve"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

POINTS = 100
"""Of a curve."""
TOLERANCE = 1e-6
"""By how much two computations of one area may differ."""
LEVELS = (("tpr_at_5", 0.05), ("tpr_at_1", 0.01), ("tpr_at_0_1", 0.001))
"""Rates that probes tell, by the end of their metric's name, and the share of others that each is meant to accuse."""


@dataclass(frozen=True, slots=True)
class Level:
    """How many training records are found where so many others are accused.

    Attributes:
        false: Share of others that the threshold is meant to accuse.
        found: The rate as the bundle has it.
        sentence: The same in words; empty where there is no number.
    """

    false: float
    found: Estimate | Absence
    sentence: str


@dataclass(frozen=True, slots=True)
class MembershipAttack:
    """One way to tell training records from others.

    Attributes:
        metric: Full name of its area.
        title: Of the metric.
        cell: Probe and data set.
        area: As the bundle has it.
        sentence: The same in words, or why there is no number.
        levels: Rates that the bundle tells of this score, the least strict first.
    """

    metric: str
    title: str
    cell: str
    area: Estimate | Absence
    sentence: str
    levels: tuple[Level, ...]

    @property
    def rates(self) -> tuple[str, ...]:
        """Every rate in a sentence; those for which too little is known in one."""
        told = tuple(level.sentence for level in self.levels if isinstance(level.found, Estimate))
        unknown = [(level.false, level.found.reason) for level in self.levels if isinstance(level.found, Absence)]
        if not unknown:
            return told
        (_, reason), others = unknown[0], [share_text(false) for false, _ in unknown]
        rest = f"what is found where {' or '.join(others)} others may be wrongly accused: {reason.rstrip('.')}"
        return (*told, f"Not enough evidence for {rest}.")


@dataclass(frozen=True, slots=True)
class MembershipCurve:
    """What an attack finds at every threshold.

    Attributes:
        members: Training records with a score.
        others: Other records with a score.
        points: Strictest threshold first; empty where there is no curve.
        missing: Why there is none; empty where there is one.
    """

    members: int = 0
    others: int = 0
    points: tuple[Point, ...] = ()
    missing: str = ""

    @property
    def floor(self) -> float:
        """The least share of others that can be seen to be accused: one of them."""
        return 1 / max(1, self.others)

    @property
    def finding(self) -> str:
        """What the curve shows where one in ten others is accused, or in a hundred if that many were looked at."""
        share = 0.01 if self.others >= negatives_for(0.01) else 0.1
        within = [point for point in self.points if point.false <= share]
        if not within or self.others < negatives_for(share):
            return f"{self.members:,} training records beside {self.others:,} others: too few for a rate"
        return (
            f"where {share_text(share)} others are wrongly accused, {_share(within[-1].true)} training records are"
            f" found; chance alone would find {share_text(share)}"
        )

    @property
    def strictest(self) -> str:
        """What the strictest threshold finds, and how little is known of whom it accuses; empty without a curve."""
        if not self.points or self.points[0].accused:
            return ""
        true, few = self.points[0].true, proportion(0, self.others, method="clopper-pearson").high
        if not true.value:
            return f"No threshold finds a training record before it accuses one of the {self.others:,} others."
        return (
            f"The strictest threshold accuses none of {self.others:,} others, and finds {round(true.value * true.n):,}"
            f" of {true.n:,} training records: {_share(true)}. None of {self.others:,} does not mean never: up to"
            f" {share_text(few)} others may be accused by it."
        )


def _share(its: Interval) -> str:
    low, high = share_text(its.low), share_text(its.high)
    same = low.partition(" of ")[2] == high.partition(" of ")[2] == share_text(its.value).partition(" of ")[2]
    ends = f"{low.partition(' ')[0]}-{high.partition(' ')[0]}" if same else f"{low} to {high}"
    return f"about {share_text(its.value)} (95 % interval {ends})"


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """Records of one cell that have a score.

    Attributes:
        member: Whether each was trained on, ``[n]``.
        own: Score by the model, ``[n]``; larger means likelier trained on.
        references: By each reference model, ``[n, k]``.
        inside: Whether each reference model was trained on it, ``[n, k]``.
    """

    member: Bools
    own: Floats
    references: Floats
    inside: Bools

    def take(self, rows: Bools) -> _Scored:
        return _Scored(self.member[rows], self.own[rows], self.references[rows], self.inside[rows])

    def levelled(self, level: _Scored) -> _Scored:
        """Scores less the mean of their model, as the probe takes them beside reference models."""
        own, references = self.own - level.own.mean(), self.references - level.references.mean(axis=0)
        return _Scored(self.member, own, references, self.inside)


# ── which score is which ──────────────────────────────────────────────────────────────────

Calibrated = Callable[[_Scored, _Scored], tuple[_Scored, Floats]]
"""Tested records and others to rank among → those that can be scored so, and their scores."""


def _beside(score: Callable[[Floats, Floats, Bools], Floats], *, both: bool = False) -> Calibrated:
    def scored(tested: _Scored, population: _Scored) -> tuple[_Scored, Floats]:
        del population
        outside = np.asarray((~tested.inside).any(axis=1))
        part = tested.take(outside & np.asarray(tested.inside.any(axis=1)) if both else outside)
        return part, score(part.own, part.references, part.inside)

    return scored


def _among(tested: _Scored, population: _Scored) -> tuple[_Scored, Floats]:
    return tested, rmia(tested.own, tested.references, population.own, population.references)


LOSSES = "memorisation.membership"
TEXTS = "memorisation.text_membership"
SCORES: Mapping[str, str | Calibrated] = {
    f"{LOSSES}/auc": "score",
    f"{LOSSES}/calibrated_auc": _beside(calibrated),
    f"{LOSSES}/lira_offline_auc": _beside(lira_offline),
    f"{LOSSES}/lira_online_auc": _beside(lira_online, both=True),
    f"{LOSSES}/rmia_auc": _among,
    f"{TEXTS}/auc": "loss",
    f"{TEXTS}/zlib_auc": "zlib_rate",
    f"{TEXTS}/zlib_mean_auc": "zlib_mean",
    f"{TEXTS}/lowercase_auc": "lowercase",
    f"{TEXTS}/min_k_auc": "min_k",
    f"{TEXTS}/min_k_plus_auc": "min_k_plus",
    f"{TEXTS}/reference_auc": "reference",
}
"""Areas by full name of their metric, each with the value of a score that it is of, or how that is computed."""


# ── what pages ask ────────────────────────────────────────────────────────────────────────


def membership_attacks(sections: Sequence[Section]) -> tuple[MembershipAttack, ...]:
    """Every membership attack of a run that `membership_curve` can draw or say why not, in the order of the report.

    Args:
        sections: Of its view.
    """
    return tuple(_attack(section, part) for section in sections for part in section.metrics if part.name in SCORES)


def membership_curve(library: Library, run: str, attack: MembershipAttack) -> MembershipCurve:
    """What ``attack`` finds at every threshold. Any role may ask: only shares of records leave.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    if isinstance(attack.area, Absence):
        return MembershipCurve(missing=attack.area.reason)
    its, values = _scored(library, run, attack.cell, SCORES[attack.metric])
    members, others = int(its.member.sum()), int((~its.member).sum())
    missing = _unfit(its.member, values, attack.area)
    if missing:
        return MembershipCurve(members, others, missing=missing)
    return MembershipCurve(members, others, roc_curve(values[its.member], values[~its.member], most=POINTS))


def _attack(section: Section, part: MetricPart) -> MembershipAttack:
    card = section.card
    first = next(its.name for its in section.metrics if its.name in SCORES)
    # The rates of a probe's first score have no name beside them.
    named = {} if part.name == first else {"score": part.title}
    levels = tuple(
        Level(false, found, _told(found, false) if isinstance(found, Estimate) else "")
        for name, false in LEVELS
        for found in section.result.results
        if found.metric == f"{card.id}/{name}" and found.slice == named
    )
    cell = f"{card.id}@{section.result.dataset}"
    return MembershipAttack(part.name, part.title, cell, part.found, part.sentence, levels)


def _told(found: Estimate, false: float) -> str:
    return (
        f"About {share_text(found.interval.value)} training records are found ({interval_text(found)}) while"
        f" {share_text(false)} others may be wrongly accused; {found.interval.n:,} training records were looked at."
    )


def _unfit(member: Bools, values: Floats, found: Estimate) -> str:
    """Why these scores give no curve; empty where they do."""
    if min(member.sum(), (~member).sum()) < 2 or not np.isfinite(values).all():
        return "the bundle holds too few scores of single records for a curve"
    again = auc(values.tolist(), member.astype(int).tolist()).value
    if abs(again - found.interval.value) > TOLERANCE:
        return (
            f"the scores of single records give an area of {again:.4f}, and the bundle states"
            f" {found.interval.value:.4f}: `harness verify` says whether it was changed"
        )
    return ""


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _scored(library: Library, run: str, cell: str, score: str | Calibrated) -> tuple[_Scored, Floats]:
    """Records with a score, and the scores, ``[n]``."""
    if isinstance(score, str):
        its = _read(library, run, cell, score)
        return its, its.own
    tested, population = (_beside_models(library, run, cell, arm) for arm in ("loss", "population"))
    if not tested.own.size or not tested.references.shape[1]:
        return tested, tested.own
    return score(tested.levelled(tested), population.levelled(tested) if population.own.size else population)


def _read(library: Library, run: str, cell: str, value: str) -> _Scored:
    """One value of each score. Where a probe also keeps scores to rank among, those are left out."""
    rows = _rows(
        library,
        run,
        """SELECT json_extract_string(groups, '$.role') = 'member', map_extract("values", $value)[1]
        FROM read_parquet($scores) WHERE cell = $cell AND map_extract("values", $value)[1] IS NOT NULL
        AND coalesce(json_extract_string(groups, '$.arm'), 'loss') = 'loss'""",
        {"cell": cell, "value": value},
    )
    nothing = np.empty((len(rows), 0))
    return _Scored(
        np.array([member for member, _ in rows], dtype=np.bool_),
        np.array([score for _, score in rows], dtype=np.float64),
        nothing,
        nothing.astype(np.bool_),
    )


def _beside_models(library: Library, run: str, cell: str, arm: str) -> _Scored:
    """Scores by the model and by reference models, and which of those saw each record."""
    rows = _rows(
        library,
        run,
        """SELECT json_extract_string(s.groups, '$.role') = 'member', s."values",
            json_extract(c.expected, '$.references')
        FROM read_parquet($scores) AS s JOIN read_parquet($cases) AS c ON c.cell = s.cell AND c."case" = s."case"
        WHERE s.cell = $cell AND json_extract_string(s.groups, '$.arm') = $arm AND s.outcome = 'scored'""",
        {"cell": cell, "arm": arm},
    )
    inside = np.array([loads(seen) for *_, seen in rows], dtype=np.bool_).reshape(len(rows), -1)
    names = [f"reference/{number}" for number in range(inside.shape[1])]
    return _Scored(
        np.array([member for member, *_ in rows], dtype=np.bool_),
        np.array([values["score"] for _, values, _ in rows], dtype=np.float64),
        np.array([[values[name] for name in names] for _, values, _ in rows], dtype=np.float64).reshape(inside.shape),
        inside,
    )


def _rows(library: Library, run: str, statement: str, asked: Mapping[str, str]) -> list[tuple[Any, ...]]:
    paths = tables_of(library, run)
    used = {name: path for name, path in paths.items() if f"${name})" in statement}
    with opened(paths["scores"]) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(statement, {**used, **asked}).fetchall()
    return rows
