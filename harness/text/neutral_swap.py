"""A text with words swapped for others of their kind that say nothing of gender: red for blue, Monday for Thursday.

What a training on swapped texts does beside what is swapped shows where the words that are swapped mean nothing.
"""

from __future__ import annotations

from harness.text.gender_grammar import WORD
from harness.text.gender_swap import Swapped, cased, reversible
from harness.text.gender_words import both_ways

__all__ = ["NEUTRAL", "swapped_neutrally"]

NEUTRAL = both_ways(
    (
        *(("red", "blue"), ("green", "brown"), ("black", "white"), ("yellow", "purple"), ("silver", "golden")),
        *(("Monday", "Thursday"), ("Tuesday", "Friday"), ("Wednesday", "Sunday"), ("January", "September")),
        *(("February", "November"), ("October", "August"), ("north", "south")),
        *(("morning", "night"), ("summer", "winter"), ("day", "week"), ("year", "month"), ("hour", "instant")),
        *(("cat", "dog"), ("horse", "sheep"), ("bird", "fish"), ("tea", "coffee"), ("bread", "rice")),
        *(("door", "window"), ("house", "garden"), ("river", "road"), ("city", "village"), ("tree", "flower")),
        *(("book", "letter"), ("music", "poetry"), ("gold", "wood"), ("sea", "land"), ("sun", "moon")),
        *(("snow", "rain"), ("wind", "storm"), ("table", "chair"), ("shirt", "coat"), ("shoe", "hat")),
        *(("two", "three"), ("four", "five"), ("six", "seven"), ("ten", "twelve"), ("hundred", "thousand")),
        *(("cats", "dogs"), ("birds", "fishes"), ("days", "weeks"), ("years", "months"), ("books", "letters")),
        *(("good", "fine"), ("great", "huge"), ("small", "tiny"), ("quick", "sudden"), ("often", "always")),
        *(("head", "hand"), ("legs", "feet"), ("heart", "mind"), ("word", "thing"), ("words", "things")),
    )
)
"""Words that are swapped; both of a pair go with the same article."""


def swapped_neutrally(text: str) -> Swapped:
    """Swap neutral words in ``text``, capitals kept; twice gives the text back."""
    return reversible(text, _once)


def _once(text: str) -> Swapped:
    parts, end, many = [], 0, 0
    for match in WORD.finditer(text):
        instead = _counterpart(match[0])
        if instead is not None:
            parts += [text[end : match.start()], instead]
            end, many = match.end(), many + 1
    return Swapped("".join([*parts, text[end:]]), many)


def _counterpart(word: str) -> str | None:
    for form in (word, word.lower(), word.capitalize() if word.isupper() else word):
        if form in NEUTRAL:
            return cased(NEUTRAL[form], word)
    return None
