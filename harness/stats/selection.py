"""Answering only when sure: how wrong a model is at each share of questions that it answers.

Larger confidences mean surer. Losses are 1 for a wrong answer and 0 for a right one, or between. Equal confidences are
never parted: areas take the mean over all orders of them, thresholds accept all or none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import ROUNDING, finite
from harness.stats.rows import resampled

__all__ = ["Curve", "References", "augrc", "aurc", "coverage_at", "references", "risk_coverage"]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Risk at each coverage, surest answers first.

    Attributes:
        coverage: 1/n, 2/n, ..., 1.
        risk: Mean loss of the answers accepted, expected over orders of equal confidences.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class References:
    """Areas that the same losses have without any knowledge of them, and with full knowledge.

    Attributes:
        aurc_random: AURC of a random order: the mean loss.
        aurc_best: AURC with the least losses first.
        augrc_random: AUGRC of a random order: half the mean loss.
        augrc_best: AUGRC with the least losses first.
    """

    aurc_random: float
    aurc_best: float
    augrc_random: float
    augrc_best: float


def risk_coverage(confidences: Numbers, losses: Numbers) -> Curve:
    """Return the curve that `aurc` is the mean of.

    Args:
        confidences: Shape ``[n]``, finite, larger for surer.
        losses: In [0, 1], one for each.

    Raises:
        ValueError: no answers, or losses outside [0, 1].
    """
    expected = _expected_losses(*_checked(confidences, losses))
    counts = np.arange(1, expected.size + 1)
    return Curve(tuple((counts / expected.size).tolist()), tuple((expected.cumsum() / counts).tolist()))


def aurc(
    confidences: Numbers,
    losses: Numbers,
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 2000,
) -> Interval:
    """Area under the risk-coverage curve: mean over k of the risk of the k surest answers; smaller is better.

    It grows with the model's mean loss, whatever the confidences: read it between its `references`.
    Source: Geifman and El-Yaniv 2017, arXiv 1705.08500; BCa bootstrap over units, clusters whole.

    Args:
        confidences: Shape ``[n]``, finite, larger for surer.
        losses: In [0, 1], one for each.
        clusters: Label of each answer's cluster; None where answers are independent.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.

    Raises:
        ValueError: fewer than 20 units, losses outside [0, 1], or another number of labels than of answers.
    """
    return _area(_aurc, confidences, losses, clusters, confidence=confidence, seed=seed, resamples=resamples)


def augrc(
    confidences: Numbers,
    losses: Numbers,
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 2000,
) -> Interval:
    """Area under the generalised curve: the chance that an answer is accepted and wrong, over all coverages.

    Trapezoids, so that it is (1 - AUROC) p (1 - p) + p^2 / 2 for a share p of wrong answers. Unlike `aurc` it does not
    count the surest few many times over. Source: Traub et al. 2024, arXiv 2407.01032; arguments as for `aurc`.

    Raises:
        ValueError: as `aurc`.
    """
    return _area(_augrc, confidences, losses, clusters, confidence=confidence, seed=seed, resamples=resamples)


def references(losses: Numbers) -> References:
    """Return the areas that ``losses`` have in random order and in the best order.

    Raises:
        ValueError: no losses, or some outside [0, 1].
    """
    _, array = _checked(losses, losses)
    best, mean = np.sort(array), float(array.mean())
    return References(mean, _aurc(best), mean / 2, _augrc(best))


def coverage_at(confidences: Numbers, losses: Numbers, *, alpha: float) -> float:
    """Largest share of answers that a threshold accepts with a mean loss of at most ``alpha`` among these answers.

    The threshold is chosen on the answers it is judged by, so this is a description and no promise:
    `harness.stats.deferral.certify` makes one.

    Returns:
        The coverage; 0.0 where every threshold accepts too much loss, so that none may be answered.

    Raises:
        ValueError: no answers, losses outside [0, 1], or ``alpha`` outside [0, 1].
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"a risk lies in [0, 1], not {alpha}")
    sure, lost = _checked(confidences, losses)
    _, counts = np.unique(-sure, return_counts=True)
    accepted = counts.cumsum()
    risks = lost[np.argsort(-sure, kind="stable")].cumsum()[accepted - 1] / accepted
    return float(accepted[risks <= alpha + ROUNDING].max(initial=0) / sure.size)


def _checked(confidences: Numbers, losses: Numbers) -> tuple[Floats, Floats]:
    sure, lost = finite(confidences), finite(losses)
    if sure.size != lost.size:
        raise ValueError(f"{sure.size} confidences but {lost.size} losses")
    if lost.min() < 0 or lost.max() > 1:
        raise ValueError(f"losses lie in [0, 1], not {lost.min()} to {lost.max()}")
    return sure, lost


def _expected_losses(sure: Floats, lost: Floats) -> Floats:
    """Return losses with the surest first, each the mean of those that share its confidence."""
    _, place, counts = np.unique(-sure, return_inverse=True, return_counts=True)
    expected: Floats = np.repeat(np.bincount(place, weights=lost) / counts, counts)
    return expected


def _aurc(expected: Floats) -> float:
    return float((expected.cumsum() / np.arange(1, expected.size + 1)).mean())


def _augrc(expected: Floats) -> float:
    return float((expected.cumsum() - expected / 2).sum() / expected.size**2)


def _area(
    statistic: Callable[[Floats], float],
    confidences: Numbers,
    losses: Numbers,
    clusters: Sequence[str] | None,
    *,
    confidence: float,
    seed: int,
    resamples: int,
) -> Interval:
    sure, lost = _checked(confidences, losses)
    return resampled(
        lambda rows: statistic(_expected_losses(sure[rows], lost[rows])),
        sure.size,
        clusters,
        confidence=confidence,
        seed=seed,
        resamples=resamples,
        bounds=(0.0, 1.0),
    )
