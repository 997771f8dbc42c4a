"""When a model should hand a question over to a person: what a threshold on its confidence does, and what it costs.

Any probe can be read here whose scores tell how sure the model was of an answer and whether it was right, by one of
two pairs of values: ``confidence`` with ``correct``, or ``disagreement`` (of samples with the likeliest answer) with
``wrong``. A threshold that is found here is judged on the very answers that it was found on: it describes them, and
promises nothing for others. `harness.stats.deferral.certify` makes a promise, and a probe's own estimates tell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.query.tables import opened, tables_of
from harness.records import Interval
from harness.seeds import derive
from harness.stats.calibration import Bin, diagram
from harness.stats.compare import paired_difference
from harness.stats.rates import share
from harness.stats.selection import References, aurc, references, risk_coverage

if TYPE_CHECKING:
    from harness.plan_records import Plan
    from harness.query.library import Library

__all__ = [
    "KINDS",
    "Answers",
    "Handover",
    "Point",
    "Selection",
    "handover",
    "levels",
    "point",
    "read_answers",
    "selection",
    "selections",
]

KINDS: Mapping[str, str] = {
    "letters": "likelihoods of letters",
    "answers": "likelihoods of answers per token",
    "whole": "likelihoods of whole answers",
    "stated": "stated confidences",
    "agreement": "agreement of samples",
}
"""What a confidence may be of, in words: a threshold on one kind is none on another."""
UNKNOWN = "its own confidence"
GRID = 60
"""Thresholds that are shown, at most; evenly spread over the counts that they let through."""
BINS = 10
"""Points of a calibration diagram, at most; each holds about equally many answers."""
LEAST = 10
"""Answers of one point, about, where there are too few for so many points."""
ENOUGH = 20
"""Independent answers from which the area under the curve has an interval."""
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers of one cell with how sure the model was of each, in the order of case ids.

    Attributes:
        cell: Probe and data set, ``probe@dataset``.
        kind: What the confidence is of, in words.
        sure: Confidences in [0, 1].
        wrong: 1 for each wrong answer, 0 for each right one.
        clusters: The item that each belongs to.
        asked: Items that were asked of; some may have no answer with a confidence.
    """

    cell: str
    kind: str
    sure: tuple[float, ...]
    wrong: tuple[int, ...]
    clusters: tuple[str, ...]
    asked: int

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Clusters, where any has several answers."""
        return self.clusters if len(set(self.clusters)) < len(self.clusters) else None

    @property
    def probe(self) -> str:
        """The probe's id."""
        return self.cell.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold does.

    Attributes:
        at: Answers at least as sure are given.
        answered: How many these are.
        wrong: Wrong ones among them.
        coverage: Share of all that is answered; the rest is handed over.
        risk: Share of wrong ones among the answered.
    """

    at: float
    answered: int
    wrong: int
    coverage: float
    risk: Interval


@dataclass(frozen=True, slots=True)
class Handover:
    """A threshold by which the model of a run hands over already.

    Attributes:
        name: Of the mitigation.
        kind: What its confidence is of, in words.
        threshold: Least confidence of an answer that is given; None where every question is handed over.
        promise: What was certified of it, in words; empty where it was given and promises nothing.
    """

    name: str
    kind: str
    threshold: float | None
    promise: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What confidence is good for, in one cell: aggregates, which any role may see.

    Attributes:
        cell: Probe and data set.
        kind: What the confidence is of, in words.
        n: Answers with a confidence.
        asked: Items that were asked of.
        points: Thresholds, the most careful first; the last one answers everything.
        best: Least risk at rising coverage, if every error were known: pairs of coverage and risk.
        overall: Risk of answering everything.
        area: Area under the curve of risk over coverage; None where there is no interval.
        missing: Why there is none; empty where there is.
        known: Areas of a random order and of the best one.
        bins: Points of the calibration diagram, by rising confidence.
        sure: Mean confidence.
        beyond: Mean of confidence less 1 for a right and 0 for a wrong answer; None where there are too few answers.
    """

    cell: str
    kind: str
    n: int
    asked: int
    points: tuple[Point, ...]
    best: tuple[tuple[float, float], ...]
    overall: Interval
    area: Interval | None
    missing: str
    known: References
    bins: tuple[Bin, ...]
    sure: float
    beyond: Interval | None


# ── reading ───────────────────────────────────────────────────────────────────────────────

ANSWERS = """
SELECT cell, "case", cluster,
  coalesce("values"['confidence'], 1 - "values"['disagreement']) AS sure,
  CASE WHEN "values"['confidence'] IS NOT NULL THEN 1 - "values"['correct'] ELSE "values"['wrong'] END AS wrong,
  "values"['confidence'] IS NULL AS by_samples
FROM read_parquet($scores)
WHERE arm = 'main' AND outcome = 'scored' AND sure IS NOT NULL AND wrong IS NOT NULL
ORDER BY cell, "case"
"""
ASKED = "SELECT cell, count(DISTINCT cluster) FROM read_parquet($scores) WHERE arm = 'main' GROUP BY cell"
SOURCES = """
SELECT cell, min(json_extract_string(expected, '$.source')) FROM read_parquet($cases) WHERE arm = 'main' GROUP BY cell
"""


