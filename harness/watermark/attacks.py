"""What somebody who has no key may do to a text so that its mark is no longer found, and how much of the text it costs.

Truncation, deletion and substitution of words, passages of another text between its own (the copy-paste attack of
Kirchenbauer et al. 2023, arXiv 2306.04634), slips of the keyboard, letters that look the same, and synonyms of a short
list. A word is what stands between white space: whoever attacks needs no tokenizer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random

from harness.text.perturb import OPERATORS
from harness.text.perturb.guard import TOKEN

__all__ = ["KINDS", "Attack", "Attacked"]

WORD = re.compile(r"\S+")
PASSAGES = 3
"""Passages that are left of a text which the copy-paste attack mixes with another."""
LONGEST = 200
"""Letters of the longest word that is altered: an operator takes time with the square of a word's length."""


@dataclass(frozen=True, slots=True)
class Attacked:
    """A text after an attack.

    Attributes:
        text: What is left; empty where nothing is.
        cost: Share of the words of the text before that were taken out, replaced or altered, in [0, 1].
    """

    text: str
    cost: float


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of attack at one strength.

    Attributes:
        kind: One of `KINDS`.
        strength: In (0, 1]: share of the words that are taken out or replaced; for ``typos``, ``homoglyphs`` and
            ``synonyms`` the strength of the operator in `harness.text.perturb`, 1 being all that it may do.
    """

    kind: str
    strength: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no attack is named {self.kind!r}; there are {', '.join(KINDS)}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"the strength of an attack lies above 0 and up to 1, not at {self.strength}")

    @property
    def name(self) -> str:
        """Kind and strength, such as ``deletion-0.25``."""
        return f"{self.kind}-{self.strength:g}"

    def on(self, text: str, *, random: Random, host: str = "") -> Attacked | None:
        """Attack ``text``; equal arguments, and a source of chance in the same state, give equal texts.

        With one source of chance, the words that a weaker attack takes out are among those of a stronger one.

        Args:
            text: Anything; white space behind its last word may be lost.
            random: The source of chance; it may be advanced.
            host: Text of another writer, which ``copy_paste`` and ``substitution`` take their words from.

        Returns:
            None where the host has too few words, or where words are to be altered and one has over 200 letters.
        """
        return KINDS[self.kind](text, self.strength, random, host)


# ── whole words ───────────────────────────────────────────────────────────────────────────


def _truncation(text: str, strength: float, random: Random, host: str) -> Attacked:
    del random, host
    pieces = _pieces(text)
    cut = round(strength * len(pieces))
    return _left(pieces[: len(pieces) - cut], pieces)


def _deletion(text: str, strength: float, random: Random, host: str) -> Attacked:
    del host
    pieces = _pieces(text)
    gone = frozenset(_drawn(len(pieces), strength, random))
    return _left([piece for place, piece in enumerate(pieces) if place not in gone], pieces)


def _substitution(text: str, strength: float, random: Random, host: str) -> Attacked | None:
    pieces = _pieces(text)
    return _replaced(pieces, sorted(_drawn(len(pieces), strength, random)), host)


def _copy_paste(text: str, strength: float, random: Random, host: str) -> Attacked | None:
    """Leave a few passages where they stand, as far apart as can be, and fill all other places from the host."""
    del random
    pieces = _pieces(text)
    put_in = round(strength * len(pieces))
    sizes = [0] * (2 * PASSAGES + 1)
    sizes[::2], sizes[1::2] = _parts(put_in, PASSAGES + 1), _parts(len(pieces) - put_in, PASSAGES)
    stretches = list(pairwise([0, *accumulate(sizes)]))[::2]
    places = [place for start, end in stretches for place in range(start, end)]
    return _replaced(pieces, places, host)


def _replaced(pieces: Sequence[str], places: Sequence[int], host: str) -> Attacked | None:
    """Put the host's first words, in their order, at ``places``."""
    words = WORD.findall(host)
    if len(words) < len(places):
        return None
    put_in = dict(zip(places, words, strict=False))
    whole = "".join(f" {put_in[place]}" if place in put_in else piece for place, piece in enumerate(pieces))
    return Attacked(whole.strip(), len(places) / len(pieces) if pieces else 0.0)


def _left(kept: Sequence[str], pieces: Sequence[str]) -> Attacked:
    return Attacked("".join(kept).strip(), 1 - len(kept) / len(pieces) if pieces else 0.0)


def _drawn(words: int, strength: float, random: Random) -> list[int]:
    return random.sample(range(words), words)[: round(strength * words)]


def _parts(total: int, of: int) -> list[int]:
    """Cut ``total`` into so many parts, as equal as whole numbers can be."""
    return [end - start for start, end in pairwise(total * part // of for part in range(of + 1))]


def _pieces(text: str) -> list[str]:
    """Each word with the white space before it."""
    ends = [0, *(match.end() for match in WORD.finditer(text))]
    return [text[start:end] for start, end in pairwise(ends)]


# ── within words ──────────────────────────────────────────────────────────────────────────

Kind = Callable[[str, float, Random, str], Attacked | None]


def _by(operator: str) -> Kind:
    """Make an attack of an operator of `harness.text.perturb`."""

    def altered(text: str, strength: float, random: Random, host: str) -> Attacked | None:
        del host
        if any(match.end() - match.start() > LONGEST for match in TOKEN.finditer(text)):
            return None
        change = OPERATORS[operator].apply(text, random, strength)
        starts = [match.start() for match in WORD.finditer(text)]
        touched = {bisect_right(starts, edit.start) for edit in change.edits}
        return Attacked(change.text, len(touched) / len(starts) if starts else 0.0)

    return altered


KINDS: Mapping[str, Kind] = {
    "truncation": _truncation,
    "copy_paste": _copy_paste,
    "deletion": _deletion,
    "substitution": _substitution,
    "typos": _by("keyboard_typo"),
    "homoglyphs": _by("homoglyph"),
    "synonyms": _by("synonym"),
}
"""Kind → how it is done: the end cut off; passages of the host between passages of the text; words taken out; words
replaced by the host's; keys beside the right ones; Cyrillic letters for Latin ones; synonyms of a list."""
