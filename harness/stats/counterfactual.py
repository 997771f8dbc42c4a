"""What training on a record changes: models trained with it beside models trained without it.

The memorisation of a record is its mean score in models whose training set held it, less that in models whose
training set did not; a coin for each record and model decided which. Models are few and each costs a training, so
the intervals here are as wide as few models make them.

Source: Feldman 2019, arXiv 1906.05271; Zhang et al. 2021, arXiv 2112.12938 (counterfactual memorisation).
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from harness.records import Interval
from harness.stats.intervals import ROUNDING, contained, critical, unseen

__all__ = ["FEWEST_MODELS", "crossed_mean", "mean_memorisation", "memorisation", "memorised"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST_MODELS = 4
"""Below this, leaving one out leaves no pair of models on either side of most records."""


def memorisation(scores: Floats, inside: Bools) -> Floats:
    """Mean score with the record in training, less that without, for each record: ``[n]``.

    Scores are taken less the level of their model, so that a model that fits everything better counts for nothing.

    Args:
        scores: Of each record under each model, ``[n, models]``, larger meaning better fitted (minus a loss).
        inside: Whether the model was trained on the record, ``[n, models]``.

    Raises:
        ValueError: shapes differ, or a record lies on one side of all models.
    """
    if scores.shape != inside.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and inside {inside.shape} differ in shape, or are no table")
    if inside.all(axis=1).any() or not inside.any(axis=1).all():
        raise ValueError("each record needs a model trained with it and one trained without it")
    within, without = _sides(_levelled(scores, inside), inside)
    return within - without


def mean_memorisation(scores: Floats, inside: Bools, *, confidence: float = 0.95) -> Interval:
    """Mean of `memorisation` over records, for other models and other records of the same kind.

    Two things vary. How much a model memorises: by leaving out one model at a time, with Student's t of models - 1
    degrees of freedom, and not less than the noise of single scores makes. How much of a record is memorised: by the
    variance between records beyond that noise. The two variances are added.

    Args:
        scores: As for `memorisation`, of records on both sides.
        inside: As for `memorisation`.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts models.

    Raises:
        ValueError: as `memorisation`, or fewer than `FEWEST_MODELS` models.
    """
    models = scores.shape[1]
    if models < FEWEST_MODELS:
        raise ValueError(f"{FEWEST_MODELS} models are needed, not {models}")
    effects = memorisation(scores, inside)
    left = np.array([_mean_without(scores, inside, model) for model in range(models)])
    noise = float(np.mean(_variances(scores, inside)) * np.mean(_reach(inside)))
    between_models = max((models - 1) / models * float(np.square(left - left.mean()).sum()), noise / len(effects))
    between_records = max(float(effects.var(ddof=1)) - noise, 0.0) / len(effects) if len(effects) > 1 else 0.0
    return _student(float(effects.mean()), sqrt(between_models + between_records), models, confidence)


def memorised(scores: Floats, inside: Bools) -> Floats:
    """One-sided p-value for each record that training on it raised its score, ``[n]``, by a moderated t-test.

    Few models tell little of a record's own variance. It is drawn towards that of all records, by as much as their
    variances show to be alike; with variances that differ by chance alone, the test has the power of a pooled one.
    Source: Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3(1):3.

    Arguments and errors are those of `memorisation`; and a ``ValueError`` for fewer than three models.
    """
    models = scores.shape[1]
    if models < 3:
        raise ValueError(f"a variance needs three models, not {models}")
    effects, variances, freedom = memorisation(scores, inside), _variances(scores, inside), models - 2
    typical, weight = _prior(variances, freedom)
    if np.isfinite(weight):
        drawn = (weight * typical + freedom * variances) / (weight + freedom)
    else:
        drawn = np.full_like(variances, typical)
    t = effects / np.sqrt(np.maximum(drawn * _reach(inside), np.finfo(float).tiny))
    tails: Floats = stats.t.sf(t, weight + freedom) if np.isfinite(weight) else stats.norm.sf(t)
    return tails


def crossed_mean(values: Floats, *, confidence: float = 0.95) -> Interval:
    """Mean of a table whose rows and columns both are samples: of records and of models.

    The variances of row means and of column means are added, which counts what is in both twice; Student's t has the
    degrees of freedom of the fewer.

    Args:
        values: Shape ``[rows, columns]``, at least two of each.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts the fewer of rows and columns.

    Raises:
        ValueError: a single row or column, which shows no spread.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f"rows and columns are at least two of each, not {values.shape}")
    variance = sum(float(values.mean(axis=1 - axis).var(ddof=1)) / values.shape[axis] for axis in (0, 1))
    return _student(float(values.mean()), sqrt(variance), min(values.shape), confidence, method="student t, crossed")


