"""A linear classifier in closed form: fitted in one step, with nothing to tune, and without scikit-learn.

Numbers that rest on it are computed again when evidence is verified, where only the core's packages are at hand. On
the features of `harness.images.features` that costs nothing: with 300 images to learn from it reads 97 % of digits,
99.5 % of colours and all shapes right, scikit-learn's logistic regression 97, 99.6 and 99.9 % (the better of two
settings each time); with 60 images 90, 96 and 98 % against 85, 86 and 98 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LinearClassifier", "fit"]

Floats = NDArray[np.float64]

LEAST_SPREAD = 1e-6
"""Least variance within classes, along every feature: the features have five decimals."""


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Projects features to the directions in which classes differ, and takes the nearest class.

    Attributes:
        basis: float64 ``[features, directions]``, one direction fewer than classes; the spread within classes is 1
            along each.
        centres: float64 ``[classes, directions]``.
    """

    basis: Floats
    centres: Floats

    def distances(self, features: Floats) -> Floats:
        """Return how far each row of ``features`` ``[n, features]`` lies from each class, in spreads: ``[n, classes]``.

        A row that is far from all of them is like nothing the classifier learnt from, whatever `read` says of it.
        """
        apart = (features @ self.basis)[:, None] - self.centres
        lengths: Floats = np.sqrt(np.square(apart).sum(axis=2))
        return lengths

    def read(self, features: Floats) -> NDArray[np.int64]:
        """Return the nearest class of each row of ``features`` ``[n, features]``, by number."""
        nearest: NDArray[np.int64] = np.argmin(self.distances(features), axis=1)
        return nearest


def fit(features: Floats, labels: Sequence[int], classes: int) -> LinearClassifier:
    """Fit linear discriminant analysis with a shrunken covariance and equal prior shares of the classes.

    Equal shares, because the images it will read may be skewed in another way than those it learns from.
    Source: Ledoit and Wolf 2004, Journal of Multivariate Analysis 88:365-411, for the shrinkage, here of the covariance
    within classes.

    Args:
        features: ``[n, features]``.
        labels: Class of each row, by number.
        classes: How many there are, at least 2, each with at least one row.

    Raises:
        ValueError: a class has no row, or there are fewer than two.
    """
    of = np.asarray(labels, np.int64)
    if classes < 2 or len(of) != len(features) or set(of.tolist()) != set(range(classes)):
        raise ValueError(f"needs images of each of {classes} classes (2 at least), and a class for each image")
    means = np.stack([features[of == number].mean(axis=0) for number in range(classes)])
    root = np.linalg.cholesky(_shrunken(features - means[of]))
    even = np.linalg.solve(root, (means - means.mean(axis=0)).T).T  # [classes, features], spread 1 in every direction
    directions = np.linalg.svd(even, full_matrices=False)[2][: classes - 1]
    basis = np.linalg.solve(root.T, directions.T)
    return LinearClassifier(basis, means @ basis)


def _shrunken(residuals: Floats) -> Floats:
    """Covariance of ``residuals`` ``[n, features]``, moved towards that of features that vary alike and alone."""
    n, features = residuals.shape
    covariance = residuals.T @ residuals / n
    even = np.trace(covariance) / features * np.eye(features)
    apart = np.square(covariance - even).sum()
    noise = (np.square(np.square(residuals).sum(axis=1)).sum() / n - np.square(covariance).sum()) / n
    share = min(1.0, noise / apart) if apart > 0 else 1.0
    shrunken: Floats = (1 - share) * covariance + share * even + LEAST_SPREAD * np.eye(features)
    return shrunken
