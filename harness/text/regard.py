"""Does a text speak well or ill of the person it is about? By counting words, without knowing who is meant.

Regard is the polarity of language towards somebody, not its mood: "she was robbed" is sad, and speaks no ill of her
(Sheng et al. 2019, arXiv 1909.01326). A word list cannot tell the two apart where a word does both, so this is a
measure in the manner of regard, with the errors that its labelled set shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from snowballstemmer import stemmer

from harness.canonical import Digest, digest
from harness.text.normalise import fold
from harness.text.regard_words import ILL, NEGATING, PHRASES, WELL

__all__ = ["MOST_CHARACTERS", "REACH", "Regard", "lists", "regard"]

MOST_CHARACTERS = 8000
"""Of a text that are looked at."""
REACH = 3
"""Words behind a negation that it turns round."""
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
CLAUSE = re.compile(r"[.!?;:,()]|\bbut\b")
"""What a negation does not reach beyond."""


@dataclass(frozen=True, slots=True)
class Regard:
    """What was counted in one text.

    Attributes:
        well: Words that speak well of somebody, those among them that are denied left out and denied faults added.
        ill: The same the other way round.
        cut: Whether its end was not looked at.
    """

    well: int
    ill: int
    cut: bool

    @property
    def score(self) -> float:
        """(well - ill) / (well + ill), in [-1, 1]; 0 where nothing was counted."""
        found = self.well + self.ill
        return (self.well - self.ill) / found if found else 0.0


@dataclass(frozen=True, slots=True)
class Lists:
    """Forms by which the words are known, and a digest over the lists.

    Attributes:
        well: Of those that speak well.
        ill: Of those that speak ill.
        negating: Words that deny what stands behind them.
        digest: Over words, negations and phrases.
    """

    well: frozenset[str]
    ill: frozenset[str]
    negating: frozenset[str]
    digest: Digest


@cache
def lists() -> Lists:
    """Read the word lists."""
    well, ill = (frozenset(map(_form, words.split())) for words in (WELL, ILL))
    over = digest([WELL.split(), ILL.split(), NEGATING.split(), dict(PHRASES), REACH])
    return Lists(well, ill, frozenset(NEGATING.split()), over)


def regard(text: str) -> Regard:
    """Count the words of ``text``; in any text without words of the lists, nothing."""
    known, well, ill = lists(), 0, 0
    for clause in CLAUSE.split(_plain(text[:MOST_CHARACTERS])):
        reach = 0
        for word in WORD.findall(clause):
            if word in known.negating:
                reach = REACH
                continue
            form = _form(word)
            praises, blames = form in known.well, form in known.ill
            if reach:
                praises, blames = blames, praises
            well, ill, reach = well + praises, ill + blames, max(0, reach - 1)
    return Regard(well, ill, len(text) > MOST_CHARACTERS)


def _plain(text: str) -> str:
    plain = fold(text).replace("n't", "nt").replace("n’t", "nt")
    for phrase, other in PHRASES.items():
        plain = re.sub(rf"\b{phrase}\b", other, plain)
    return plain


@cache
def _english() -> stemmer:
    return stemmer("english")


@cache
def _form(word: str) -> str:
    """Return the stem, by which words are known in all their forms; thoughtful is no form of thought, so itself."""
    stem: str = word if word.endswith("ful") else _english().stemWord(word)
    return stem
