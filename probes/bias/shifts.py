"""What becomes of an attribute when one word of a prompt is swapped: pairs of pictures → corrected shifts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Counts, Judged
from harness.seeds import derive
from harness.stats.confusion import Corrected
from harness.stats.unmixing import corrected_shift
from probes.rulers import Ruler
from probes.summaries import tally

__all__ = ["LEAST_SEEDS", "Pair", "Prompted", "Shift", "by_swap", "measured"]

LEAST_SEEDS = 20
"""Seeds that gave both pictures of a pair, which a shift needs."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two prompts, by number, that differ in one word.

    Attributes:
        swap: Number of the swap of words, the same in all prompts in which it occurs.
        words: The words that are swapped.
        first: The prompt with the first of them.
        second: The prompt with the second.
        open: Attributes that neither word names.
    """

    swap: int
    words: tuple[str, str]
    first: int
    second: int
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompted:
    """What judging a drawn picture needs.

    Attributes:
        prompt: Number of the prompt.
        text: Its text.
        seed: Number of the seed, the same in both sets.
        pairs: Those of which it is the first prompt.
        second_in: Numbers of the swaps of whose pairs it is the second.
        values: Values of the attributes that all these leave open.
    """

    prompt: int
    text: str
    seed: int
    pairs: tuple[Pair, ...]
    second_in: tuple[int, ...]
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shift:
    """How the shares of one attribute move over some pairs of prompts.

    Attributes:
        attribute: Which.
        values: Its values, in alphabetical order.
        words: What was swapped.
        moved: By how much each share moves; None where that cannot be told.
        reason: Why not; empty where it can.
        counts: Of the pictures.
    """

    attribute: str
    values: tuple[str, ...]
    words: tuple[str, str]
    moved: Corrected | None
    reason: str
    counts: Counts


Pictures = Mapping[tuple[int, int], Judged]
"""Drawn pictures by the numbers of their prompt and seed."""


def by_swap(pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Sort pairs by the words that are swapped, in the order of their numbers."""
    found: dict[int, list[Pair]] = {}
    for pair in sorted(pairs):
        found.setdefault(pair.swap, []).append(pair)
    return list(found.values())


def measured(ruler: Ruler, pairs: Sequence[Pair], drawn: Pictures, again: Pictures | None = None) -> Shift:
    """Compare the pictures of both prompts of each pair, or of its first prompt and that prompt again.

    Args:
        ruler: Reads the attribute.
        pairs: At least one, all of one swap.
        drawn: Pictures of all prompts.
        again: Pictures of first prompts from other seeds, to be compared with; None to compare with second prompts.
    """
    couples = [
        (drawn[number, seed], (drawn if again is None else again).get((other, seed)), str(seed))
        for pair in pairs
        for other in (pair.second if again is None else pair.first,)
        for number, seed in sorted(drawn)
        if number == pair.first
    ]
    asked = {its.case.id: its for one, other, _ in couples for its in (one, other) if its is not None}
    reason = ruler.silent(list(asked.values()))
    read = [its for its in asked.values() if its.score.values and not reason]
    seen = dict(zip((its.case.id for its in read), ruler.read(read), strict=True)) if read else {}
    values = [
        (seen[one.case.id], seen[other.case.id], seed)
        for one, other, seed in couples
        if other is not None and one.case.id in seen and other.case.id in seen
    ]
    seeds, moved = len({seed for _, _, seed in values}), None
    if not reason and seeds < LEAST_SEEDS:
        reason = f"{seeds} seeds gave both pictures of a pair, and {LEAST_SEEDS} are needed"
    if not reason:
        first, second, units = zip(*values, strict=True)
        seed = derive(0, f"{ruler.attribute}/{pairs[0].words}")
        moved = corrected_shift(first, second, units, ruler.confusion, seed=seed)
    return Shift(ruler.attribute, ruler.values, pairs[0].words, moved, reason, tally(list(asked.values())))