# ── parts ─────────────────────────────────────────────────────────────────────────────────


def _sides(scores: Floats, inside: Bools) -> tuple[Floats, Floats]:
    """Mean score of each record in the models with it, and in those without it."""
    within: Floats = (scores * inside).sum(axis=1) / inside.sum(axis=1)
    without: Floats = (scores * ~inside).sum(axis=1) / (~inside).sum(axis=1)
    return within, without


def _levelled(scores: Floats, inside: Bools) -> Floats:
    """Scores less how well their model fits all records, whatever share of them it was trained on."""
    rest = scores - scores.mean(axis=1, keepdims=True)
    halves = []
    for side in (inside, ~inside):
        held = side.sum(axis=0)
        # Where a model has all records on one side, that side alone gives its level.
        halves.append(np.where(held > 0, (rest * side).sum(axis=0) / np.maximum(held, 1), np.nan))
    levelled: Floats = scores - np.nanmean(halves, axis=0)
    return levelled


def _variances(scores: Floats, inside: Bools) -> Floats:
    """Variance of each record's score about its two means, with models - 2 degrees of freedom."""
    centred = _levelled(scores, inside)
    within, without = _sides(centred, inside)
    rest = centred - np.where(inside, within[:, None], without[:, None])
    variances: Floats = np.square(rest).sum(axis=1) / (scores.shape[1] - 2)
    return variances


def _reach(inside: Bools) -> Floats:
    """Variance of a record's memorisation, in units of the variance of its scores."""
    reach: Floats = 1 / inside.sum(axis=1) + 1 / (~inside).sum(axis=1)
    return reach


def _mean_without(scores: Floats, inside: Bools, model: int) -> float:
    """Mean memorisation without one model, over the records that still lie on both sides."""
    rest, sides = np.delete(scores, model, axis=1), np.delete(inside, model, axis=1)
    both = sides.any(axis=1) & ~sides.all(axis=1)
    if not both.any():
        raise ValueError("without one of the models no record lies on both sides: more models are needed")
    return float(memorisation(rest[both], sides[both]).mean())


def _prior(variances: Floats, freedom: int) -> tuple[float, float]:
    """The typical variance, and how many degrees of freedom its knowledge is worth; infinity where all are alike."""
    floor = max(float(np.median(variances)) * 1e-6, np.finfo(float).tiny)
    logs = np.log(np.maximum(variances, floor)) - special.digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(logs.var(ddof=1)) - float(special.polygamma(1, freedom / 2)) if len(logs) > 1 else 0.0
    if excess <= special.polygamma(1, 1e6):
        return float(np.mean(variances)), inf
    half = optimize.brentq(lambda x: float(special.polygamma(1, x)) - excess, 1e-3, 1e6)
    return float(np.exp(logs.mean() + special.digamma(half) - np.log(half))), 2 * float(half)


def _student(
    value: float, error: float, n: int, confidence: float, *, method: str = "jackknife of models, student t"
) -> Interval:
    if error <= ROUNDING:
        return unseen(value, n, within=None, confidence=confidence)
    half = critical(confidence, df=n - 1) * error
    return contained(value, (value - half, value + half), confidence=confidence, n=n, method=method)
