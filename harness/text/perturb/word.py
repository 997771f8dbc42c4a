"""Word level: other words for the same, fillers, short and full forms, and the spelling of another country.

After CheckList (Ribeiro et al. 2020, arXiv 2005.04118); the lists are curated, so that no model has to say
whether a word fits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from harness.text.perturb.change import GRADED, Edit, Operator, drawn
from harness.text.perturb.guard import free_gaps, free_words, literals, matched_case
from harness.text.perturb.synonyms import SPELLINGS, SYNONYMS

__all__ = ["WORD"]

FILLERS = ("um", "uh", "er", "well", "you know", "I mean")

HOLDING_WORDS = """
a an the of to in on at by for from with and or as than its their his her my your our into over very
"""

HOLDING = frozenset(HOLDING_WORDS.split())
"""Words after which nobody pauses."""

WORDS_PER_FILLER = 6

VOWELS = "aeiou"

ARTICLE = re.compile(r"\b(?:an?)\s+\Z", re.IGNORECASE)

CONTRACTIBLE = re.compile(
    r"(?:(?<=\A)|(?<=[.?!,;:]\s)|(?<=\band\s)|(?<=\bbut\s))"
    r"(?:(?P<wh>what|where|how)(?P<verb> is)(?= (?:the|an?|this|that|his|her|your|our|their)\b)"
    r"|(?P<subject>it|he|she|that|there)(?P<be> is)(?= (?:the|an?|very|quite|too|in|on|at|made|known|called)\b)"
    r"|(?P<person>you|we|they)(?P<are> are)(?= (?:the|an?|very|quite|too|in|on|at|made|known|called)\b)"
    r"|(?P<first>I)(?P<am> am)(?= \w)|(?P<future>I|you|he|she|it|we|they)(?P<will> will)(?= (?!not\b)\w))",
    re.IGNORECASE,
)
"""A subject that begins a clause, and its verb, where what follows cannot leave the verb in stress."""

SHORT: Mapping[str, str] = {" is": "'s", " are": "'re", " am": "'m", " will": "'ll"}

EXPANDABLE = re.compile(
    r"\b(?:I(?P<am>['’]m)|(?:you|we|they)(?P<are>['’]re)|(?:I|you|we|they)(?P<have>['’]ve)"
    r"|(?:I|you|he|she|it|we|they)(?P<will>['’]ll)"
    # "'s" is "is" before what can be no participle.
    r"|(?:what|where|how|who|it|that|there|he|she)(?P<is>['’]s)"
    r"(?= (?:the|an?|this|that|his|my|your|our|their|in|on|at)\b))",
    re.IGNORECASE,
)

FULL: Mapping[str, str] = {"am": " am", "are": " are", "have": " have", "will": " will", "is": " is"}


def _exchanged(table: Mapping[str, tuple[str, ...]], text: str, random: Random, strength: float) -> list[Edit]:
    found = []
    for start, end in free_words(text):
        word = text[start:end]
        others = [other for other in table.get(word.lower(), ()) if _agrees(text[:start], word, other)]
        # A word in capitals, or with one in its middle, is left to its writer.
        if others and word[1:] == word[1:].lower():
            found.append(Edit(start, end, word, matched_case(random.choice(others), word)))
    return drawn(found, random, strength)


def _agrees(before: str, word: str, other: str) -> bool:
    """Say whether "a" or "an" before the word would stay right."""
    return not ARTICLE.search(before) or (word[0].lower() in VOWELS) == (other[0] in VOWELS)


def _synonyms(text: str, random: Random, strength: float) -> list[Edit]:
    return _exchanged(SYNONYMS, text, random, strength)


def _spellings(text: str, random: Random, strength: float) -> list[Edit]:
    return _exchanged(SPELLINGS, text, random, strength)


def _fillers(text: str, random: Random, strength: float) -> list[Edit]:
    """Put fillers between words, never beside a name, a number or any other word that is guarded."""
    words = free_words(text)
    ends = {end for start, end in words if text[start:end].lower() not in HOLDING}
    starts = {start for start, _ in words}
    gaps = [at for at in free_gaps(text) if at in ends and at + 1 in starts]
    found = drawn(
        [Edit(at, at, "", f", {random.choice(FILLERS)},") for at in gaps],
        random,
        strength,
        most=len(words) / WORDS_PER_FILLER,
    )
    return [edit for at, edit in enumerate(found) if sum(len(one.after) for one in found[: at + 1]) <= len(text)]


def _outside_literals(text: str, edits: list[Edit]) -> list[Edit]:
    quoted = literals(text)
    return [edit for edit in edits if not any(start < edit.end and edit.start < end for start, end in quoted)]


def _contracted(text: str, random: Random, strength: float) -> list[Edit]:
    found = []
    for match in CONTRACTIBLE.finditer(text):
        group = next(name for name in ("verb", "be", "are", "am", "will") if match[name])
        found.append(Edit(*match.span(group), match[group], SHORT[match[group].lower()]))
    return drawn(_outside_literals(text, found), random, strength)


def _expanded(text: str, random: Random, strength: float) -> list[Edit]:
    found = []
    for match in EXPANDABLE.finditer(text):
        group = next(name for name in FULL if match[name])
        found.append(Edit(*match.span(group), match[group], FULL[group]))
    return drawn(_outside_literals(text, found), random, strength)


WORD: tuple[Operator, ...] = (
    Operator("synonym", "word", "Puts words of a curated list for others that mean the same.", True, GRADED, _synonyms),
    Operator(
        "spelling",
        "word",
        "Spells British words as in America and American ones as in Britain.",
        True,
        GRADED,
        _spellings,
    ),
    Operator("filler", "word", "Puts in words that say nothing, as speakers do.", True, GRADED, _fillers),
    Operator("contraction", "word", "Shortens a verb behind its subject.", True, GRADED, _contracted),
    Operator("expansion", "word", "Writes shortened verbs in full.", True, GRADED, _expanded),
)
