"""What handing questions over costs, beside what wrong answers cost: the cheapest threshold on confidence.

Costs are counted in hand-overs: one question that a person must answer costs 1, a wrong answer that is given costs as
much as a reader says, a right one nothing. What is cheapest is found on the answers that it is then told of: it looks
better there than it will on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, hypot, inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.query.deferral import Answers, levels, point, read_answers
from harness.records import Interval
from harness.stats.rates import share
from harness.text.sentences import share_text

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Advice", "Cost", "advice_on", "advise", "advised", "handed_text", "price"]

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Cost:
    """What one threshold costs.

    Attributes:
        at: Answers at least as sure are given; None where all is handed over.
        handed: Share handed over, in [0, 1].
        cost: Mean for each question, in hand-overs.
    """

    at: float | None
    handed: float
    cost: Interval


@dataclass(frozen=True, slots=True)
class Advice:
    """The cheapest threshold on these answers, for one price of a wrong answer.

    Attributes:
        ratio: What a wrong answer costs, in hand-overs.
        costs: All thresholds, from handing everything over to answering everything.
        cheapest: The one with the least mean cost; of equals, the one that hands over least.
        risk: Share of wrong ones among the answers that it gives; None where it gives none.
        overall: The same where all are given.
        alike: Least and largest share handed over of those whose cost is not told apart from the cheapest one's.
        n: Answers.
    """

    ratio: float
    costs: tuple[Cost, ...]
    cheapest: Cost
    risk: Interval | None
    overall: Interval
    alike: tuple[float, float]
    n: int


def price(answers: Answers, ratio: float) -> NDArray[np.float64]:
    """Cost of every answer at every threshold, in hand-overs; ``[thresholds + 1, answers]``.

    The first row hands everything over; then come the thresholds of `harness.query.deferral.levels`.

    Args:
        answers: At least one.
        ratio: What a wrong answer costs, in hand-overs; above 0.
    """
    sure, wrong = np.array(answers.sure), np.array(answers.wrong, dtype=np.float64)
    given = np.vstack([np.zeros(sure.size, dtype=bool), *(sure >= at for at in levels(answers.sure))])
    return np.where(given, ratio * wrong, 1.0)


def advice_on(library: Library, run: str, cell: str, ratio: float) -> Advice | None:
    """What `advise` finds on one cell of a run; None where it has no confidences, or those of one item alone.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
        ValueError: ``ratio`` is not above 0.
    """
    answers = next((its for its in read_answers(library, run) if its.cell == cell), None)
    return None if answers is None or len(set(answers.clusters)) < 2 else advise(answers, ratio)


def advise(answers: Answers, ratio: float) -> Advice:
    """Find the cheapest threshold on ``answers``, at least one.

    Intervals add the squares of the reach of Wilson's intervals for the share handed over and for the share given and
    wrong (Zou and Donner 2008, Statistics in Medicine 27:1693-1702). So few wrong answers that none was seen still cost
    something at the upper end, where a standard error would be 0. The two shares exclude each other, which is left out:
    intervals err on the wide side. Thresholds count as not told apart from the cheapest where the interval of their
    cost less its cost, over the same answers, holds 0, and that of every threshold in between. All of it is on the
    answers that set the threshold.

    Raises:
        ValueError: ``ratio`` is not above 0.
    """
    if not (isfinite(ratio) and ratio > 0):
        raise ValueError(f"a wrong answer costs more than nothing, not {ratio} hand-overs")
    # Nothing is given at the first place; the others let ever more through.
    places: list[float | None] = [None, *levels(answers.sure)]
    costs = tuple(_cost(answers, at, ratio) for at in places)
    totals = price(answers, ratio).sum(axis=1)
    # The last of equals hands over least.
    best = int(totals.size - 1 - np.argmin(totals[::-1]))
    chosen, overall = places[best], point(answers, min(answers.sure)).risk
    risk = None if chosen is None else point(answers, chosen).risk
    alike = _alike(answers, places, best, ratio)
    handed = [costs[place].handed for place in alike]
    return Advice(ratio, costs, costs[best], risk, overall, (min(handed), max(handed)), len(answers.sure))


def _cost(answers: Answers, at: float | None, ratio: float) -> Cost:
    n = len(answers.sure)
    if at is None:
        # What a hand-over costs is the unit: without an answer nothing is uncertain.
        return Cost(None, 1.0, Interval(1.0, 1.0, 1.0, CONFIDENCE, n, "exact: every question is handed over"))
    handed = [sure < at for sure in answers.sure]
    wrong = [bool(its) and not over for its, over in zip(answers.wrong, handed, strict=True)]
    over, given = _share(answers, handed), _share(answers, wrong)
    cost = over.value + ratio * given.value
    low = cost - hypot(over.value - over.low, ratio * (given.value - given.low))
    high = cost + hypot(over.high - over.value, ratio * (given.high - given.value))
    reach = (max(low, 0.0), min(high, max(1.0, ratio)))
    return Cost(at, over.value, Interval(cost, *reach, CONFIDENCE, over.n, "wilson, squares added"))


def _alike(answers: Answers, places: Sequence[float | None], best: int, ratio: float) -> list[int]:
    """Places around ``best`` whose cost is not told apart from its cost, without a gap."""
    found = [best]
    for step in (-1, 1):
        place = best + step
        while 0 <= place < len(places) and _may_equal(answers, places[place], places[best], ratio):
            found.append(place)
            place += step
    return found


def _may_equal(answers: Answers, one: float | None, other: float | None, ratio: float) -> bool:
    """Whether two thresholds may cost the same: they differ on the answers between them alone."""
    low, high = sorted(inf if at is None else at for at in (one, other))
    between = [low <= sure < high for sure in answers.sure]
    wrong = [bool(its) and inside for its, inside in zip(answers.wrong, between, strict=True)]
    handed, lost = _share(answers, between), _share(answers, wrong)
    more = handed.value - ratio * lost.value
    least = more - hypot(handed.value - handed.low, ratio * (lost.high - lost.value))
    most = more + hypot(handed.high - handed.value, ratio * (lost.value - lost.low))
    return least <= 0 <= most


def _share(answers: Answers, flags: Sequence[bool]) -> Interval:
    return share([float(flag) for flag in flags], answers.labels, confidence=CONFIDENCE)


def advised(advice: Advice) -> tuple[str, ...]:
    """Say the cheapest threshold in plain sentences: what to hand over, what then is wrong, and what it costs."""
    low, high = advice.alike
    alike = (
        f"On these {advice.n:,} answers, handing over any share from {handed_text(low, advice.n)} to"
        f" {handed_text(high, advice.n)} costs about as much: the difference may be chance."
    )
    return (_opening(advice), _costs(advice), *([alike] if high > low else []))


def handed_text(share: float, n: int) -> str:
    """A share of ``n`` answers: of 100, or of the answers where hundredths would hide or invent some."""
    return share_text(share) if share in (0, 1) or 0.01 <= share <= 0.99 else f"{round(share * n):,} of {n:,}"


def _opening(advice: Advice) -> str:
    its = advice.cheapest
    opening = f"If a wrong answer costs {advice.ratio:g} {'time' if advice.ratio == 1 else 'times'} a hand-over"
    if advice.risk is None:
        return (
            f"{opening}, hand over every question: of all answers {_told(advice.overall)} are wrong, and of the surest"
            " still too many."
        )
    if its.handed == 0:
        return f"{opening}, answer every question: {_told(advice.overall)} answers are wrong."
    return (
        f"{opening}, hand over the least sure {handed_text(its.handed, advice.n)}: of the answers given"
        f" {_told(advice.risk)} are then wrong, instead of {share_text(advice.overall.value)}."
    )


def _costs(advice: Advice) -> str:
    its, everything = advice.cheapest, f"answering every question costs {100 * advice.costs[-1].cost.value:.0f}"
    if advice.risk is None:
        return f"For 100 questions that is 100 hand-overs; {everything}."
    return (
        f"On average 100 questions then cost as much as {100 * its.cost.value:.0f} hand-overs ({_bounds(its.cost)});"
        f" {everything}, handing every one over 100."
    )


def _told(interval: Interval) -> str:
    return f"about {share_text(interval.value)} ({_bounds(interval)})"


def _bounds(interval: Interval) -> str:
    """Bounds of 100, rounded outward: a printed interval holds the true one."""
    low, high = floor(round(100 * interval.low, 9)), ceil(round(100 * interval.high, 9))
    return f"{100 * interval.confidence:g} % interval {low}-{high}"
