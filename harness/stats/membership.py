"""Membership scores that are calibrated by reference models: larger means more likely a member.

A record's own difficulty hides its membership: an easy record has a low loss in every model. Reference models,
trained on other halves of the same records, show what the loss would have been with and without the record.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

__all__ = ["calibrated", "lira_offline", "lira_online", "rmia"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ENOUGH = 16
"""Reference models on each side above which a record's own variance beats the pooled one."""


def _side(references: Floats, side: Bools, name: str) -> Floats:
    """References on one ``side``, the others blanked out, ``[n, k]``.

    Raises:
        ValueError: shapes differ, or a record has no reference on that side.
    """
    if references.shape != side.shape:
        raise ValueError(f"references {references.shape} and inside {side.shape} differ in shape")
    if not side.any(axis=1).all():
        raise ValueError(f"each record needs a reference model trained {name} it")
    return np.where(side, references, np.nan)


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
        ValueError: a record has no reference trained without it.
    """
    without = _side(references, ~inside, "without")
    result: Floats = scores - np.nanmean(without, axis=1)
    return result


def lira_offline(scores: Floats, references: Floats, inside: Bools) -> Floats:
    """How far the score lies above those of models trained without the record, in standard deviations, ``[n]``.

    Source: Carlini et al. 2021, arXiv 2112.03570, section 4 (offline); one pooled variance below 16 references.
    Arguments and errors are those of `calibrated`.
    """
    without = _side(references, ~inside, "without")
    distance: Floats = (scores - np.nanmean(without, axis=1)) / _spread(without)
    return distance


def lira_online(scores: Floats, references: Floats, inside: Bools) -> Floats:
    """Log-likelihood ratio of the score under normals fitted with and without the record, ``[n]``.

    Source: Carlini et al. 2021, arXiv 2112.03570, algorithm 1; one pooled variance below 16 references.
    Arguments are those of `calibrated`.

    Raises:
        ValueError: a record has no reference on one side.
    """
    within, without = _side(references, inside, "with"), _side(references, ~inside, "without")
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
    log-likelihood per token, an error or a logit that is no probability of the record, which is part of the
    definition here.
    Source: Zarifzadeh et al. 2023, arXiv 2312.03262.

    Args:
        scores: Log-likelihoods of the records under the audited model, ``[n]``.
        references: Under each reference model, ``[n, k]``.
        population: Of other records, ``[m]``, none of them among the first.
        population_references: Under each reference model, ``[m, k]``.
        gamma: How much more the record must stand out.
    """
    # Thousands of nats below 0 are usual for images: exp alone would make a likelihood of 0 of them.
    ratios = scores - special.logsumexp(references, axis=1) + np.log(references.shape[1])
    others = np.sort(
        population - special.logsumexp(population_references, axis=1) + np.log(population_references.shape[1])
    )
    below: Floats = np.searchsorted(others, ratios - np.log(gamma), side="left") / len(others)
    return below
