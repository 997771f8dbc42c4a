"""A question asked as it stands, changed, and once more: what its replies show together.

How right a reply was is a value in [0, 1] of its score; from one half it counts as right where only right and wrong
are told apart. Pairs and sets hold scored replies only: a missing answer is no other answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from harness.records import Absence, Case, Counts, Estimate, Judged, Metric, Outcome
from harness.seeds import derive
from harness.stats.compare import mcnemar, paired_difference
from harness.stats.entropy import consistency

__all__ = [
    "Forms",
    "Pair",
    "Role",
    "Unit",
    "accuracy_drop",
    "agreeing",
    "differing",
    "gathered",
    "lost",
    "means",
    "pairs",
    "repeats",
    "won",
    "worst",
]

HALF = 0.5
CLEAN, CHANGED, AGAIN = "clean", "changed", "again"

Role = Callable[[Case], str]
"""What a case is to its question: ``clean``, ``changed`` or ``again``; anything else is left aside."""
Unit = tuple[float, str]
"""A value in [0, 1] and the question it belongs to."""
Pair = tuple[Judged, Judged, str]
"""The question as it stands and another form of it, both scored; and its name."""


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms in which one question was asked.

    Attributes:
        name: The question's own: what its cases have as cluster.
        clean: As it stands.
        changed: In other forms, in the order of their ids.
        again: As it stands, once more.
    """

    name: str
    clean: Judged
    changed: tuple[Judged, ...]
    again: tuple[Judged, ...]

    @property
    def all(self) -> tuple[Judged, ...]:
        """As it stands and changed."""
        return (self.clean, *self.changed)


def gathered(cases: Iterable[Judged], role: Role) -> list[Forms]:
    """Sort cases by question, in the order of names; without those whose question was not asked as it stands."""
    found: dict[str, dict[str, list[Judged]]] = {}
    for judged in sorted(cases, key=lambda one: one.case.id):
        found.setdefault(judged.case.cluster, {}).setdefault(role(judged.case), []).append(judged)
    return [
        Forms(name, its[CLEAN][0], tuple(its.get(CHANGED, ())), tuple(its.get(AGAIN, ())))
        for name, its in sorted(found.items())
        if CLEAN in its
    ]


# ── pairs ─────────────────────────────────────────────────────────────────────────────────


def pairs(questions: Iterable[Forms]) -> list[Pair]:
    """Pair the question as it stands with each of its other forms."""
    return [(its.clean, other, its.name) for its in questions for other in its.changed if _scored(its.clean, other)]


def repeats(questions: Iterable[Forms]) -> list[Pair]:
    """Pair the question as it stands with each time it was asked once more."""
    return [(its.clean, other, its.name) for its in questions for other in its.again if _scored(its.clean, other)]


def differing(found: Iterable[Pair], key: str) -> list[Unit]:
    """Return 1 for each pair whose values named ``key`` differ, else 0."""
    return [(float(_value(one, key) != _value(other, key)), name) for one, other, name in found]


def lost(found: Iterable[Pair], key: str) -> list[Unit]:
    """Return 1 for each pair that went from right to wrong, else 0."""
    return [(float(_value(one, key) >= HALF > _value(other, key)), name) for one, other, name in found]


def won(found: Iterable[Pair], key: str) -> list[Unit]:
    """Return 1 for each pair that went from wrong to right, else 0."""
    return [(float(_value(one, key) < HALF <= _value(other, key)), name) for one, other, name in found]


# ── sets ──────────────────────────────────────────────────────────────────────────────────


def agreeing(questions: Iterable[Forms], key: str) -> list[Unit]:
    """Return, for each question with two scored forms or more, the share of pairs of forms answered alike."""
    counted = ((its.name, Counter(_value(one, key) for one in its.all if _scored(one))) for its in questions)
    return [(consistency(list(counts.values())), name) for name, counts in counted if counts.total() > 1]


def worst(questions: Iterable[Forms], key: str) -> tuple[list[Unit], list[Unit]]:
    """Return the lowest value over all forms of each decided question, and that of the same questions as they stand.

    One wrong answer decides a question, whatever became of its other forms, so that a model gains nothing by
    refusing some of them; else all of them must be scored. The question as it stands is one of the forms, as in
    HELM's worst case over perturbations.
    """
    lowest, before = [], []
    for its in questions:
        found = [_value(one, key) for one in its.all if _scored(one)]
        if _scored(its.clean) and its.changed and (len(found) == len(its.all) or min(found) <= 0):
            lowest.append((min(found), its.name))
            before.append((_value(its.clean, key), its.name))
    return lowest, before


def means(questions: Iterable[Forms], key: str) -> list[tuple[float, float]]:
    """Return, for each question scored both ways, its value as it stands and the mean of its changed forms."""
    found = ((its, [_value(one, key) for one in its.changed if _scored(one)]) for its in questions)
    return [(_value(its.clean, key), fmean(after)) for its, after in found if after and _scored(its.clean)]


def accuracy_drop(
    metric: Metric,
    questions: Sequence[Forms],
    key: str,
    counts: Counts,
    *,
    groups: Mapping[str, str] | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """Estimate how much less right the changed forms are than the question as it stands, paired by question.

    The method names McNemar's exact p, for questions that went one way against those that went the other: with
    several forms, by the mean of them, so that a question counts once.
    """
    both = means(questions, key)
    if len(both) < 2:
        reason = "fewer than two questions have scored replies as they stand and changed"
        return metric.absent(reason, counts, slice=groups)
    before, after = zip(*both, strict=True)
    interval = paired_difference(before, after, seed=derive(0, metric.name), bounds=(-1.0, 1.0))
    fell, rose = sum(b > a for b, a in both), sum(b < a for b, a in both)
    method = f"{interval.method}; exact mcnemar p {mcnemar(fell, rose):.2g} of {fell} worse and {rose} better"
    return metric.estimate(replace(interval, method=method), counts, slice=groups, instrument=instrument)


def _scored(*cases: Judged) -> bool:
    return all(judged.score.outcome is Outcome.SCORED for judged in cases)


def _value(judged: Judged, key: str) -> float:
    return judged.score.values[key]
