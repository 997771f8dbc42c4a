"""Green lists as transformers makes them: for finding its marks, not for making new ones.

The last token, times the key, seeds a permutation of the vocabulary, and what comes first in it is green. Known faults,
all of them transformers': with ``lefthash`` a wider context changes nothing but what counts as repeated; after token 0
the list is the same for every key; keys equal in their last 32 bits give nearly always the same lists; and a mark made
on another device than the CPU cannot be found, since permutations differ there. `harness.watermark.kgw` has none.

Here no permutation is made: its random numbers are drawn as torch would, and each token is followed through the swaps.
Source: Kirchenbauer et al. 2023, arXiv 2301.10226 and 2306.04634, as in transformers' ``WatermarkLogitsProcessor``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.watermark import tails
from harness.watermark.detection import Detection, TooShort
from harness.watermark.keys import check_numbers
from harness.watermark.kgw import LEFT, SELF
from harness.watermark.texts import checked
from harness.watermark.torch_stream import head_of_permutation, in_head, swaps

__all__ = ["MOST", "Permuted", "detect", "detect_all", "strengths"]

MOST = 2**63 - 1
"""Largest key: transformers multiplies in 64 bits."""

TABLE = 1_000_003
"""Size of the permutation that scatters token ids for ``selfhash``."""

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permuted:
    """Settings of a mark under transformers' names in brackets; a detector needs all of them but ``delta``.

    Attributes:
        vocabulary: Number of tokens, the model's ``vocab_size``, at least 2.
        gamma: Share of tokens that are green (``greenlist_ratio``), in (0, 1).
        delta: Added to the logits of green tokens, in nats (``bias``).
        context_width: Tokens before it that a token needs, at least 1 (the same); for ``selfhash`` it is one of them.
        seeding: ``lefthash`` or ``selfhash`` (``seeding_scheme``).
    """

    vocabulary: int
    gamma: float = 0.25
    delta: float = 2.0
    context_width: int = 1
    seeding: str = LEFT

    def __post_init__(self) -> None:
        if self.seeding not in {LEFT, SELF}:
            raise ValueError(f"seeding is {LEFT} or {SELF}, not {self.seeding!r}")
        if self.context_width < 1:
            raise ValueError(f"context_width is at least 1, not {self.context_width}")
        if not (0 < self.gamma < 1 and self.size > 0 and self.vocabulary < 200_000_000):
            raise ValueError(f"of {self.vocabulary} tokens no list of {self.gamma} can be made")

    @property
    def size(self) -> int:
        """Green tokens, rounded down."""
        return int(self.vocabulary * self.gamma)

    @property
    def before(self) -> int:
        """Tokens at the beginning of a text that are not scored."""
        return self.context_width - (self.seeding == SELF)


def detect(ids: ArrayLike, *, key: int, of: Permuted, ignore_repeated_ngrams: bool = False) -> Detection | TooShort:
    """Count green tokens: the p-value by distinct units and the binomial distribution, z as transformers has it.

    The p-value is exact for a key drawn at random, up to the faults named above, and errs on the safe side where many
    tokens follow the same one: they share a list.

    Args:
        ids: Token ids of one text, without its prompt and without a token that stands before every text.
        key: ``hashing_key``, from 1 to `MOST`.
        of: Settings, as they were when it was marked.
        ignore_repeated_ngrams: Whether z counts each window once, as transformers' own option; the p-value always does.

    Raises:
        ValueError: the ids are none of this vocabulary, or the key is out of range.
    """
    return detect_all([ids], key=key, of=of, ignore_repeated_ngrams=ignore_repeated_ngrams)[0]


def detect_all(
    texts: Sequence[ArrayLike], *, key: int, of: Permuted, ignore_repeated_ngrams: bool = False
) -> list[Detection | TooShort]:
    """As `detect`, for many texts: each list is looked into once for all of them."""
    check_numbers([key], least=1, most=MOST)
    rows = [checked(ids, vocabulary=of.vocabulary) for ids in texts]
    codes = [_codes(tokens, key, of) for tokens in rows]
    known = np.unique(np.concatenate([np.empty(0, np.uint64), *codes]))
    green = _green(known, of)
    found: list[Detection | TooShort] = []
    for tokens, its in zip(rows, codes, strict=True):
        hits = green[np.searchsorted(known, its)]
        counted = _distinct_windows(tokens, of) if ignore_repeated_ngrams else slice(None)
        found.append(_detection(its, hits, hits[counted], of))
    return found


def strengths(ids: ArrayLike, *, keys: Sequence[int], of: Permuted) -> NDArray[np.float64]:
    """How well each key fits the text, ``[keys]``, for `harness.watermark.detection.rank_p`: minus its p-value.

    Slow: a key costs as many stretches of random numbers as the text has different tokens.
    """
    found = [detect(ids, key=key, of=of) for key in keys]
    return np.array([-its.p if isinstance(its, Detection) else -1.0 for its in found])


def _codes(tokens: NDArray[np.int64], key: int, of: Permuted) -> Codes:
    """What decides whether a token is green, in one number each: the seed of its list, then the token, ``[scored]``."""
    seeds = _last_token(tokens, key, of) if of.seeding == LEFT else _least_product(tokens, key, of)
    return (seeds << np.uint64(32)) | tokens[of.before :].astype(np.uint64)


def _last_token(tokens: NDArray[np.int64], key: int, of: Permuted) -> Codes:
    kinds, places = np.unique(tokens[of.before - 1 : -1], return_inverse=True)
    return np.array([_seed(key * kind) for kind in kinds.tolist()], np.uint64)[places]


def _least_product(tokens: NDArray[np.int64], key: int, of: Permuted) -> Codes:
    """Seeds of ``selfhash``: the least product of the key, a token of the window and its last one, in 64 bits."""
    count = max(len(tokens) - of.before, 0)
    places = tokens % TABLE
    table = head_of_permutation(key, TABLE, int(places.max(initial=0)) + 1)
    scattered = table[places] + 1
    windows = [scattered[start : start + count] for start in range(of.context_width)]
    least = (np.int64(key) * np.array(windows) * windows[-1]).min(axis=0)
    return np.array([_seed(product) for product in least.tolist()], np.uint64)


def _seed(product: int) -> int:
    """The last 32 bits of the seed, which are all that the generator reads."""
    return (product % (2**64 - 1)) & 0xFFFFFFFF


def _green(codes: Codes, of: Permuted) -> NDArray[np.bool_]:
    """Whether each code's token is in its list, ``[codes]``; equal seeds stand together."""
    found: list[bool] = []
    generator = np.random.RandomState(0)
    for seed, group in groupby(codes.tolist(), key=lambda code: code >> 32):
        swapped = swaps(seed, of.vocabulary, of.size, generator)
        found += [in_head(code & 0xFFFFFFFF, swapped) for code in group]
    return np.array(found, np.bool_)


def _distinct_windows(tokens: NDArray[np.int64], of: Permuted) -> NDArray[np.int64]:
    """Places at which transformers counts, where it ignores windows that it has seen."""
    width = of.before + 1
    if len(tokens) < width:
        return np.empty(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(tokens, width)
    places: NDArray[np.int64] = np.unique(windows, axis=0, return_index=True)[1]
    return places


def _detection(codes: Codes, hits: NDArray[np.bool_], counted: NDArray[np.bool_], of: Permuted) -> Detection | TooShort:
    """Make the record: p of distinct codes, z of the hits that transformers counts."""
    _, first = np.unique(codes, return_index=True)
    n, green, share = len(first), int(hits[first].sum()), of.size / of.vocabulary
    if not n:
        return TooShort("kgw_transformers", 0, 1)
    z = (counted.sum() - of.gamma * len(counted)) / sqrt(len(counted) * of.gamma * (1 - of.gamma))
    p = float(tails.binomial(green, n, share))
    return Detection("kgw_transformers", n, len(codes) - n, green, n * share, p, float(z))
