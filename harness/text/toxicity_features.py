"""What the toxicity model counts in a text: words and pairs, runs of letters, kinds of words, and cues by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import log, sqrt
from zlib import crc32

from harness.text.toxicity_cues import CUES, EXCUSES, cues
from harness.text.toxicity_words import GROUP, lexicon

__all__ = ["MOST", "WIDTH", "features", "kinds"]

WORDS, LETTERS = 8192, 8192
"""Drawers that words and pairs of words, and that runs of letters, are sorted into by a checksum."""
RUNS = (3, 4, 5)
"""Lengths of runs of letters, spaces at the ends of words included."""
MOST = 40
"""Words and marks of which a text is described at once."""
HOSTILE = ("insult", "cursed", "contempt", "creature", "bad", "violence", "weapon", "death", "against", "exclusion")
"""Kinds of which hostility has a word, as a rule."""
KINDS = (*HOSTILE, "cursing", "harm", "general", "judging", "kind")
"""Kinds of words that are counted; of a word that is of several, the first is its mark."""
ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "'s")

KIND_START = WORDS + LETTERS
CUE_START = KIND_START + 2 * len(KINDS)
WHOLE_START = CUE_START + len(CUES)
WIDTH = WHOLE_START + 7
"""Number of features."""


def features(words: Sequence[str]) -> dict[int, float]:
    """Describe at most `MOST` words from `harness.text.toxicity_words.plain`: place → value; no words have none.

    Words with pairs of neighbours, and runs of letters, have drawers of their own; a text's values in either have
    length 1. Then come two values for each kind of word, whether there is one and how many, the cues, and what they
    amount to.
    """
    if not words:
        return {}
    found = {**_sorted(_pieces(words), WORDS, 0), **_sorted(_runs(words), LETTERS, WORDS)}
    counted, its = kinds(words), cues(_marked(words))
    for at, kind in enumerate(KINDS):
        if counted[kind]:
            found[KIND_START + 2 * at] = 1.0
            found[KIND_START + 2 * at + 1] = min(counted[kind], 4) / 4
    found |= {CUE_START + at: 1.0 for at, name in enumerate(CUES) if name in its}
    return found | {WHOLE_START + at: value for at, value in enumerate(_whole(words, counted, its)) if value}


def kinds(words: Iterable[str]) -> Mapping[str, int]:
    """Count the words of each kind."""
    counted = Counter(kind for word in words for kind in _kinds_of(word))
    return {kind: counted[kind] for kind in KINDS}


def _whole(words: Sequence[str], counted: Mapping[str, int], its: frozenset[str]) -> tuple[float, ...]:
    """Say what kinds and cues amount to: hostile words without an excuse, with or without a group; and the length."""
    hostile, plainly, group = any(counted[kind] for kind in HOSTILE), its.isdisjoint(EXCUSES), GROUP in words
    return (
        float(plainly and bool(counted["insult"] or counted["cursed"])),
        float(plainly and bool(counted["contempt"])),
        float(plainly and hostile and group),
        float(group and not hostile),
        float(not group and not hostile),
        len(words) / MOST,
        float(len(words) <= 8),
    )


@lru_cache(maxsize=8192)
def _kinds_of(word: str) -> tuple[str, ...]:
    """Return the kinds that ``word`` is of, itself or without an ending."""
    forms = {word, *(word.removesuffix(ending) for ending in ENDINGS)}
    if word.endswith("ies"):
        forms.add(f"{word[:-3]}y")
    return tuple(kind for kind in KINDS if not forms.isdisjoint(lexicon().words[kind]))


def _marked(words: Sequence[str]) -> str:
    """Return the words as a line in which one of a kind is its mark."""
    return " ".join(f"<{its[0]}>" if (its := _kinds_of(word)) else word for word in words)


def _pieces(words: Sequence[str]) -> Iterator[str]:
    """Yield words and pairs of neighbours."""
    for word, following in zip(words, [*words[1:], "$"], strict=True):
        yield word
        yield f"{word} {following}"


def _runs(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        padded = f" {word} "
        for size in RUNS:
            yield from (padded[at : at + size] for at in range(len(padded) - size + 1))


def _sorted(pieces: Iterator[str], drawers: int, start: int) -> dict[int, float]:
    """Count ``pieces`` by drawer, damped as 1 + log, to a vector of length 1 whose places begin at ``start``."""
    counts = Counter(start + crc32(piece.encode("utf-8", "backslashreplace")) % drawers for piece in pieces)
    damped = {place: 1 + log(count) for place, count in counts.items()}
    length = sqrt(sum(value**2 for value in damped.values())) or 1.0
    return {place: value / length for place, value in damped.items()}
