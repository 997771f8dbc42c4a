"""Two texts of each unit, one of either kind: how well does a classifier tell the kinds apart on units it never saw?

Both halves of a unit are always left out together, so that nothing which is true of the unit alone, such as its topic,
can be learnt and then recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from harness.records import Interval
from harness.stats.combiner import fit
from harness.stats.intervals import contained, critical, finite, wilson

__all__ = ["LEAST", "Told", "paired_auc", "told_apart"]

FOLDS = 10
INNER = 5
"""Folds within the units that a classifier is fitted to, by whose scores its chances are calibrated."""
LEAST = 16
"""Units that a classifier needs."""

SWAPS = 200
"""Of the kinds within units at random, to see how far the area strays where there is nothing to tell."""
PER_PARAMETER = 10
"""Texts for each effective parameter of the classifier, at least."""
FARTHEST = 3.0
"""Standard deviations beyond which a value counts as this far off: one odd text is not to set a weight."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What classifiers make of units that they never saw.

    Attributes:
        first: Calibrated chance of each unit's first text to be of the first kind, ``[n]``.
        second: The same of its second text, ``[n]``.
        area: How often a first text has the larger score than a second one, of any two units.
    """

    first: Floats
    second: Floats
    area: Interval


def paired_auc(
    first: Sequence[float] | Floats, second: Sequence[float] | Floats, *, confidence: float = 0.95
) -> Interval:
    """Area under the ROC curve of a score that nothing was fitted for, where each unit has one text of either kind.

    The chance that a first text outscores a second one, ties counting one half. The variance is that of what each unit
    adds (DeLong's for clustered data, Obuchowski 1997, Biometrics 53:567-578), turned into the number of yes-or-no
    units that have it, at which Wilson's interval stays in [0, 1]; Student's t with n - 1 degrees of freedom.

    Args:
        first: Scores of the first texts, ``[n]``, finite, at least two.
        second: Of the second texts of the same units.
        confidence: Nominal coverage.

    Returns:
        The interval; its ``n`` counts units.

    Raises:
        ValueError: fewer than two units, or not as many of either.
    """
    one, other = _pairs(first, second)
    return _area(one, other, confidence, most=np.inf, method="delong, paired, wilson")


def told_apart(first: Floats, second: Floats, *, seed: int, confidence: float = 0.95) -> Told:
    """Tell first texts from second ones by a linear classifier, cross-fitted by unit.

    It is ridge regression of the kind on standardised features, in closed form. The penalty is set by counts alone: for
    d features it is 10 d, which leaves fewer than a tenth as many effective parameters as there are texts. Chances come
    from one logistic slope (Platt 1999), fitted to scores that were cross-fitted within the units of each classifier;
    where these scores tell nothing, every chance is one half.

    Scores of several classifiers depend on each other, so the area's interval is not narrower than one of as many
    yes-or-no units as would stray like the same area does where kinds are swapped at random within units.

    Args:
        first: Features of the first texts, ``[n, d]``, NaN where one is missing, in an order of units that has nothing
            to do with what they are.
        second: Of the second texts of the same units.
        seed: Of the swaps.
        confidence: Nominal coverage.

    Raises:
        ValueError: fewer than 16 units, no feature, shapes that differ, or an infinite feature.
    """
    if first.shape != second.shape or first.ndim != 2 or np.isinf([first, second]).any():
        raise ValueError(f"each unit has two rows of as many features, none of them infinite, not {first.shape}")
    units, size = first.shape
    if units < LEAST or not size:
        raise ValueError(f"at least {LEAST} units and one feature are needed, not {units} and {size}")
    features = np.stack([first, second], axis=1)
    signs = np.ones((units, 1 + SWAPS))
    signs[:, 1:] = np.random.default_rng(seed).choice([-1.0, 1.0], size=(units, SWAPS))
    scores, chances = np.empty((units, 2, 1 + SWAPS)), np.empty((units, 2))
    parts = np.arange(units) % FOLDS
    for part in range(FOLDS):
        out = parts == part
        scores[out] = _scores(features[~out], signs[~out], features[out])
        chances[out] = _chances(features[~out], scores[out, :, 0])
    strays = _areas(scores[..., 1:], signs[:, 1:]) - 0.5
    most = 0.25 / max(float(np.square(strays).mean()), np.finfo(float).tiny)
    method = "ridge, cross-fitted; delong, paired, wilson"
    area = _area(scores[:, 0, 0], scores[:, 1, 0], confidence, most=most, method=method)
    return Told(chances[:, 0], chances[:, 1], area)


# ── classifiers ───────────────────────────────────────────────────────────────────────────


def _scores(known: Floats, signs: Floats, asked: Floats) -> Floats:
    """Scores of ``asked``, ``[m, 2, columns]``, by classifiers fitted to ``known``: one for each column of signs."""
    rows = known.reshape(-1, known.shape[-1])
    # A feature that is missing throughout has no mean: it is left out with those that do not vary.
    told = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    centre, spread = np.nanmean(told, axis=0), np.nanstd(told, axis=0)
    varies = spread > 1e-9 * np.maximum(np.nanmax(np.abs(told), axis=0), 1)
    scale = np.where(varies, spread, np.inf)
    mine, theirs = (
        np.nan_to_num(np.clip((its - centre) / scale, -FARTHEST, FARTHEST), nan=0.0)
        for its in (rows, asked.reshape(-1, asked.shape[-1]))
    )
    penalty = PER_PARAMETER * max(int(varies.sum()), 1)
    kinds = np.stack([signs, -signs], axis=1).reshape(len(rows), -1)
    weights = np.linalg.solve(mine.T @ mine + penalty * np.eye(len(centre)), mine.T @ kinds)
    # Equal texts are to tie, whatever the last bits of their scores.
    found: Floats = (theirs @ weights).round(9).reshape(len(asked), 2, -1)
    return found


def _chances(known: Floats, scores: Floats) -> Floats:
    """Turn scores by a classifier of the ``known`` units into chances, ``[m, 2]``."""
    parts, signs = np.arange(len(known)) % INNER, np.ones((len(known), 1))
    inner = np.empty((len(known), 2))
    for part in range(INNER):
        out = parts == part
        inner[out] = _scores(known[~out], signs[~out], known[out])[..., 0]
    if not np.ptp(inner):
        return np.full_like(scores, 0.5)
    slope = fit(inner.reshape(-1, 1), [1, 0] * len(known))
    told = slope.ruler.told(scores.reshape(-1, 1)) * max(float(slope.weights[0]), 0.0)
    chances: Floats = special.expit(told).reshape(scores.shape)
    return chances


# ── areas ─────────────────────────────────────────────────────────────────────────────────


def _pairs(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    one, other = finite(first), finite(second)
    if one.size != other.size or one.size < 2:
        raise ValueError(f"at least two units with a score of either text are needed, not {one.size} and {other.size}")
    return one, other


def _area(first: Floats, second: Floats, confidence: float, *, most: float, method: str) -> Interval:
    """The area, with the error of at most ``most`` yes-or-no units."""
    units = first.size
    ranks = stats.rankdata(np.concatenate([first, second]))
    # A rank less the rank among one's own kind counts the other kind below (ties one half).
    above = (ranks[:units] - stats.rankdata(first)) / units
    below = 1 - (ranks[units:] - stats.rankdata(second)) / units
    value = float(np.clip(above.mean(), 0.0, 1.0))
    z, chance = critical(confidence, df=units - 1), value * (1 - value)
    if chance > 0:
        variance = (above + below).var(ddof=1) / units
        size = min(most, chance / max(variance, chance * z**2 / (units + z**2) / units))
    else:
        size = min(most, float(units))
    return contained(value, wilson(value, size, z), within=(0.0, 1.0), confidence=confidence, n=units, method=method)


def _areas(scores: Floats, signs: Floats) -> Floats:
    """Area of each column, whose first texts are those with sign 1 and the second ones where it is -1."""
    units = len(scores)
    ranks = stats.rankdata(scores.reshape(2 * units, -1), axis=0).reshape(scores.shape)
    firsts = np.where(signs > 0, ranks[:, 0], ranks[:, 1]).sum(axis=0)
    areas: Floats = (firsts - units * (units + 1) / 2) / units**2
    return areas
