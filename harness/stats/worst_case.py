"""How much answers depend on wording: each question asked in several variants.

A table has a row for each question and a column for each variant, and says in [0, 1] how right each answer was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import ROUNDING, contained, critical, finite, unseen
from harness.stats.rates import share
from harness.stats.resample import permutation_p
from harness.stats.rows import Rows, members, resampled

__all__ = [
    "Spread",
    "Variants",
    "drop_rate",
    "expected_worst",
    "format_spread",
    "held_out_extremes",
    "option_recalls",
    "over_variants",
    "rstd",
    "worst_curve",
]

Floats = NDArray[np.float64]
Numbers = Sequence[float] | Floats
Table = Sequence[Sequence[float]] | NDArray[np.number]

FEWEST_RIGHT = 15
"""Units with right answers below which a drop relative to them has no interval: some resample would hold none."""


@dataclass(frozen=True, slots=True)
class Variants:
    """Accuracy over variants; each interval counts questions, or their clusters.

    Attributes:
        worst: Each question judged by its worst variant.
        mean: By the mean of its variants.
        best: By its best variant.
        variants: How many there are: worst and best depend on it.
    """

    worst: Interval
    mean: Interval
    best: Interval
    variants: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Largest less smallest accuracy over formats, and what it would be if formats made no difference.

    Attributes:
        value: The spread. Noise widens it, so its lower end shows nothing: ``p`` does.
        null: Mean spread where formats are exchanged at random within each question, with the middle share of draws.
        p: Chance of a spread at least as large where formats make no difference.
        formats: How many there are: the spread grows with them.
    """

    value: Interval
    null: Interval
    p: float
    formats: int


def over_variants(right: Table, clusters: Sequence[str] | None = None, *, confidence: float = 0.95) -> Variants:
    """Accuracy by the worst, the mean and the best variant of each question.

    Args:
        right: Shape ``[questions, variants]``, in [0, 1].
        clusters: Label of each question's cluster; None where questions are independent.
        confidence: Nominal coverage.

    Raises:
        ValueError: an empty table, values outside [0, 1], or another number of labels than of questions.
    """
    table = _checked(right)
    worst, mean, best = (
        share(its, clusters, confidence=confidence)
        for its in (table.min(axis=1), table.mean(axis=1), table.max(axis=1))
    )
    return Variants(worst, mean, best, table.shape[1])


def worst_curve(
    right: Table, clusters: Sequence[str] | None = None, *, confidence: float = 0.95
) -> tuple[Interval, ...]:
    """Accuracy by the worst of k variants, for k from 1 to all: the mean over all choices of k.

    A question right in s of J variants is right in all of k chosen ones in C(s, k) of C(J, k) choices.

    Args:
        right: Shape ``[questions, variants]``, each 0 or 1.
        clusters: Label of each question's cluster; None where questions are independent.
        confidence: Nominal coverage.

    Raises:
        ValueError: an empty table, values other than 0 and 1, or another number of labels than of questions.
    """
    table = _checked(right)
    if not np.isin(table, (0.0, 1.0)).all():
        raise ValueError("how many variants were right is counted in values of 0 and 1 only")
    variants, hits = table.shape[1], table.sum(axis=1).astype(int)
    chances = [[comb(int(s), k) / comb(variants, k) for s in hits] for k in range(1, variants + 1)]
    return tuple(share(its, clusters, confidence=confidence) for its in chances)


def expected_worst(values: Numbers, k: int) -> float:
    """Worst of ``k`` of one question's ``values``, the mean over all choices of k: what `worst_curve` averages.

    Of J values in rising order the i-th is the worst of a choice where the other k - 1 are among the J - i above it,
    which C(J - i, k - 1) of the C(J, k) choices are. For values of 0 and 1 that is C(s, k) / C(J, k) with s ones.

    Raises:
        ValueError: fewer than ``k`` values, or ``k`` below 1.
    """
    array = np.sort(finite(values))
    if not 1 <= k <= array.size:
        raise ValueError(f"the worst of k of {array.size} values needs k in 1 to {array.size}, not {k}")
    chances = [comb(array.size - 1 - place, k - 1) for place in range(array.size)]
    return float(np.dot(array, chances) / comb(array.size, k))


def drop_rate(
    clean: Numbers,
    changed: Numbers,
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 5000,
) -> Interval:
    """Performance drop rate: share of the clean accuracy that is lost, 1 - sum of changed / sum of clean.

    Ratio of sums, by BCa bootstrap over questions, clusters whole. It explodes where the clean accuracy is low: report
    the difference too. Source: Zhu et al. 2023, arXiv 2306.04528.

    Args:
        clean: How right each question's answer was as it stands, in [0, 1].
        changed: How right it was when changed; for several variants their mean.
        clusters: Label of each question's cluster; None where questions are independent.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.

    Raises:
        ValueError: nothing was right when clean, so that there is no rate; fewer than 15 units were, or fewer than 20
            units are there, so that it has no interval; or values outside [0, 1].
    """
    table = _checked(np.column_stack([finite(clean), finite(changed)]))
    before, after = table.T
    if not before.any():
        raise ValueError("no answer was right before the change: there is nothing that a share of could be lost")
    units = members(len(table), clusters)
    base = sum(bool(before[its].any()) for its in units)
    if base < FEWEST_RIGHT:
        raise ValueError(f"{base} units were right before the change; a drop relative to them needs {FEWEST_RIGHT}")
    value = 1 - after.sum() / before.sum()
    if np.abs(after - (1 - value) * before).max() <= ROUNDING:
        return unseen(value, len(units), within=(1 - 1 / before.mean(), 1.0), confidence=confidence)

    def dropped(rows: Rows) -> float:
        total = before[rows].sum()
        return float(1 - after[rows].sum() / total) if total else -np.inf

    return resampled(dropped, len(table), clusters, confidence=confidence, seed=seed, resamples=resamples)


