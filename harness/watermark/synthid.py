"""SynthID-Text as transformers has it: a tournament of hashes chooses each token, and the winners' coins are counted.

Each of ``m`` layers gives a token after its context a coin, 0 or 1; a mark prefers ones. The coins here equal those of
transformers' processor on a CPU, and so do the masks. Known limits, all of the scheme: a coin depends on the last bits
of the token ids and of the layer's key alone (16 bits for a table of 65,536), so keys that agree in them make one
layer; and no model trained to tell marked texts is needed here, nor offered.

Source: Dathathri et al. 2024, Nature 634:818-823, as in transformers' ``SynthIDTextWatermarkLogitsProcessor``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.watermark import prf, tails
from harness.watermark.detection import Detection, TooShort
from harness.watermark.keys import check_numbers
from harness.watermark.texts import blocks, checked
from harness.watermark.torch_stream import coins

__all__ = [
    "Tournament",
    "chance",
    "check_keys",
    "detect",
    "detect_all",
    "g_values",
    "layer_mean",
    "layer_weights",
    "mask",
    "mean_scores",
    "strengths",
]

MULTIPLIER = 6364136223846793005


@dataclass(frozen=True, slots=True, kw_only=True)
class Tournament:
    """Settings of a mark, under transformers' own names; a detector needs them all.

    Attributes:
        ngram_len: A token and those before it that decide its coins, at least 2.
        context_history_size: Contexts that are remembered; what comes back sooner is not marked and not counted.
        sampling_table_size: Coins in the table, 2 to 2**24.
        sampling_table_seed: Seed of the table.
    """

    ngram_len: int = 5
    context_history_size: int = 1024
    sampling_table_size: int = 2**16
    sampling_table_seed: int = 0

    def __post_init__(self) -> None:
        if self.ngram_len < 2 or self.context_history_size < 1:
            raise ValueError(
                "ngram_len is at least 2 and context_history_size at least 1,"
                f" not {self.ngram_len} and {self.context_history_size}"
            )
        if not 2 <= self.sampling_table_size <= 2**24:
            raise ValueError(f"sampling_table_size is from 2 to 2**24, not {self.sampling_table_size}")

    @property
    def by_last_bits(self) -> bool:
        """Whether the last bits of a hash decide the coins: where the table's size is a power of two."""
        return self.sampling_table_size & (self.sampling_table_size - 1) == 0


def check_keys(keys: Sequence[int], of: Tournament) -> None:
    """Refuse keys that make no tournament, without showing one.

    Raises:
        ValueError: there is none, one is no number from 0 to 2**63 - 1, or two make the same layer.
    """
    check_numbers(keys, least=0, most=2**63 - 1)
    size = of.sampling_table_size
    seen: dict[int, int] = {}
    for place, key in enumerate(keys, start=1):
        other = seen.setdefault(key % size if of.by_last_bits else key, place)
        if other != place:
            raise ValueError(
                f"keys {other} and {place} of {len(keys)} are equal modulo {size}, the size of the table:"
                " their layers would be one. Give keys that differ"
            )


@lru_cache(maxsize=8)
def _table(seed: int, size: int) -> NDArray[np.uint8]:
    found = coins(seed, size)
    found.flags.writeable = False
    return found


def chance(of: Tournament) -> float:
    """Probability that a coin is 1 for a key drawn at random: the share of ones in the table, not one half."""
    return float(_table(of.sampling_table_seed, of.sampling_table_size).mean())


def _stepped(hashes: NDArray[np.int64], data: NDArray[np.int64]) -> NDArray[np.int64]:
    """One step of transformers' linear congruential hash; its 64 bits overflow as torch's do."""
    found: NDArray[np.int64] = hashes + data
    found *= MULTIPLIER
    found += 1
    return found


