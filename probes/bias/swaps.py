"""Pairs of prompts that differ in exactly one word, and what that word names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Swap", "named", "one_word_apart", "swapped"]


@dataclass(frozen=True, slots=True, order=True)
class Swap:
    """Two prompts that are the same but for one word.

    Attributes:
        first: The one prompt.
        second: The other.
        words: The word that stands in the first only, and the one that stands there in the second.
    """

    first: str
    second: str
    words: tuple[str, str]


def swapped(first: str, second: str) -> Swap | None:
    """Return the swap that turns ``first`` into ``second``; None where they do not differ in exactly one word."""
    ours, theirs = first.split(), second.split()
    if len(ours) != len(theirs):
        return None
    differing = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    return Swap(first, second, differing[0]) if len(differing) == 1 else None


def one_word_apart(prompts: Iterable[str], *, most: int) -> list[Swap]:
    """Return pairs of different prompts, in alphabetical order, until they would be of more than ``most`` prompts.

    Prompts with the same words but one are found by the gap that this word leaves, without trying every pair.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for prompt in sorted(set(prompts)):
        words = prompt.split()
        for place in range(len(words)):
            alike.setdefault((*words[:place], "\0", *words[place + 1 :]), []).append(prompt)
    pairs = {(first, second) for its in alike.values() for at, first in enumerate(its) for second in its[at + 1 :]}
    found: list[Swap] = []
    used: set[str] = set()
    for first, second in sorted(pairs):
        swap = swapped(first, second)
        if swap is not None and len(used | {first, second}) <= most:
            found.append(swap)
            used |= {first, second}
    return found


def named(swap: Swap, attributes: Mapping[str, Sequence[str]]) -> set[str]:
    """Return those of ``attributes`` of which a swapped word is a value, or a word of a value."""
    swapped_words = {part for word in swap.words for part in _parts(word)}
    return {
        name for name, its in attributes.items() if swapped_words & {part for value in its for part in _parts(value)}
    }


def _parts(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
