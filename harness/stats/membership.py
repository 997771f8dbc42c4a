"""Membership scores that are calibrated by reference models: larger means more likely a member.

A record's own difficulty hides its membership: an easy record has a low loss in every model. Reference models,
trained on other halves of the same records, show what the loss would have been with and without the record.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["calibrated", "lira_offline", "lira_online", "rmia"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ENOUGH = 16
"""Reference models on each side above which a record's own variance beats the pooled one."""


def _split(references: Floats, inside: Bools) -> tuple[Floats, Floats]:
    """References with the other side blanked out, ``[n, k]`` each: with the record, without it.

    Raises:
        ValueError: shapes differ, or a record lies on one side of all references.
    """
    if references.shape != inside.shape:
        raise ValueError(f"references {references.shape} and inside {inside.shape} differ in shape")
    if inside.all(axis=1).any() or not inside.any(axis=1).all():
        raise ValueError("each record needs a reference model trained with it and one trained without it")
    return np.where(inside, references, np.nan), np.where(inside, np.nan, references)


def _spread(values: Floats) -> Floats:
    """Standard deviation for each record, ``[n]``: its own from 16 values on, before that pooled over all records."""
    counts = np.isfinite(values).sum(axis=1)
    centred = values - np.nanmean(values, axis=1, keepdims=True)
    freedom = np.maximum(counts - 1, 0).sum()
    if counts.min() >= ENOUGH:
        own: Floats = np.nanstd(values, axis=1, ddof=1)
        return np.maximum(own, 1e-12)
    # One value a record leaves no spread within records; then only the spread between them is there to use.
    pooled = np.sqrt(np.nansum(np.square(centred)) / freedom) if freedom else float(np.nanstd(values))
    return np.full(len(values), max(float(pooled), 1e-12))


def calibrated(scores: Floats, references: Floats, inside: Bools) -> Floats:
    """Score less the mean of the reference models trained without the record, ``[n]``.

    Args:
        scores: Of the audited model, ``[n]``, larger meaning better fitted (minus a loss).
        references: The same of each reference model, ``[n, k]``.
        inside: Whether each reference model was trained with the record, ``[n, k]``.

    Raises:
        ValueError: a record has no reference on one side.
    """
    _, without = _split(references, inside)
    result: Floats = scores - np.nanmean(without, axis=1)
    return result


def lira_offline(scores: Floats, references: Floats, inside: Bools) -> Floats:
    """How far the score lies above those of models trained without the record, in standard deviations, ``[n]``.

    Source: Carlini et al. 2021, arXiv 2112.03570, section 4 (offline); one pooled variance below 16 references.
    Arguments and errors are those of `calibrated`.
    """
    _, without = _split(references, inside)
    distance: Floats = (scores - np.nanmean(without, axis=1)) / _spread(without)
    return distance


def lira_online(scores: Floats, references: Floats, inside: Bools) -> Floats:
    """Log-likelihood ratio of the score under normals fitted with and without the record, ``[n]``.

    Source: Carlini et al. 2021, arXiv 2112.03570, algorithm 1; one pooled variance below 16 references.
    Arguments and errors are those of `calibrated`.
    """
    within, without = _split(references, inside)
    ratio: Floats = stats.norm.logpdf(scores, np.nanmean(within, axis=1), _spread(within)) - stats.norm.logpdf(
        scores, np.nanmean(without, axis=1), _spread(without)
    )
    return ratio


def rmia(
    scores: Floats, references: Floats, population: Floats, population_references: Floats, *, gamma: float = 1.0
) -> Floats:
    """Share of a population beside which the record stands out, ``[n]``, in [0, 1].

    A record stands out beside z where ``P(x|model) / P(x) > gamma · P(z|model) / P(z)``; P(·) is the mean over
    reference models, half of which were trained with the record. Likelihoods are ``exp(score)``: for a mean
    log-likelihood per token that is no probability of the record, which is part of the definition here.
    Source: Zarifzadeh et al. 2023, arXiv 2312.03262.

    Args:
        scores: Log-likelihoods of the records under the audited model, ``[n]``, at most 0.
        references: Under each reference model, ``[n, k]``.
        population: Of other records, ``[m]``, none of them among the first.
        population_references: Under each reference model, ``[m, k]``.
        gamma: How much more the record must stand out.
    """
    ratios = scores - np.log(np.mean(np.exp(references), axis=1))
    others = np.sort(population - np.log(np.mean(np.exp(population_references), axis=1)))
    below: Floats = np.searchsorted(others, ratios - np.log(gamma), side="left") / len(others)
    return below
