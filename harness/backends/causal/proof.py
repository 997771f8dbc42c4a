"""Which scorer answers, and the proof that the fast one computes what the plain one does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.backends.causal.forest import TreeScorer
from harness.backends.causal.loading import Loaded
from harness.backends.causal.plain import PlainScorer
from harness.backends.causal.scores import Scorer, Scores
from harness.backends.causal.tree import Branch
from harness.errors import ModelError

__all__ = ["check", "make_scorer"]

REMEDY = 'Set scoring = "plain" under [model].'

TOLERANCE = 1e-3
"""Largest difference of any token between the two paths, in nats, in float32."""

HALF_TOLERANCE = 0.05
"""Mean difference of the tokens, in nats, in half precision. Rounding puts single tokens up to 0.1 off and the mean
near 0.01, on a model of 135 million weights; a mask that is not honoured puts the mean of the example near 0.14."""


def make_scorer(loaded: Loaded, path: str) -> Scorer:
    """The scorer of that path, ``tree`` or ``plain``."""
    return TreeScorer(loaded) if path == "tree" else PlainScorer(loaded)


def check(loaded: Loaded, *, half: bool) -> None:
    """Compare both paths on a small request that has a primer, shared beginnings and several rows.

    Args:
        loaded: The model.
        half: Whether its numbers have half precision.

    Raises:
        ModelError: they differ, so this model's attention does not honour the mask or the positions.
    """
    asks = _example(loaded.tokens.vocabulary, loaded.tokens.limit)
    tree = TreeScorer(loaded)
    tree.row_width, tree.forward_nodes = 12, 24  # one row for each ask, so that the primer is kept for both
    try:
        ours, plain = _all(tree.score(asks)), _all(PlainScorer(loaded).score(asks))
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ModelError(f"This model cannot be scored by trees: {error}. {REMEDY}") from error
    if not np.isfinite(plain).all():
        return  # nothing to compare with; every ask will be answered with its own failure
    apart = np.abs(ours - plain)
    off, allowed = (float(apart.mean()), HALF_TOLERANCE) if half else (float(apart.max()), TOLERANCE)
    if not off <= allowed:
        raise ModelError(
            f"The tree path gives log-probabilities {off:.2g} nats off the plain one (allowed: {allowed:g}): this"
            f" model's attention does not take the mask. {REMEDY}"
        )


def _all(scores: Scores) -> NDArray[np.float64]:
    return np.concatenate([spelled.logprobs for ask in scores for spelled in ask])


def _example(vocabulary: int, limit: int | None) -> list[list[Branch]]:
    """Two asks of three continuations behind a primer, of any tokens, within ``limit``."""
    length = max(1, min(36, (limit or 64) - 7))
    primer = tuple((7919 * place + 13) % vocabulary for place in range(length))
    asks = []
    for question in (2, 3):
        context = (*primer, question % vocabulary, 5 % vocabulary)
        endings = (
            (11, 17, 31, 43),
            (11, 19, 23, 47),
            (29, 37, 41, 53),
        )  # two that part late, and one that parts at once
        branches = [(*context, *(token % vocabulary for token in ending)) for ending in endings]
        asks.append([Branch(tokens, len(context)) for tokens in branches])
    return asks
