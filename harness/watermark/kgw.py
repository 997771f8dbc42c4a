"""Green lists by hashing: after each context some tokens are green, a mark prefers them, and a detector counts them.

Whether a token is green costs one hash of its context and itself, never a permutation of the vocabulary, and is the
same on every device. Source: Kirchenbauer et al. 2023, arXiv 2301.10226 and 2306.04634; for valid p-values Fernandez
et al. 2023, arXiv 2308.00113. Marks made by transformers follow another convention:
`harness.watermark.kgw_transformers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.watermark import prf, tails
from harness.watermark.detection import Detection, TooShort
from harness.watermark.texts import blocks, checked

__all__ = [
    "LEFT",
    "SELF",
    "GreenLists",
    "detect",
    "detect_all",
    "green_mass",
    "numbers",
    "spike_entropy",
    "state",
    "strengths",
]

LEFT, SELF = "lefthash", "selfhash"


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenLists:
    """Settings of a mark; a detector needs all of them but ``delta``.

    Attributes:
        gamma: Share of tokens that are green, 0.01 to 0.99.
        delta: Added to the logits of green tokens, in nats, above 0.
        context_width: Tokens before it that decide whether a token is green, at least 1. More hide the lists better
            and are lost sooner when the text is edited.
        seeding: ``lefthash``: all tokens of the context together. ``selfhash``: of them only the one that has the
            smallest hash with the token itself, so that an edit elsewhere in the context does no harm. The token is
            not paired with itself, as arXiv 2306.04634 has it: that would fix one list in ``context_width + 1``.
    """

    gamma: float = 0.25
    delta: float = 2.0
    context_width: int = 1
    seeding: str = LEFT

    def __post_init__(self) -> None:
        if not 0.01 <= self.gamma <= 0.99:
            raise ValueError(f"gamma is a share between 0.01 and 0.99, not {self.gamma}")
        if not 0 < self.delta <= 100:
            raise ValueError(f"delta is above 0 and at most 100 nats, not {self.delta}")
        if self.context_width < 1:
            raise ValueError(f"context_width is at least 1, not {self.context_width}; one fixed list is `unigram`")
        if self.seeding not in {LEFT, SELF}:
            raise ValueError(f"seeding is {LEFT} or {SELF}, not {self.seeding!r}")


def state(keys: Sequence[str], lists: GreenLists) -> NDArray[np.uint64]:
    """The state that each key begins with, ``[keys]``."""
    return prf.states(keys, f"kgw/{lists.seeding}/{lists.context_width}")


def numbers(states: NDArray[np.uint64], ids: NDArray[np.int64], lists: GreenLists) -> NDArray[np.uint64]:
    """The number of each token that has a full context, ``[rows, tokens - context_width]``: green where it is small.

    Equal numbers are one unit: the same token after the same context, or after the same token of it for ``selfhash``.

    Args:
        states: One for each row ``[rows]``, or one for all ``[1]``.
        ids: A text in each row, or one for all states, ``[rows or 1, tokens]``.
        lists: Settings of the mark.
    """
    width = lists.context_width
    if lists.seeding == LEFT:
        return prf.windows(states, ids, width=width + 1)
    count = max(ids.shape[1] - width, 0)
    tokens, singles = ids[:, width : width + count], prf.hashed(states[:, None], ids)
    pairs = [prf.hashed(singles[:, before : before + count], tokens) for before in range(width)]
    return prf.mixed(prf.least(np.stack(pairs), axis=0))


def detect(ids: ArrayLike, *, key: str, lists: GreenLists | None = None) -> Detection | TooShort:
    """Count green tokens among distinct units, and compare with the binomial distribution.

    Exact for a key drawn at random: each unit is green by a hash of its own.

    Args:
        ids: Token ids of one text, without its prompt.
        key: As given when it was marked.
        lists: As they were then; the default ones where None.

    Raises:
        ValueError: the ids are none.
    """
    return detect_all([ids], key=key, lists=lists)[0]


def detect_all(texts: Sequence[ArrayLike], *, key: str, lists: GreenLists | None = None) -> list[Detection | TooShort]:
    """As `detect`, for many texts at once."""
    lists = lists or GreenLists()
    states = state([key], lists)
    found: dict[int, Detection | TooShort] = {}
    for block in blocks(texts):
        scored = np.maximum(block.lengths - lists.context_width, 0)
        values = numbers(states, block.ids, lists)
        # What lies beyond a text's end becomes a repeat of its first unit, and repeats are not counted.
        values = np.where(np.arange(values.shape[1]) < scored[:, None], values, values[:, :1])
        n, green = (np.where(scored > 0, its, 0) for its in _counts(values, lists))
        p = tails.binomial(green, n, lists.gamma)
        rows = zip(n.tolist(), (scored - n).tolist(), green.tolist(), p.tolist(), strict=True)
        found |= zip(block.places, (_detection(*row, lists.gamma) for row in rows), strict=True)
    return [found[place] for place in range(len(texts))]


def strengths(ids: ArrayLike, *, keys: Sequence[str], lists: GreenLists | None = None) -> NDArray[np.float64]:
    """How well each key fits the text, ``[keys]``, for `harness.watermark.detection.rank_p`: minus its p-value."""
    lists = lists or GreenLists()
    tokens, states = checked(ids)[None], state(keys, lists)
    each = max(1, prf.AT_ONCE // (lists.context_width * max(tokens.size, 1)))
    found = []
    for start in range(0, len(keys), each):
        n, green = _counts(numbers(states[start : start + each], tokens, lists), lists)
        found.append(-tails.binomial(green, n, lists.gamma))
    return np.concatenate(found) if found else np.empty(0)


def _counts(values: NDArray[np.uint64], lists: GreenLists) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Units and green ones in each row."""
    rows, again = prf.repeated(values)
    n = rows.shape[1] - again.sum(axis=1)
    green = (prf.below(rows, lists.gamma) & ~again).sum(axis=1)
    return n, green


def _detection(n: int, repeats: int, green: int, p: float, gamma: float) -> Detection | TooShort:
    if not n:
        return TooShort("kgw", 0, 1)
    return Detection("kgw", n, repeats, float(green), n * gamma, p, (green - n * gamma) / sqrt(n * gamma * (1 - gamma)))


def green_mass(gamma: float, delta: float) -> float:
    """Share of green tokens that a mark reaches where all tokens are equally likely: the most it can."""
    raised = gamma * exp(delta)
    return raised / (raised + 1 - gamma)


def spike_entropy(probabilities: NDArray[np.float64], *, gamma: float, delta: float) -> float:
    """How much room a distribution leaves the mark, in (0, 1]: the share of `green_mass` that is reached at least.

    Source: arXiv 2301.10226, definition 4.1 and theorem 4.2, which average it over the places of a text.
    """
    alpha = exp(delta)
    modulus = (1 - gamma) * (alpha - 1) / (1 + (alpha - 1) * gamma)
    return float((probabilities / (1 + modulus * probabilities)).sum())