def read_answers(library: Library, run: str) -> tuple[Answers, ...]:
    """Answers of every cell of a run that kept confidences; of scores and cases, the columns that tell them.

    They are for functions that sum them up: what pages get is `selections` and `harness.query.deferral_costs`.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    places = tables_of(library, run)
    with opened(places["scores"]) as connection:
        rows = connection.execute(ANSWERS, {"scores": places["scores"]}).fetchall()
        if not rows:
            return ()
        asked = dict(connection.execute(ASKED, {"scores": places["scores"]}).fetchall())
        sources = dict(connection.execute(SOURCES, {"cases": places["cases"]}).fetchall())
    cells: dict[str, list[tuple[Any, ...]]] = {}
    for cell, *rest in rows:
        cells.setdefault(cell, []).append(tuple(rest))
    return tuple(_answers(cell, its, asked[cell], sources.get(cell)) for cell, its in cells.items())


def _answers(cell: str, rows: Sequence[tuple[Any, ...]], asked: int, source: str | None) -> Answers:
    _, clusters, sure, wrong, by_samples = zip(*rows, strict=True)
    kind = KINDS["agreement"] if all(by_samples) else KINDS.get(source or "", UNKNOWN)
    # A probe may give part of the credit: an answer counts as wrong that has less than half.
    return Answers(cell, kind, sure, tuple(int(its > 0.5) for its in wrong), clusters, asked)


def handover(plan: Plan) -> tuple[Handover, ...]:
    """Thresholds by which the model of ``plan`` hands over, as its identity tells them; innermost first."""
    layers = plan.identity.details.get("mitigations")
    return tuple(_handovers(layers if isinstance(layers, list) else []))


def _handovers(layers: Sequence[Any]) -> Iterator[Handover]:
    for layer in layers:
        details = layer.get("details") if isinstance(layer, dict) else None
        if not isinstance(details, dict) or not {"threshold", "confidence"} <= details.keys():
            continue
        certificate, at = details.get("certificate"), details["threshold"]
        promise = str(certificate.get("promise", "")) if isinstance(certificate, dict) else ""
        yield Handover(str(layer.get("name")), str(details["confidence"]), None if at is None else float(at), promise)


# ── what confidence is good for ───────────────────────────────────────────────────────────


def selections(library: Library, run: str) -> tuple[Selection, ...]:
    """What confidence is good for, in each cell of a run that kept confidences.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    return tuple(selection(answers) for answers in read_answers(library, run))


def selection(answers: Answers) -> Selection:
    """Everything that thresholds on these answers show, at least one answer; risks with Wilson's intervals."""
    sure, wrong = np.array(answers.sure), np.array(answers.wrong, dtype=np.int64)
    perfect = risk_coverage(-wrong.astype(np.float64), wrong.astype(np.float64))
    points = tuple(point(answers, at) for at in levels(answers.sure))
    area, missing = _area(answers)
    return Selection(
        cell=answers.cell,
        kind=answers.kind,
        n=sure.size,
        asked=answers.asked,
        points=points,
        best=tuple(_thinned(list(zip(perfect.coverage, perfect.risk, strict=True)))),
        overall=points[-1].risk,
        area=area,
        missing=missing,
        known=references(answers.wrong),
        bins=diagram(answers.sure, (1 - wrong).tolist(), answers.labels, bins=min(BINS, max(1, sure.size // LEAST))),
        sure=float(sure.mean()),
        beyond=_beyond(answers),
    )


def levels(sure: Sequence[float]) -> tuple[float, ...]:
    """Confidences that occur, the largest first; at most `GRID`, the first and the last among them."""
    found, counts = np.unique(-np.array(sure), return_counts=True)
    if found.size > GRID:
        reached = counts.cumsum()
        wanted = np.linspace(reached[0], reached[-1], GRID)
        found = found[np.unique(np.searchsorted(reached, wanted - 0.5))]
    return tuple(float(-its) for its in found)


def point(answers: Answers, at: float) -> Point:
    """What the threshold ``at`` does, at most the largest confidence; the risk has Wilson's interval.

    Raises:
        ValueError: it lets no answer through.
    """
    given = [place for place, sure in enumerate(answers.sure) if sure >= at]
    labels = answers.labels
    wrong = [float(answers.wrong[place]) for place in given]
    risk = share(wrong, None if labels is None else [labels[place] for place in given])
    return Point(at, len(given), round(sum(wrong)), len(given) / len(answers.sure), risk)


def _thinned(pairs: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    places = np.unique(np.linspace(0, len(pairs) - 1, 2 * GRID).round().astype(int))
    return [pairs[int(place)] for place in places]


def _area(answers: Answers) -> tuple[Interval | None, str]:
    units = len(set(answers.clusters))
    if units < ENOUGH:
        return None, f"{units} answers came with a confidence, and an interval needs {ENOUGH}"
    # The seed of the probe that judged them: where its confidence is this one, its report tells the same interval.
    seed = derive(0, f"{answers.probe}/aurc")
    return aurc(answers.sure, answers.wrong, answers.labels, seed=seed, resamples=RESAMPLES), ""


def _beyond(answers: Answers) -> Interval | None:
    if len(set(answers.clusters)) < 2:
        return None
    right = [1.0 - wrong for wrong in answers.wrong]
    seed = derive(0, f"{answers.probe}/overconfidence")
    return paired_difference(answers.sure, right, answers.labels, seed=seed, bounds=(-1.0, 1.0))
