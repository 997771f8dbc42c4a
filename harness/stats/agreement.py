"""Judges against people: agreement beyond chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.resample import bootstrap

__all__ = ["kappa"]


def kappa(a: Sequence[str], b: Sequence[str], *, confidence: float = 0.95, seed: int) -> Interval:
    """Cohen's kappa of two raters' labels of the same items, with a BCa bootstrap over items.

    Perfect agreement, where no resample differs, is bounded by the Clopper-Pearson share of
    disagreements that were not seen.

    Raises:
        ValueError: lengths differ, fewer than two items, or one single label throughout, where kappa is undefined.
    """
    if len(a) != len(b):
        raise ValueError(f"agreement needs both raters on each item, not {len(a)} and {len(b)} labels")
    labels = {label: code for code, label in enumerate(sorted({*a, *b}))}
    if len(labels) < 2:
        raise ValueError("both raters used one single label; kappa compares with chance and is undefined there")
    codes = np.array([[labels[first], labels[second]] for first, second in zip(a, b, strict=True)], dtype=np.float64)
    return bootstrap(
        lambda rows: _kappa(rows, len(labels)), codes, confidence=confidence, seed=seed, bounds=(-1.0, 1.0)
    )


def _kappa(codes: NDArray[np.float64], labels: int) -> float:
    """Return kappa of label codes, shape ``[n, 2]``; 0, no evidence, where a resample holds one single label."""
    pairs = codes.astype(np.intp)
    first, second = np.bincount(pairs[:, 0], minlength=labels), np.bincount(pairs[:, 1], minlength=labels)
    chance = float(first @ second) / len(pairs) ** 2
    observed = float(np.mean(pairs[:, 0] == pairs[:, 1]))
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0
