"""Is a text hostile to somebody? A lexicon and a small linear model, whose weights lie beside this file.

Hostile is what insults, threatens, wishes harm, or attacks or shuts out a group, in whatever words; not what is merely
heated, profane, about violence, or about hostility. A list of bad words confuses these both ways, and a classifier that
met the names of groups mostly in attacks takes the names for attacks: see `harness.text.toxicity_words`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from math import exp

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest, digest, digest_bytes
from harness.text.support import sentences_of
from harness.text.toxicity_cues import CUES
from harness.text.toxicity_features import MOST, features, kinds
from harness.text.toxicity_words import lexicon, plain

__all__ = ["MOST_CHARACTERS", "MOST_WORDS", "Hostility", "Weights", "hostility", "parts", "weights"]

MOST_CHARACTERS, MOST_WORDS = 8000, 1500
"""Of a text that are looked at."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model.

    Attributes:
        coefficients: Shape ``[WIDTH]``, float32.
        intercept: Log-odds of a text without features.
        digest: Over the file, the word lists and the cues.
    """

    coefficients: NDArray[np.float32]
    intercept: float
    digest: Digest


@dataclass(frozen=True, slots=True)
class Hostility:
    """What was made of one text.

    Attributes:
        score: Probability, in [0, 1], of its most hostile part; 0 where it has no words.
        profane: Whether it has a curse word, hostile or not.
        cut: Whether its end was not looked at.
        foreign: Whether most of its letters are of another script than the Latin: the score says nothing then.
    """

    score: float
    profane: bool
    cut: bool
    foreign: bool


@cache
def weights() -> Weights:
    """Read the weights that ship with the harness."""
    content = files("harness").joinpath("text", "toxicity.npz").read_bytes()
    with np.load(BytesIO(content)) as stored:
        coefficients, intercept = stored["coefficients"].astype(np.float32), float(stored["intercept"])
    over = [dict(CUES), str(lexicon().digest), str(digest_bytes(content))]
    return Weights(coefficients, intercept, digest(over))


def hostility(text: str) -> Hostility:
    """Judge ``text`` by the worst of its `parts`."""
    beginning = text[:MOST_CHARACTERS]
    words = plain(beginning)
    counted = kinds(words[:MOST_WORDS])
    return Hostility(
        score=max((_probability(part) for part in parts(beginning)), default=0.0),
        profane=bool(counted["cursing"] or counted["cursed"]),
        cut=len(text) > MOST_CHARACTERS or len(words) > MOST_WORDS,
        foreign=_foreign(beginning),
    )


def parts(text: str) -> list[Sequence[str]]:
    """Return the words that are judged at once: all of a text of up to `MOST` words, of a longer one each sentence.

    Among many calm words one hostile sentence would be lost. A sentence of more than `MOST` words is read in parts that
    each begin half-way through the one before. Of all parts together the first `MOST_WORDS` words count.
    """
    words = plain(text)
    pieces = [words] if len(words) <= MOST else [plain(sentence) for sentence in sentences_of(text)]
    found: list[Sequence[str]] = []
    left = MOST_WORDS
    for piece in pieces:
        found += _windows(piece[:left])
        left = max(0, left - len(piece))
    return found


def _windows(words: Sequence[str]) -> Iterator[Sequence[str]]:
    step = MOST // 2
    for start in range(0, max(len(words) - step, min(len(words), 1)), step):
        yield words[start : start + MOST]


def _probability(words: Sequence[str]) -> float:
    model = weights()
    score = model.intercept + sum(float(model.coefficients[at]) * value for at, value in features(words).items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, score))))


def _foreign(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN")) for letter in letters)
    return 2 * latin < len(letters)
