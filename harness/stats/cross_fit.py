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
"""Parts of the units, each of which gets its chances from a classifier of the others."""
COMPARED, DEALS = 5, 4
"""Parts within which scores are compared, and how often units are dealt out to them."""
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
        area: How often a first text has the larger score than a second one of another unit.
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
    ranks = stats.rankdata(np.concatenate([one, other]))
    # A rank less the rank among one's own kind counts the other kind below (ties one half).
    above = (ranks[: one.size] - stats.rankdata(one)) / one.size
    below = 1 - (ranks[one.size :] - stats.rankdata(other)) / one.size
    return _interval(above.mean(), above + below, confidence, most=np.inf, method="delong, paired, wilson")


def told_apart(first: Floats, second: Floats, *, seed: int, confidence: float = 0.95) -> Told:
    """Tell first texts from second ones by a linear classifier, cross-fitted by unit.

    It is ridge regression of the kind on standardised features, in closed form. The penalty is set by counts alone: for
    d features it is 10 d, which leaves fewer than a tenth as many effective parameters as there are texts. Chances come
    from one logistic slope (Platt 1999), fitted to scores that were cross-fitted within the units of each classifier;
    where these scores tell nothing, every chance is one half.

    Areas compare what one classifier scored, of different units that were left out together, and are averaged over
    four deals of the units into five parts. Scores of two classifiers are not comparable: each centres on the units
    that it knows, so that a unit which is like few others comes out too low among them. The areas depend on each other,
    so their interval is not narrower than one of as many yes-or-no units as would stray like the same average does
    where kinds are swapped at random within units.

    Args:
        first: Features of the first texts, ``[n, d]``, NaN where one is missing, in an order of units that has nothing
            to do with what they are.
        second: Of the second texts of the same units.
        seed: Of the deals and swaps.
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
    chances = np.empty((units, 2))
    parts = np.arange(units) % FOLDS
    for part in range(FOLDS):
        out = parts == part
        chances[out] = _chances(features[~out], features[out])
    return Told(chances[:, 0], chances[:, 1], _area(features, np.random.default_rng(seed), confidence))


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


def _chances(known: Floats, asked: Floats) -> Floats:
    """Chances of ``asked``, ``[m, 2]``, by a classifier of the ``known`` units."""
    parts, signs = np.arange(len(known)) % INNER, np.ones((len(known), 1))
    scores, inner = _scores(known, signs, asked)[..., 0], np.empty((len(known), 2))
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


def _area(features: Floats, random: np.random.Generator, confidence: float) -> Interval:
    """Average area within parts that were left out, beside that of swapped kinds."""
    units = len(features)
    signs = np.ones((units, 1 + SWAPS))
    signs[:, 1:] = random.choice([-1.0, 1.0], size=(units, SWAPS))
    wins, added, compared = np.zeros(1 + SWAPS), np.zeros(units), np.zeros(units)
    for _ in range(DEALS):
        parts = random.permutation(units) % COMPARED
        for part in range(COMPARED):
            out = parts == part
            above, below = _wins(_scores(features[~out], signs[~out], features[out]), signs[out])
            wins += above.sum(axis=0)
            added[out] += (above + below)[:, 0]
            compared[out] += out.sum() - 1
    areas = wins / compared.sum()
    most = 0.25 / max(float(np.square(areas[1:] - 0.5).mean()), np.finfo(float).tiny)
    method = "ridge, cross-fitted; delong, paired, wilson"
    influence = (added - 2 * areas[0] * compared) / compared.mean()
    return _interval(float(areas[0]), influence, confidence, most=most, method=method)


def _wins(scores: Floats, signs: Floats) -> tuple[Floats, Floats]:
    """How often each unit's first text beats others' second ones, and others' first texts its second; ties one half.

    Args:
        scores: Of both texts, ``[m, 2, columns]``.
        signs: 1 where the first text is of the first kind, -1 where it was swapped, ``[m, columns]``.
    """
    units = len(scores)
    first, second = (np.where(signs == sign, scores[:, 0], scores[:, 1]) for sign in (1, -1))
    ranks = stats.rankdata(np.concatenate([first, second]), axis=0)
    own = (np.sign(first - second) + 1) / 2
    # A rank less the rank among one's own kind counts the other kind below.
    above: Floats = ranks[:units] - stats.rankdata(first, axis=0) - own
    below: Floats = units - (ranks[units:] - stats.rankdata(second, axis=0)) - own
    return above, below


def _interval(value: float, added: Floats, confidence: float, *, most: float, method: str) -> Interval:
    """An area, by what each unit adds to it, with the error of at most ``most`` yes-or-no units."""
    units = added.size
    value = float(np.clip(value, 0.0, 1.0))
    z, chance = critical(confidence, df=units - 1), value * (1 - value)
    if chance > 0:
        size = min(most, chance / max(added.var(ddof=1) / units, chance * z**2 / (units + z**2) / units))
    else:
        size = min(most, float(units))
    return contained(value, wilson(value, size, z), within=(0.0, 1.0), confidence=confidence, n=units, method=method)