def _hashes(ids: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Hash of each window of ``width`` tokens, ``[texts, tokens - width + 1]``."""
    count = max(ids.shape[1] - width + 1, 0)
    found = np.ones((len(ids), count), np.int64)
    for start in range(width):
        found = _stepped(found, ids[:, start : start + count])
    return found


def _coins(hashes: NDArray[np.int64], keys: NDArray[np.int64], of: Tournament) -> NDArray[np.uint8]:
    """The coins of each hash under each layer's key; shapes are broadcast."""
    places = _stepped(hashes, keys)
    if of.by_last_bits:
        places &= of.sampling_table_size - 1
    else:
        places %= of.sampling_table_size
    return _table(of.sampling_table_seed, of.sampling_table_size)[places]


def _ones(hashes: NDArray[np.int64], keys: NDArray[np.int64], of: Tournament) -> NDArray[np.int64]:
    """How many of the hashes have a 1 in each layer, ``[layers]``."""
    found: NDArray[np.int64] = _coins(hashes[:, None], keys, of).sum(axis=0, dtype=np.int64)
    return found


def g_values(ids: ArrayLike, *, keys: Sequence[int], of: Tournament) -> NDArray[np.uint8]:
    """Coins of each token that has a full context, ``[tokens - ngram_len + 1, layers]``: transformers' g-values.

    Raises:
        ValueError: ids or keys are none.
    """
    check_keys(keys, of)
    hashes = _hashes(checked(ids)[None], of.ngram_len)[0]
    return _coins(hashes[:, None], np.array(keys, np.int64), of)


def mask(ids: ArrayLike, *, of: Tournament, end_token: int | None = None) -> NDArray[np.bool_]:
    """Which of these tokens transformers counts, ``[tokens - ngram_len + 1]``: none after a context that came back.

    Args:
        ids: Of one text.
        of: Settings of the mark.
        end_token: Nothing from the first such token on is counted; None where there is none.
    """
    tokens = checked(ids)[None]
    counted: NDArray[np.bool_] = _mask(tokens, np.array([tokens.shape[1]]), of, end_token)[0]
    return counted


def _mask(
    ids: NDArray[np.int64], lengths: NDArray[np.int64], of: Tournament, end_token: int | None
) -> NDArray[np.bool_]:
    contexts = _hashes(ids[:, :-1], of.ngram_len - 1)
    ago = prf.since(contexts.view(np.uint64))
    repeated = (ago > 0) & (ago <= of.context_history_size)
    # transformers' memory begins filled with zeros, so that a hash of zero counts as seen until they are pushed out.
    repeated |= (contexts == 0) & (np.arange(contexts.shape[1]) < of.context_history_size)
    places = np.arange(ids.shape[1])[of.ngram_len - 1 :]
    ends = lengths[:, None]
    if end_token is not None:
        # One more column, so that a text without such a token ends behind its last one.
        is_end = np.pad(ids == end_token, ((0, 0), (0, 1)), constant_values=True)
        ends = np.minimum(ends, is_end.argmax(axis=1)[:, None])
    counted: NDArray[np.bool_] = ~repeated & (places < ends)
    return counted


def _units(hashes: NDArray[np.int64], counted: NDArray[np.bool_], of: Tournament) -> NDArray[np.bool_]:
    """Of what is counted, what has coins of its own: hashes with the same last bits have all coins in common."""
    if not of.by_last_bits:
        return counted
    columns = np.arange(hashes.shape[1])
    # What is not counted gets a number that no input has, each its own, so that it is nobody's repeat.
    inputs = np.where(counted, hashes & (of.sampling_table_size - 1), 2**24 + columns)
    # Input and place in one number: sorting numbers takes a fraction of the time of sorting places by them.
    packed = np.sort((inputs << 32) | columns, axis=1)
    rows, later = np.nonzero((packed[:, 1:] >> 32) == (packed[:, :-1] >> 32))
    units = counted.copy()
    units[rows, packed[rows, later + 1] & (2**32 - 1)] = False
    return units


def layer_weights(layers: int) -> NDArray[np.int64]:
    """Whole weights in the proportions of the published ones, from 10 for the first layer evenly down to 1."""
    if layers == 1:
        return np.array([1])
    return 10 * (layers - 1) - 9 * np.arange(layers)


def detect(
    ids: ArrayLike,
    *,
    keys: Sequence[int],
    of: Tournament | None = None,
    end_token: int | None = None,
    weighted: bool = False,
) -> Detection | TooShort:
    """Mean coin of a text, with its exact p-value.

    Counted is what transformers' masks leave, and of that each unit once. Now and then two windows share all coins; in
    a marked text they do so more often, since the mark looks for the same good coins again and again.

    Args:
        ids: Token ids of one text, without its prompt.
        keys: One for each layer, as given when it was marked.
        of: Settings, as they were then; the default ones where None.
        end_token: Nothing from the first such token on is counted; None where there is none.
        weighted: Whether layers weigh from 10 down to 1, as the first carry most of the mark. Its p-value takes a
            tenth of a second.

    Raises:
        ValueError: ids or keys are none.
    """
    return detect_all([ids], keys=keys, of=of, end_token=end_token, weighted=weighted)[0]


def detect_all(
    texts: Sequence[ArrayLike],
    *,
    keys: Sequence[int],
    of: Tournament | None = None,
    end_token: int | None = None,
    weighted: bool = False,
) -> list[Detection | TooShort]:
    """As `detect`, for many texts at once."""
    of = of or Tournament()
    check_keys(keys, of)
    layers = np.array(keys, np.int64)
    found: dict[int, Detection | TooShort] = {}
    for block in blocks(texts):
        hashes = _hashes(block.ids, of.ngram_len)
        units = _units(hashes, _mask(block.ids, block.lengths, of, end_token), of)
        hits = np.array([_ones(its[use], layers, of) for its, use in zip(hashes, units, strict=True)])
        windows = np.maximum(block.lengths - of.ngram_len + 1, 0)
        made = _detections(hits, units.sum(axis=1), windows, of, weighted=weighted)
        found |= zip(block.places, made, strict=True)
    return [found[place] for place in range(len(texts))]


def mean_scores(
    texts: Sequence[ArrayLike],
    *,
    keys: Sequence[int],
    of: Tournament | None = None,
    end_token: int | None = None,
    weighted: bool = False,
) -> list[float | None]:
    """The published scores, mean or weighted mean, which count windows that share all coins as often as they stand.

    For comparing with what others report. None where there is nothing to count. A threshold for them, such as 0.52,
    means another thing at every length: `detect` gives p-values.
    """
    of = of or Tournament()
    check_keys(keys, of)
    layers = np.array(keys, np.int64)
    weights = layer_weights(len(keys)) if weighted else np.ones(len(keys))
    found: dict[int, float | None] = {}
    for block in blocks(texts):
        hashes, counted = _hashes(block.ids, of.ngram_len), _mask(block.ids, block.lengths, of, end_token)
        for place, its, use in zip(block.places, hashes, counted, strict=True):
            most = use.sum() * weights.sum()
            found[place] = float(_ones(its[use], layers, of) @ weights / most) if most else None
    return [found[place] for place in range(len(texts))]


def strengths(
    ids: ArrayLike,
    *,
    keys: Sequence[Sequence[int]],
    of: Tournament | None = None,
    end_token: int | None = None,
    weighted: bool = False,
) -> NDArray[np.float64]:
    """How well each set of keys fits the text, ``[sets]``, for `harness.watermark.detection.rank_p`: its score."""
    of, found = of or Tournament(), []
    tokens = checked(ids)[None]
    hashes = _hashes(tokens, of.ngram_len)
    counted = hashes[_units(hashes, _mask(tokens, np.array([tokens.shape[1]]), of, end_token), of)]
    for layers in keys:
        check_keys(layers, of)
        weights = layer_weights(len(layers)) if weighted else np.ones(len(layers))
        found.append(float(_ones(counted, np.array(layers, np.int64), of) @ weights))
    return np.array(found)


def _detections(
    hits: NDArray[np.int64], n: NDArray[np.int64], windows: NDArray[np.int64], of: Tournament, *, weighted: bool
) -> Iterator[Detection | TooShort]:
    """Make the records, from the ones of each layer ``[texts, layers]`` and the units and windows of each text."""
    share, layers = chance(of), hits.shape[1]
    weights = layer_weights(layers) if weighted else np.ones(layers, np.int64)
    totals = (hits @ weights).tolist()
    if weighted:
        p = [tails.weighted_binomials(*its, share, weights.tolist()) for its in zip(totals, n.tolist(), strict=True)]
    else:
        p = tails.binomial(totals, n * layers, share).tolist()
    for total, units, count, tail in zip(totals, n.tolist(), windows.tolist(), p, strict=True):
        if units:
            yield Detection("synthid", units, count - units, total / (units * int(weights.sum())), share, tail)
        else:
            yield TooShort("synthid", 0, 1)


def layer_mean(probabilities: NDArray[np.float64]) -> float:
    """Mean coin of the first layer in a marked text where the next token has these probabilities, for fair coins.

    ``0.5 + 0.25 (1 - sum p^2)``: two tokens are drawn, and where they differ the one with a 1 wins. Later layers have
    less to choose from. A token that is certain leaves 0.5.
    """
    return float(0.5 + 0.25 * (1 - np.square(probabilities).sum()))
