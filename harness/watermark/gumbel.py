"""The Gumbel-max mark: the key's numbers choose the token, and over keys the model's own distribution is untouched.

Of tokens with probabilities p the one with the largest r^(1/p) is written, r being the key's fractions after this
context: then token v is written with probability p_v. A detector adds up -ln(1 - r) of what was written, which is large
where r is near 1. Source: Aaronson 2022 (talk); Kuditipudi et al. 2023, arXiv 2307.15593.

The same context would always get the same token, and small models would run in circles. So a context is used once in a
text; when it comes back, the token is drawn without the key, and the detector leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.watermark import prf, tails
from harness.watermark.detection import Detection, TooShort
from harness.watermark.texts import blocks, checked

__all__ = ["Choices", "detect", "detect_all", "state", "strengths"]

PUBLIC = np.zeros(1, np.uint64)
"""State under which contexts are told apart: no key is needed for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Settings of a mark; a detector needs all of them but ``temperature``.

    Attributes:
        context_width: Tokens before it that decide a token's fraction, at least 1. With few of them contexts come back
            soon and are left out; with many, an edit spoils as many places.
        temperature: Of the distribution that is written from, above 0. Nearly none leaves nothing to choose, and so no
            mark.
    """

    context_width: int = 4
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.context_width < 1:
            raise ValueError(f"context_width is at least 1, not {self.context_width}")
        if not self.temperature > 0:
            raise ValueError(f"temperature is above 0, not {self.temperature}: without chance there is no mark")


def state(keys: Sequence[str], choices: Choices) -> NDArray[np.uint64]:
    """The state that each key begins with, ``[keys]``."""
    return prf.states(keys, f"gumbel/{choices.context_width}")


def detect(ids: ArrayLike, *, key: str, choices: Choices | None = None) -> Detection | TooShort:
    """Add up -ln(1 - r) where a context stands for the first time, and compare with the gamma distribution.

    Exact for a key drawn at random: fractions are then independent and uniform, and each term is exponential.

    Args:
        ids: Token ids of one text, without its prompt.
        key: As given when it was marked.
        choices: As they were then; the default ones where None.

    Raises:
        ValueError: the ids are none.
    """
    return detect_all([ids], key=key, choices=choices)[0]


def detect_all(texts: Sequence[ArrayLike], *, key: str, choices: Choices | None = None) -> list[Detection | TooShort]:
    """As `detect`, for many texts at once."""
    choices = choices or Choices()
    width, states = choices.context_width, state([key], choices)
    found: dict[int, Detection | TooShort] = {}
    for block in blocks(texts):
        scored = np.maximum(block.lengths - width, 0)
        first = _first(block.ids, width) & (np.arange(block.ids.shape[1])[width:] < block.lengths[:, None])
        scores = -np.log1p(-prf.fractions(prf.windows(states, block.ids, width=width + 1)))
        n, totals = first.sum(axis=1), np.where(first, scores, 0.0).sum(axis=1)
        p = tails.gamma(totals, np.maximum(n, 1))
        rows = zip(n.tolist(), (scored - n).tolist(), totals.tolist(), p.tolist(), strict=True)
        found |= zip(block.places, (_detection(*row) for row in rows), strict=True)
    return [found[place] for place in range(len(texts))]


def strengths(ids: ArrayLike, *, keys: Sequence[str], choices: Choices | None = None) -> NDArray[np.float64]:
    """How well each key fits the text, ``[keys]``, for `harness.watermark.detection.rank_p`: the sum that it gives."""
    choices = choices or Choices()
    tokens, states = checked(ids)[None], state(keys, choices)
    first = _first(tokens, choices.context_width)[0]
    each = max(1, prf.AT_ONCE // max(tokens.size, 1))
    found = [np.empty(0)]
    for start in range(0, len(keys), each):
        windows = prf.windows(states[start : start + each], tokens, width=choices.context_width + 1)
        found.append(-np.log1p(-prf.fractions(windows[:, first])).sum(axis=1))
    return np.concatenate(found)


def _first(ids: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Where the context of a token stands for the first time, ``[texts, tokens - width]``."""
    contexts: NDArray[np.bool_] = prf.since(prf.windows(PUBLIC, ids[:, :-1], width=width)) == 0
    return contexts


def _detection(n: int, repeats: int, total: float, p: float) -> Detection | TooShort:
    return Detection("gumbel", n, repeats, total, float(n), p) if n else TooShort("gumbel", 0, 1)
