"""Character level: slips of the finger, misread scans, look-alikes and invisible characters, in few of the letters.

At strength s at most s · 5 % of the characters are touched, but one at least where any can be, and at most one place
in a word. No digit is ever put in, so that numbers can be compared afterwards. After CheckList (Ribeiro et al. 2020,
arXiv 2005.04118) and PromptRobust (Zhu et al. 2023, arXiv 2306.04528).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from random import Random

from harness.text.perturb.change import GRADED, Edit, Operator, drawn
from harness.text.perturb.guard import free_words
from harness.text.perturb.lexicon import DIRECTIONS, NEGATIONS, NUMBER_WORDS
from harness.text.perturb.synonyms import SPELLINGS, SYNONYMS

__all__ = ["CHARACTER", "HOMOGLYPHS", "MOST_TOUCHED"]

MOST_TOUCHED = 0.05
"""Share of the characters that may be touched at strength 1."""

SHORTEST = 4
"""Letters of the shortest word that is misspelt: shorter ones become other words too easily."""

LONG = 7
"""Letters of a word in which any letter may be missed: few words of that length are one letter apart."""

VOWELS = frozenset("aeiouy")

TRANSPOSED_WORDS = """
form from trial trail calm clam angel angle diary dairy quiet quite united untied sacred scared salt slat lair liar
barn bran silver sliver barley barely casual causal martial marital perfect prefect complaint compliant reserve
reverse nuclear unclear beard bread brand split spilt girl gril bale able lion loin slot lost tired tried sing sign
signed singed file life filed field fields files flies sliver brake baker bakre lots stop spot pots left felt farm
frame wrap warp crab carb curb crub blot bolt coral carol tame team steam meats state taste crown board broad clod
cold clot colt dose does goal gaol grid gird own won burn burnt brunt burp tries tires tier tire rite though county
countries staring stating planing mortality though thorough father brother bother filing latter moment desert derive
drive parties parking warning
"""

TRANSPOSED = frozenset(TRANSPOSED_WORDS.split())
"""Words that are a slip away from others; no slip may end in one."""

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

NEIGHBOURS: Mapping[str, str] = {
    letter: "".join(
        other
        for near, keys in enumerate(ROWS)
        for at, other in enumerate(keys)
        # Each row of keys is set half a key to the right of the one above.
        if other != letter and abs(near - row) <= 1 and abs((at + near / 2) - (column + row / 2)) <= 1
    )
    for row, letters in enumerate(ROWS)
    for column, letter in enumerate(letters)
}
"""Letters with those beside them on a QWERTY keyboard."""

CONFUSIONS: Mapping[str, str] = dict(
    pair.split("/")
    for pair in ["m/rn", "cl/d", "d/cl", "vv/w", "w/vv", "ii/u", "u/ii", "e/c", "h/b", "v/y", "ri/n", "n/ri"]
)
"""What a scanner takes for what, in letters alone."""

HOMOGLYPHS: Mapping[str, str] = dict(zip("aceijopsxy", "асеіјорѕху", strict=True))
"""Latin letters with Cyrillic ones that look the same."""

LEET: Mapping[str, str] = {"a": "@", "i": "!", "s": "$", "t": "+"}
"""Leetspeak without its digits."""

ACCENTED: Mapping[str, str] = dict(zip("aeiounc", "áéíóúñç", strict=True))

INVISIBLE = "\u200b\u200c\u200d\u2060"
"""Zero-width space, non-joiner and joiner, and word joiner."""

KNOWN = frozenset(NUMBER_WORDS) | NEGATIONS | DIRECTIONS | frozenset(SYNONYMS) | frozenset(SPELLINGS) | TRANSPOSED
"""Words that no misspelling may end in."""

Replacements = Callable[[str, int], Iterable[tuple[str, str]]]
"""For a word and a place in it: pieces that begin there, with what may be put for each."""


def _operator(
    name: str, does: str, replacements: Replacements, *, cost: int = 1, undo: Mapping[str, str] | None = None
) -> Operator:
    """Make an operator that touches inner letters, one place in a word, at ``cost`` characters each."""

    def edits(text: str, random: Random, strength: float) -> list[Edit]:
        found = []
        for start, end in free_words(text):
            word = text[start:end]
            if len(word) < SHORTEST or not word.isalpha():
                continue
            places = [
                Edit(start + at, start + at + len(piece), piece, other)
                for at in range(1, len(word) - 1)
                for piece, other in replacements(word, at)
                if at + len(piece) < len(word) and not _is_known(word, f"{word[:at]}{other}{word[at + len(piece) :]}")
            ]
            if places:
                found.append(random.choice(places))
        return drawn(found, random, strength, most=MOST_TOUCHED * len(text) / cost)

    table = None if undo is None else str.maketrans(dict(undo))
    return Operator(
        name, "character", does, True, GRADED, edits, None if table is None else lambda text: text.translate(table)
    )


def _is_known(word: str, slip: str) -> bool:
    return slip.casefold() in KNOWN or slip.casefold() == word.casefold()


def _table(table: Mapping[str, str]) -> Replacements:
    return lambda word, at: ((piece, other) for piece, other in table.items() if word.startswith(piece, at))


def _swapped(word: str, at: int) -> Iterable[tuple[str, str]]:
    one, other = word[at : at + 1], word[at + 1 : at + 2]
    return [(one + other, other + one)] if one.isalpha() and other.isalpha() else []


def _dropped(word: str, at: int) -> Iterable[tuple[str, str]]:
    return [(word[at], "")] if _is_safe(word, at) else []


def _mistyped(word: str, at: int) -> Iterable[tuple[str, str]]:
    others = NEIGHBOURS.get(word[at], "") if _is_safe(word, at) else ""
    return ((word[at], other) for other in others if len(word) >= LONG or other not in VOWELS)


def _doubled(word: str, at: int) -> Iterable[tuple[str, str]]:
    beside = {word[at - 1], word[at + 1]}
    # Hoping and hopping, chose and choose: what can be double in English is left alone.
    safe = word[at] in "aiu" if word[at] in VOWELS else any(char.isalpha() and char not in VOWELS for char in beside)
    return [("", word[at])] if safe and word[at].isalpha() and word[at] not in beside else []


def _is_safe(word: str, at: int) -> bool:
    """Say whether a slip here makes another word of ``word`` only by rare chance: a short one must lose a vowel."""
    if len(word) >= LONG:
        return word[at].isalpha()
    beside = word[at - 1] + word[at + 1]
    return word[at] in VOWELS and beside.isalpha() and VOWELS.isdisjoint(beside.lower())


def _split(word: str, at: int) -> Iterable[tuple[str, str]]:
    return (("", mark) for mark in INVISIBLE) if word[at - 1].isalpha() and word[at].isalpha() else ()


def _recased(name: str, does: str, pick: Callable[[str, Random], Edit | None]) -> Operator:
    def edits(text: str, random: Random, strength: float) -> list[Edit]:
        found = []
        for start, end in free_words(text):
            edit = pick(text[start:end], random)
            if edit is not None:
                found.append(Edit(start + edit.start, start + edit.end, edit.before, edit.after))
        return drawn(found, random, strength, most=MOST_TOUCHED * len(text))

    return Operator(name, "character", does, True, GRADED, edits)


def _raised(word: str, random: Random) -> Edit | None:
    # Letters such as ß have no capital of one character.
    places = [at for at, char in enumerate(word) if char != char.upper() and len(char.upper()) == 1]
    at = random.choice(places) if places else None
    return None if at is None else Edit(at, at + 1, word[at], word[at].upper())


def _lowered(word: str, random: Random) -> Edit | None:
    del random
    first = word[0]
    simple = first != first.lower() and len(first.lower()) == 1 and not word.startswith(("I'", "I’")) and word != "I"
    return Edit(0, 1, first, first.lower()) if simple else None


CHARACTER: tuple[Operator, ...] = (
    _operator("keyboard_typo", "Hits the key beside the right one.", _mistyped),
    _operator("character_swap", "Swaps two neighbouring letters within a word.", _swapped, cost=2),
    _operator("character_drop", "Leaves out a letter within a word.", _dropped),
    _operator("character_duplicate", "Types a letter twice.", _doubled),
    _operator(
        "ocr_confusion", "Takes letters for those that a scanner confuses them with.", _table(CONFUSIONS), cost=2
    ),
    _operator(
        "homoglyph",
        "Puts Cyrillic letters for Latin ones that look the same.",
        _table(HOMOGLYPHS),
        undo={other: plain for plain, other in HOMOGLYPHS.items()},
    ),
    _operator(
        "leet",
        "Writes letters as signs that resemble them.",
        _table(LEET),
        undo={other: plain for plain, other in LEET.items()},
    ),
    _operator(
        "diacritics",
        "Puts accents on letters.",
        _table(ACCENTED),
        undo={unicodedata.normalize("NFC", other): plain for plain, other in ACCENTED.items()},
    ),
    _operator("zero_width", "Hides invisible characters within words.", _split, undo=dict.fromkeys(INVISIBLE, "")),
    _recased("upper_case", "Writes single letters as capitals.", _raised),
    _recased("lower_case", "Begins sentences with a small letter.", _lowered),
)
