"""Tests on whole sets: do generated records lie closer to the training set than fresh ones do?

All of them compare generated records with held-out ones, never with an absolute threshold: on simple images genuine
novelty lies close to something in any large training set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import logsumexp

__all__ = ["Cell", "CopyingTest", "authentic", "data_copying", "likelihoods", "mann_whitney_z"]

Floats = NDArray[np.floating]


def mann_whitney_z(generated: Floats, held_out: Floats) -> float:
    """Standardised count of pairs in which the generated record lies farther; far below 0 means copying.

    ``(U - nm/2) / sqrt(nm (n+m+1) / 12)``, ties counting one half; about standard normal where both sets come from
    one distribution.

    Args:
        generated: Distances to the nearest training record, ``[m]``, at least one.
        held_out: The same for held-out records, ``[n]``, at least one.
    """
    n, m = len(held_out), len(generated)
    ranks = stats.rankdata(np.concatenate([generated, held_out]))
    above = ranks[:m].sum() - m * (m + 1) / 2
    return float((above - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


@dataclass(frozen=True, slots=True)
class Cell:
    """One region of the space.

    Attributes:
        number: Of the region.
        held_out: Held-out records in it.
        generated: Generated records in it.
        z: `mann_whitney_z` within it.
    """

    number: int
    held_out: int
    generated: int
    z: float


@dataclass(frozen=True, slots=True)
class CopyingTest:
    """The data-copying test.

    Attributes:
        value: C_T, the mean of the cells' z weighted by held-out records.
        cells: Regions with enough generated records and at least one held-out record, by number.
        left_out: Regions left out, with what was in them: number → (held out, generated).
    """

    value: float
    cells: tuple[Cell, ...]
    left_out: dict[int, tuple[int, int]]

    @property
    def worst(self) -> Cell:
        """The region in which the generated records lie closest."""
        return min(self.cells, key=lambda cell: cell.z)

    @property
    def worst_p(self) -> float:
        """Probability of a region as low as the worst where nothing is copied, times the number of regions."""
        return min(1.0, float(stats.norm.cdf(self.worst.z)) * len(self.cells))


def data_copying(
    generated: Floats,
    held_out: Floats,
    *,
    generated_cells: Sequence[int],
    held_out_cells: Sequence[int],
    least: int = 20,
) -> CopyingTest:
    """Compare distances to the nearest training record, region by region.

    Source: Meehan et al. 2020, arXiv 2004.05675, section 4. Copying of a small region is averaged away in C_T, which
    is why the worst region stands beside it.

    Args:
        generated: Distances ``[m]``.
        held_out: Distances ``[n]``.
        generated_cells: Region of each generated record.
        held_out_cells: Region of each held-out record.
        least: Generated records that a region needs to count.

    Raises:
        ValueError: no region has ``least`` generated records and a held-out one.
    """
    at_generated, at_held_out = np.asarray(generated_cells), np.asarray(held_out_cells)
    cells, left_out = [], {}
    for number in sorted({*at_generated.tolist(), *at_held_out.tolist()}):
        ours, theirs = generated[at_generated == number], held_out[at_held_out == number]
        if len(ours) < least or not len(theirs):
            left_out[number] = (len(theirs), len(ours))
        else:
            cells.append(Cell(number, len(theirs), len(ours), mann_whitney_z(ours, theirs)))
    if not cells:
        raise ValueError(f"no region holds {least} generated records and a held-out one")
    weights = [cell.held_out for cell in cells]
    return CopyingTest(float(np.average([cell.z for cell in cells], weights=weights)), tuple(cells), left_out)


def authentic(to_nearest: Floats, from_nearest: Floats) -> NDArray[np.bool_]:
    """Whether each record lies farther from its nearest training record than that one lies from its own nearest.

    The share among fresh records is not one half but depends on the dimension: compare with held-out records.
    Source: Alaa et al. 2021, arXiv 2102.08921, section 4.3.

    Args:
        to_nearest: Distance of each record to its nearest training record.
        from_nearest: Distance of that training record to the nearest other one.
    """
    return to_nearest > from_nearest


def likelihoods(
    generated: Floats, training: Floats, held_out: Floats, *, rounds: int = 5, floor: float = 1e-4
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Negative log-likelihoods, in nats per feature, under Gaussians centred at the generated records.

    Each Gaussian's variance, and the weight of one broad Gaussian beside them, is fitted to the training records by
    expectation maximisation. Copies make narrow Gaussians, likely for training records and unlikely for fresh ones:
    the mean over training records falls below the mean over held-out ones.
    Source: Jiralerspong et al. 2023, arXiv 2302.04440 (there fitted by gradient steps).

    Args:
        generated: ``[m, features]``.
        training: ``[n, features]``, those the variances are fitted to.
        held_out: ``[h, features]``; features are standardised by these.
        rounds: Of expectation maximisation; many of them fit narrow Gaussians to chance neighbours as well.
        floor: Least variance, in units of the held-out variance: an exact copy would have none.

    Returns:
        For each training record, and for each held-out record.
    """
    centre, spread = held_out.mean(axis=0), held_out.std(axis=0)
    kept = spread > 0
    ours, seen, fresh = ((x[:, kept] - centre[kept]) / spread[kept] for x in (generated, training, held_out))
    features = ours.shape[1]
    # The broad component keeps a record far from all generated ones from ruling the fit.
    centres = np.concatenate([ours, np.zeros((1, features))])
    variances = np.append(np.full(len(ours), 1.0), 4.0)
    weights = np.full(len(centres), 1 / len(centres))
    squared = _squared(seen, centres)
    for _ in range(rounds):
        shares = _logs(squared, variances, weights, features)
        shares = np.exp(shares - logsumexp(shares, axis=1, keepdims=True))  # [n, m + 1]
        mass = shares.sum(axis=0)
        fitted = (shares * squared).sum(axis=0) / (features * np.maximum(mass, 1e-12))
        variances[:-1] = np.where(mass[:-1] > 1e-12, np.maximum(fitted[:-1], floor), variances[:-1])
        weights[-1] = mass[-1] / len(seen)
        weights[:-1] = (1 - weights[-1]) / len(ours)
    return tuple(
        -logsumexp(_logs(_squared(records, centres), variances, weights, features), axis=1) / features
        for records in (seen, fresh)
    )


def _squared(records: Floats, centres: Floats) -> NDArray[np.float64]:
    norms = np.square(records).sum(axis=1)[:, None] + np.square(centres).sum(axis=1)[None, :]
    squared: NDArray[np.float64] = np.maximum(norms - 2 * records @ centres.T, 0.0)
    return squared


def _logs(
    squared: NDArray[np.float64], variances: NDArray[np.float64], weights: NDArray[np.float64], features: int
) -> NDArray[np.float64]:
    """Log of weight times density, ``[records, components]``."""
    scale = np.log(np.maximum(weights, 1e-300)) - 0.5 * features * np.log(2 * np.pi * variances)
    logs: NDArray[np.float64] = scale - squared / (2 * variances)
    return logs
