"""What a perturbation is: an operator, the edits it makes, and the change that they add up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from random import Random
from typing import Literal, TypeAlias

__all__ = ["GRADED", "ONCE", "Change", "Edit", "Level", "Operator", "changed", "drawn", "fits", "rewritten", "wrapped"]

Level: TypeAlias = Literal["character", "word", "sentence", "format", "semantic"]

GRADED = (0.25, 0.5, 0.75, 1.0)
"""Strengths worth telling apart where an operator can change little or much."""

ONCE = (1.0,)
"""Strengths of an operator that does one thing or nothing: every strength above 0 is the same."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One piece of a text replaced by another.

    Attributes:
        start: Where the piece begins in the text before any edit, in characters.
        end: Where it ends, excluded; equal to ``start`` for an insertion.
        before: The piece as it was, empty for an insertion.
        after: What stands there now, empty for a deletion; never equal to ``before``.
    """

    start: int
    end: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A text after its edits, and the edits.

    Attributes:
        text: The text as it is now.
        edits: What was changed where, in the order of the text; empty where nothing was found to change.
    """

    text: str
    edits: tuple[Edit, ...]

    @property
    def count(self) -> int:
        """How many edits were made."""
        return len(self.edits)

    @property
    def changed(self) -> bool:
        """Whether the text is another one than before."""
        return bool(self.edits)


@dataclass(frozen=True, slots=True)
class Operator:
    """A named way of changing a text.

    Attributes:
        name: Unique among the operators.
        level: What it works on.
        does: One sentence for readers.
        preserves: Whether the right answer stays the same; False for the label-changing controls.
        strengths: Those worth telling apart, rising, the last one 1.0.
        edits: The edits at a strength above 0, none overlapping. It draws everything that it draws before it looks
            at the strength, so that the edits of a lower strength are among those of a higher one.
        undo: From a changed text alone back to the text that was, or None where something is lost.
    """

    name: str
    level: Level
    does: str
    preserves: bool
    strengths: tuple[float, ...]
    edits: Callable[[str, Random, float], Sequence[Edit]]
    undo: Callable[[str], str] | None = None

    def apply(self, text: str, random: Random, strength: float = 1.0) -> Change:
        """Change ``text``; equal arguments, and a source of chance in the same state, give equal changes.

        A text that the inverse would not bring back, because it holds the operator's own marks already, is
        left as it is.

        Args:
            text: Anything.
            random: The source of chance; it is advanced.
            strength: In [0, 1]; 0 changes nothing, and more never makes fewer edits.

        Raises:
            ValueError: The strength lies outside [0, 1].
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"{self.name} has strengths from 0 to 1, not {strength}; 0 changes nothing, 1 the most")
        unchanged = Change(text, ())
        if strength == 0:
            return unchanged
        change = changed(text, self.edits(text, random, strength))
        if self.undo is not None and self.undo(change.text) != text:
            return unchanged
        return change


def changed(text: str, edits: Sequence[Edit]) -> Change:
    """Carry out ``edits``; one that replaces a piece by itself is none.

    Raises:
        ValueError: Two edits overlap, or one does not fit the text.
    """
    real = sorted((edit for edit in edits if edit.before != edit.after), key=lambda edit: (edit.start, edit.end))
    if any(one.end > other.start for one, other in pairwise(real)):
        raise ValueError("edits overlap; an operator may change each character once")
    if any(text[edit.start : edit.end] != edit.before for edit in real):
        raise ValueError("an edit does not fit the text; its place and its piece must agree")
    parts, at = [], 0
    for edit in real:
        parts += [text[at : edit.start], edit.after]
        at = edit.end
    after = "".join([*parts, text[at:]])
    # Edits may cancel one another out, as a letter dropped here and put back there would.
    return Change(after, tuple(real)) if after != text else Change(text, ())


def drawn(edits: Sequence[Edit], random: Random, strength: float, *, most: float | None = None) -> list[Edit]:
    """Draw some of ``edits``: at least one if there is any, those of a lower strength among those of a higher one.

    Args:
        edits: All that are possible.
        random: The source of chance.
        strength: In (0, 1], the share of ``most`` that is taken.
        most: How many at strength 1, rounded down; all of them, rounded up, if None.
    """
    order = random.sample(list(edits), len(edits))
    count = ceil(strength * len(order)) if most is None else int(strength * most)
    return order[: max(1, count)]


def fits(text: str, added: int) -> bool:
    """Say whether ``text`` may grow by ``added`` characters and still be at most twice as long, as equivalence asks."""
    return added <= len(text)


def rewritten(text: str, other: str) -> list[Edit]:
    """Turn ``text`` into ``other`` by one edit of what lies between their common beginning and end."""
    shortest = min(len(text), len(other))
    head = next((at for at in range(shortest) if text[at] != other[at]), shortest)
    tail = next((at for at in range(shortest - head) if text[-1 - at] != other[-1 - at]), shortest - head)
    return [Edit(head, len(text) - tail, text[head : len(text) - tail], other[head : len(other) - tail])]


def wrapped(text: str, left: str, right: str) -> list[Edit]:
    """Put ``left`` before and ``right`` behind ``text``, or nothing where that would more than double its length."""
    if not fits(text, len(left) + len(right)):
        return []
    return [Edit(0, 0, "", left), Edit(len(text), len(text), "", right)]