def format_spread(
    right: Table,
    clusters: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int,
    resamples: int = 2000,
) -> Spread:
    """Largest less smallest accuracy over formats, beside its permutation null.

    Several formats never have quite the same accuracy, so a spread alone says nothing. Under the null, formats are
    exchanged at random within each question, and alike for all questions of a cluster.

    Args:
        right: Shape ``[questions, formats]``, in [0, 1], at least 2 formats.
        clusters: Label of each question's cluster; None where questions are independent.
        confidence: Nominal coverage of the value, and share of draws between the bounds of the null.
        seed: Of the resampling and of the exchanging.
        resamples: How many of each.

    Raises:
        ValueError: fewer than 20 units, one format alone, or values outside [0, 1].
    """
    table = _checked(right)
    rows, formats = table.shape
    if formats < 2:
        raise ValueError("a spread needs at least 2 formats")
    critical(confidence)
    value = resampled(
        lambda drawn: _spread(table[drawn]),
        rows,
        clusters,
        confidence=confidence,
        seed=seed,
        resamples=resamples,
        bounds=(0.0, 1.0),
    )
    sums = np.array([table[its].sum(axis=0) for its in members(rows, clusters)])
    random = np.random.default_rng(seed)
    draws = np.array([np.ptp(random.permuted(sums, axis=1).sum(axis=0)) / rows for _ in range(resamples)])
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    null = contained(
        float(draws.mean()),
        (low, high),
        within=(0.0, 1.0),
        confidence=confidence,
        n=len(sums),
        method="permutation null",
    )
    # Sums in another order differ in their last digits, and must still count as equally large.
    return Spread(value, null, permutation_p(_spread(table) - ROUNDING, draws), formats)


def held_out_extremes(right: Table, half: Sequence[bool]) -> tuple[Floats, Floats]:
    """How right each question was under the format that did worst, and the one that did best, in the other half.

    The worst of several formats is worst by bad luck in part: chosen and judged on the same questions it looks worse
    than it is. Here no question has a say in what it is judged by. Formats that tie share the choice.

    Args:
        right: Shape ``[questions, formats]``, in [0, 1].
        half: For each question, whether it is of the first half; there is at least one of either.

    Returns:
        Worst and best, each of shape ``[questions]``.

    Raises:
        ValueError: an empty table, values outside [0, 1], a half without questions, or another number of halves.
    """
    table, first = _checked(right), np.asarray(half, dtype=bool)
    if first.shape != (len(table),) or first.all() or not first.any():
        raise ValueError(f"{len(table)} questions are parted in two halves, neither of them empty")
    worst, best = np.empty(len(table)), np.empty(len(table))
    for mine in (first, ~first):
        accuracy = table[~mine].mean(axis=0)
        for found, extreme in ((worst, accuracy.min()), (best, accuracy.max())):
            chosen = np.abs(accuracy - extreme) <= ROUNDING
            found[mine] = table[mine][:, chosen].mean(axis=1)
    return worst, best


def option_recalls(
    chosen: Sequence[str | None], right: Sequence[str], *, confidence: float = 0.95
) -> dict[str, Interval]:
    """For each option, how often it was chosen where it was right.

    Args:
        chosen: Option chosen for each question; None where there was none.
        right: Right option of each question.
        confidence: Nominal coverage.

    Returns:
        Intervals by option, sorted; options that are never right have none.

    Raises:
        ValueError: no questions, or lists of different lengths.
    """
    if len(chosen) != len(right) or not right:
        raise ValueError(f"each question needs a choice and a right option, not {len(chosen)} and {len(right)}")
    hits = {
        option: [float(mine == option) for mine, its in zip(chosen, right, strict=True) if its == option]
        for option in sorted(set(right))
    }
    return {option: share(its, confidence=confidence) for option, its in hits.items()}


def rstd(recalls: Sequence[float]) -> float:
    """Standard deviation of the options' recalls: 0 where a model prefers none of them by its place.

    Noise adds to it, about as much as one recall's standard error. Source: Zheng et al. 2023, arXiv 2309.03882.

    Args:
        recalls: One for each option, in [0, 1], at least 2.

    Raises:
        ValueError: fewer than 2 options, or values outside [0, 1].
    """
    array = finite(recalls)
    if array.size < 2 or array.min() < 0 or array.max() > 1:
        raise ValueError(f"a spread needs at least 2 recalls in [0, 1], not {list(recalls)}")
    return float(array.std())


def _spread(table: Floats) -> float:
    return float(np.ptp(table.mean(axis=0)))


def _checked(right: Table) -> Floats:
    table = np.asarray(right, dtype=np.float64)
    if table.ndim != 2 or table.size == 0 or not ((table >= 0) & (table <= 1)).all():
        raise ValueError(f"expected questions by variants with values in [0, 1], not a table of shape {table.shape}")
    return table
