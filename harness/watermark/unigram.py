"""One green list for all places: the mark that outlives most editing.

Tokens come back again and again, so not the places of a text are counted but its different tokens. Source: Zhao et al.
2023, arXiv 2306.17439.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.watermark import prf, tails
from harness.watermark.detection import Detection, TooShort
from harness.watermark.texts import checked

__all__ = ["GreenList", "detect", "detect_all", "green", "strengths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenList:
    """Settings of a mark; a detector needs all of them but ``delta``.

    Attributes:
        vocabulary: Number of tokens, as wide as the model's logits, at least 2.
        gamma: Share of tokens that are green, 0.01 to 0.99; there is at least one of each kind.
        delta: Added to the logits of green tokens, in nats, above 0.
    """

    vocabulary: int
    gamma: float = 0.25
    delta: float = 2.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.gamma <= 0.99:
            raise ValueError(f"gamma is a share between 0.01 and 0.99, not {self.gamma}")
        if not 0 < self.delta <= 100:
            raise ValueError(f"delta is above 0 and at most 100 nats, not {self.delta}")
        if not 0 < self.size < self.vocabulary:
            raise ValueError(f"{self.vocabulary} tokens are too few for a green list of {self.gamma} of them")

    @property
    def size(self) -> int:
        """Green tokens, rounded down."""
        return int(self.gamma * self.vocabulary)


@lru_cache(maxsize=8)
def green(key: str, of: GreenList) -> NDArray[np.bool_]:
    """Which tokens are green, ``[vocabulary]``: the ``size`` with the smallest numbers, of which no two are equal."""
    numbers = prf.hashed(prf.states([key], "unigram"), np.arange(of.vocabulary))
    found = np.zeros(of.vocabulary, np.bool_)
    found[np.argpartition(numbers, of.size)[: of.size]] = True
    found.flags.writeable = False
    return found


def detect(ids: ArrayLike, *, key: str, of: GreenList) -> Detection | TooShort:
    """Count green tokens among the different tokens of a text, and compare with the hypergeometric distribution.

    Exact for a key drawn at random: every list of that size is equally likely.

    Args:
        ids: Token ids of one text, without its prompt.
        key: As given when it was marked.
        of: The list, as it was then.

    Raises:
        ValueError: the ids are none of this vocabulary.
    """
    tokens = checked(ids, vocabulary=of.vocabulary)
    kinds = np.unique(tokens)
    if not kinds.size:
        return TooShort("unigram", 0, 1)
    hits = int(green(key, of)[kinds].sum())
    p = float(tails.hypergeometric(hits, kinds.size, marked=of.size, total=of.vocabulary))
    expected = kinds.size * of.size / of.vocabulary
    return Detection("unigram", kinds.size, len(tokens) - kinds.size, hits, expected, p)


def detect_all(texts: Sequence[ArrayLike], *, key: str, of: GreenList) -> list[Detection | TooShort]:
    """As `detect`, for many texts."""
    return [detect(ids, key=key, of=of) for ids in texts]


def strengths(ids: ArrayLike, *, keys: Sequence[str], of: GreenList) -> NDArray[np.float64]:
    """How well each key fits the text, ``[keys]``, for `harness.watermark.detection.rank_p`: its green tokens."""
    kinds = np.unique(checked(ids, vocabulary=of.vocabulary))
    return np.array([green.__wrapped__(key, of)[kinds].sum() for key in keys], np.float64)
