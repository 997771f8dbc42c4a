"""How close a set of generated images is to a set of real ones, in a feature space that must be named.

Features come from whoever measures; a distance means nothing without the name and digest of its features, and is
never to be compared with published figures, which use another network's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

__all__ = ["Manifolds", "expected_coverage", "frechet", "kernel_distance", "manifolds"]

Features = NDArray[np.floating]


def frechet(real: Features, generated: Features) -> float:
    """Fréchet distance between Gaussians fitted to the two sets, at least 0.

    Biased upwards at small n: compare only values from equal numbers of images.
    Source: Heusel et al. 2017, arXiv 1706.08500.

    Args:
        real: ``[n, features]``, n at least 2.
        generated: ``[m, features]``, m at least 2.
    """
    _need(real, generated, least=2)
    means = real.mean(axis=0, dtype=np.float64) - generated.mean(axis=0, dtype=np.float64)
    first, second = (np.atleast_2d(np.cov(features.astype(np.float64), rowvar=False)) for features in (real, generated))
    # Tr √(AB) = Tr √(√A B √A): symmetric, so that eigenvalues stay real.
    root = _root(first)
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(max(means @ means + np.trace(first) + np.trace(second) - 2 * cross, 0.0))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root


def kernel_distance(real: Features, generated: Features) -> float:
    """Squared maximum mean discrepancy, kernel ``(x·y / features + 1)³``, unbiased: it can be below 0.

    Source: Bińkowski et al. 2018, arXiv 1801.01401.

    Args:
        real: ``[n, features]``, n at least 2.
        generated: ``[m, features]``, m at least 2.
    """
    _need(real, generated, least=2)

    def kernel(left: Features, right: Features) -> NDArray[np.float64]:
        table: NDArray[np.float64] = (left.astype(np.float64) @ right.T / left.shape[1] + 1) ** 3
        return table

    def within(features: Features) -> float:
        table, n = kernel(features, features), len(features)
        return float((table.sum() - np.trace(table)) / (n * (n - 1)))

    return within(real) + within(generated) - 2 * float(kernel(real, generated).mean())


@dataclass(frozen=True, slots=True)
class Manifolds:
    """Whether each image lies where the other set has mass; one entry per image.

    Attributes:
        precise: bool ``[m]``: the generated image lies in the ball of some real one.
        recalled: bool ``[n]``: the real image lies in the ball of some generated one.
        density: float64 ``[m]``: real balls that hold the generated image, over k; can exceed 1.
        covered: bool ``[n]``: the real image's ball holds some generated one.
    """

    precise: NDArray[np.bool_]
    recalled: NDArray[np.bool_]
    density: NDArray[np.float64]
    covered: NDArray[np.bool_]


def manifolds(real: Features, generated: Features, *, k: int = 5) -> Manifolds:
    """Precision, recall, density and coverage, image by image; their means are the usual figures.

    The ball of an image reaches to its k-th nearest neighbour within its own set.
    Source: Kynkäänniemi et al. 2019, arXiv 1904.06991; Naeem et al. 2020, arXiv 2002.09797.

    Args:
        real: ``[n, features]``, n above k.
        generated: ``[m, features]``, m above k.
        k: Neighbour that sets the radius.
    """
    _need(real, generated, least=k + 1)
    real_radii, generated_radii = _radii(real, k), _radii(generated, k)
    between = cdist(real.astype(np.float64), generated.astype(np.float64))  # [n, m]
    inside_real = between <= real_radii[:, None]
    return Manifolds(
        precise=inside_real.any(axis=0),
        recalled=(between <= generated_radii[None, :]).any(axis=1),
        density=inside_real.sum(axis=0) / k,
        covered=inside_real.any(axis=1),
    )


def _radii(features: Features, k: int) -> NDArray[np.float64]:
    distances = cdist(features.astype(np.float64), features.astype(np.float64))
    # The nearest of all is the image itself, at 0.
    radii: NDArray[np.float64] = np.partition(distances, k, axis=1)[:, k]
    return radii


def expected_coverage(real: int, generated: int, *, k: int) -> float:
    """Coverage of two sets drawn from one distribution: ``1 - Π (n - i) / (n + m - i)`` for i from 1 to k.

    Source: Naeem et al. 2020, arXiv 2002.09797, section 3.2.
    """
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (real - i) / (real + generated - i)
    return 1 - missed


def _need(real: Features, generated: Features, *, least: int) -> None:
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1] != generated.shape[1]:
        raise ValueError(f"real {real.shape} and generated {generated.shape} need equal features")
    if min(len(real), len(generated)) < least:
        raise ValueError(f"need {least} images of each, not {len(real)} real and {len(generated)} generated")
