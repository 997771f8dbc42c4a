"""A threshold below which a model defers, with a certified bound on the risk of what it answers.

Learn-then-test with a fixed sequence: thresholds are tested from the most careful on, and the first that fails ends the
walk, so that testing many costs nothing. Source: Angelopoulos et al. 2021, arXiv 2110.01052.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, log1p

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import finite
from harness.stats.rates import proportion

__all__ = ["Deferral", "Outcome", "certify", "fewest_for", "most_errors"]

Numbers = Sequence[float] | NDArray[np.float64]
Labels = Sequence[int] | NDArray[np.int64]

GRID = 100
"""Thresholds that are looked at, at most: more cost nothing in confidence, and gain little coverage."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a threshold does on answers that did not set it.

    Attributes:
        coverage: Share that is answered; the rest is the workload of whom it is deferred to.
        risk: Share of wrong ones among the answered, Clopper-Pearson; None where none is answered.
    """

    coverage: Interval
    risk: Interval | None


@dataclass(frozen=True, slots=True)
class Deferral:
    """A threshold on confidence, and the promise it carries.

    With probability at least 1 - ``delta`` over the calibration answers, the share of wrong ones among the answers that
    it lets through is at most ``alpha``, for answers drawn as those were.

    Attributes:
        threshold: Answers at least as sure are given; None where nothing could be certified, and all are deferred.
        coverage: Share of the calibration answers that it lets through.
        alpha: Bound on the risk.
        delta: Chance that the bound does not hold.
        n: Calibration answers.
        errors: Wrong ones among those let through.
        looked_at: How many thresholds were tested, the one that failed included.
    """

    threshold: float | None
    coverage: Interval
    alpha: float
    delta: float
    n: int
    errors: int
    looked_at: int

    def answers(self, confidences: Numbers) -> list[bool]:
        """Say for each confidence whether it is answered; not where it is deferred."""
        sure = finite(confidences)
        return [False] * sure.size if self.threshold is None else (sure >= self.threshold).tolist()

    def outcome(self, confidences: Numbers, wrong: Labels, *, confidence: float = 0.95) -> Outcome:
        """Apply the threshold to answers that did not set it.

        Args:
            confidences: Shape ``[n]``, finite.
            wrong: 1 for each wrong answer, 0 for each right one.
            confidence: Nominal coverage of both intervals.

        Raises:
            ValueError: no answers, or other labels.
        """
        sure, errors = _checked(confidences, wrong)
        given = np.array(self.answers(sure))
        count, failed = int(given.sum()), int(errors[given].sum())
        risk = proportion(failed, count, confidence=confidence, method="clopper-pearson") if count else None
        return Outcome(proportion(count, sure.size, confidence=confidence), risk)


def certify(
    confidences: Numbers,
    wrong: Labels,
    *,
    alpha: float,
    delta: float = 0.05,
    fewest: int | None = None,
    confidence: float = 0.95,
) -> Deferral:
    """Find the threshold with the largest coverage whose risk is certified to be at most ``alpha``.

    A threshold that lets n answers through, e of them wrong, passes where P[Bin(n, alpha) <= e] <= ``delta``.
    Thresholds are confidences that occur, at most 100 of them, evenly spread over the counts let through. The walk
    starts at the smallest count from which anything can be certified: which thresholds are left out before it depends
    on counts alone, never on errors.

    Args:
        confidences: Shape ``[n]``, finite, of independent answers; of answers that share a context give one each.
        wrong: 1 for each wrong answer, 0 for each right one.
        alpha: Bound on the risk, in (0, 1).
        delta: Chance that the bound does not hold, in (0, 1).
        fewest: Answers that the first threshold lets through, at least; to be set before errors are seen. At the
            default, `fewest_for`, one error is enough to certify nothing. Starting later pays where the surest are
            rarely wrong: of 300 answers with risk .02 to .32, 80 instead of 22 certified a mean coverage of .62 instead
            of .31 (alpha and delta .1); with risk 0 to .6, .07 instead of .09.
        confidence: Nominal coverage of the interval of the coverage.

    Returns:
        The threshold with its promise, or with None for a threshold where the first one tested failed.

    Raises:
        ValueError: no answers, other labels, or ``alpha`` or ``delta`` outside (0, 1).
    """
    sure, errors = _checked(confidences, wrong)
    least = fewest_for(alpha, delta) if fewest is None else max(fewest, 1)
    levels, counts = np.unique(-sure, return_counts=True)
    accepted = counts.cumsum()
    failed = errors[np.argsort(-sure, kind="stable")].cumsum()[accepted - 1]
    best, looked_at = None, 0
    for place in _grid(accepted, least):
        looked_at += 1
        if stats.binom.cdf(failed[place], accepted[place], alpha) > delta:
            break
        best = int(place)
    coverage = (
        Interval(0.0, 0.0, 0.0, confidence, sure.size, "nothing certified")
        if best is None
        else proportion(int(accepted[best]), sure.size, confidence=confidence)
    )
    return Deferral(
        threshold=None if best is None else float(-levels[best]),
        coverage=coverage,
        alpha=alpha,
        delta=delta,
        n=sure.size,
        errors=0 if best is None else int(failed[best]),
        looked_at=looked_at,
    )


def fewest_for(alpha: float, delta: float) -> int:
    """How many answers, all right, certify a risk of at most ``alpha``: fewer certify nothing.

    Raises:
        ValueError: ``alpha`` or ``delta`` is outside (0, 1).
    """
    if not (0 < alpha < 1 and 0 < delta < 1):
        raise ValueError(f"alpha and delta lie in (0, 1), not {alpha} and {delta}")
    return ceil(log(delta) / log1p(-alpha) - 1e-9)


def most_errors(n: int, alpha: float, delta: float) -> int | None:
    """How many of ``n`` answers may be wrong so that a risk of at most ``alpha`` is certified; None: not even none.

    Raises:
        ValueError: ``n`` is below 1, or ``alpha`` or ``delta`` outside (0, 1).
    """
    if n < max(1, fewest_for(alpha, delta)):
        if n < 1:
            raise ValueError(f"at least one answer is needed, not {n}")
        return None
    return int(np.flatnonzero(stats.binom.cdf(np.arange(n + 1), n, alpha) <= delta).max())


def _grid(accepted: NDArray[np.int64], least: int) -> NDArray[np.intp]:
    """Return places of thresholds that let at least ``least`` through, first and last among them, at most `GRID`."""
    places = np.flatnonzero(accepted >= least)
    if places.size <= GRID:
        return places
    counts = accepted[places]
    wanted = np.linspace(counts[0], counts[-1], GRID)
    return places[np.unique(np.searchsorted(counts, wanted - 0.5))]


def _checked(confidences: Numbers, wrong: Labels) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    sure, errors = finite(confidences), np.asarray(wrong)
    if errors.shape != sure.shape or not np.isin(errors, (0, 1)).all():
        raise ValueError("each confidence needs one label: 1 for a wrong answer, 0 for a right one")
    return sure, errors.astype(np.int64)
