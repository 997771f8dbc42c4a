"""How a text is written, in numbers: length of words and sentences, punctuation, function words, repetition.

Rates that hardly depend on a text's length; compare texts of about equal length all the same.
Source: Stamatatos 2009, A Survey of Modern Authorship Attribution Methods, JASIST 60:538-556.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import fmean, pstdev

__all__ = ["FEATURES", "VERSION", "WINDOW", "stylometry"]

VERSION = "1"
"""Changes whenever a value could."""

WINDOW = 50
"""Words from the start among which different ones are counted: of longer texts a smaller share is new."""

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
STOPS = frozenset(".!?…")
CLOSING = "\"'”’»)]"
"""What may stand behind the mark that ends a sentence."""

MARKS = {"commas": ",", "full_stops": ".", "questions": "?!", "colons": ":;", "quotes": '"“”«»', "dashes": "-–—"}
"""Kinds of punctuation, and the characters of each."""

ENGLISH = (
    "a about above after again against all although am among an and any are as at be because been before "
    "being below between both but by can could did do does down during each either few for from had has "
    "have he her here hers herself him himself his how however i if in into is it its itself just may me "
    "might more most much must my myself neither no nor not now of off on once only or other our ours "
    "ourselves out over own per shall she should since so some such than that the their theirs them "
    "themselves then there these they this those though through to too under unless until up upon us very "
    "was we were what when where whether which while who whom whose why will with within without would "
    "yet you your yours yourself"
)
FUNCTION_WORDS = frozenset(ENGLISH.split())
"""English words that say how a sentence is built rather than what it is about."""

FEATURES: tuple[str, ...] = (
    "word_length",
    "different_words",
    "sentence_length",
    "sentence_spread",
    "function_words",
    "repeated_trigrams",
    "capitals",
    "digits",
    *MARKS,
)
"""Names of all values."""


def stylometry(text: str) -> dict[str, float]:
    """Describe how ``text`` is written.

    Returns:
        ``word_length``: mean characters of a word. ``different_words``: share of the first 50 words that did not occur
        before, case aside; left out of shorter texts. ``sentence_length`` and ``sentence_spread``: mean and standard
        deviation of the words of a sentence, without one at the end that is cut off, unless it is the only one.
        ``function_words``, ``capitals``, ``digits``: shares of words that are function words of English, begin with a
        capital, hold a digit. ``repeated_trigrams``: share of runs of three words that occurred before; left out where
        there is none. ``commas``, ``full_stops``, ``questions`` (exclamation marks too), ``colons`` (semicolons too),
        ``quotes``, ``dashes`` (hyphens too): such characters for each word. Finite, at least 0. Empty where the text
        has no word.
    """
    words = WORD.findall(text)
    if not words:
        return {}
    lower = [word.lower().replace("’", "'") for word in words]
    sentences = _sentences(text)
    values = {
        "word_length": fmean(map(len, words)),
        "sentence_length": fmean(sentences),
        "sentence_spread": pstdev(sentences),
        "function_words": _share([word in FUNCTION_WORDS for word in lower]),
        "capitals": _share([word[0].isupper() for word in words]),
        "digits": _share([any(map(str.isdigit, word)) for word in words]),
    }
    if len(lower) >= WINDOW:
        values["different_words"] = len(set(lower[:WINDOW])) / WINDOW
    trigrams = list(zip(lower, lower[1:], lower[2:], strict=False))
    if trigrams:
        values["repeated_trigrams"] = 1 - len(set(trigrams)) / len(trigrams)
    return values | {name: sum(map(text.count, marks)) / len(words) for name, marks in MARKS.items()}


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def _sentences(text: str) -> list[int]:
    """Count the words of each sentence: it ends with a piece of text that has a stop at its end."""
    ended, running = [], 0
    for piece in text.split():
        running += len(WORD.findall(piece))
        if running and piece.rstrip(CLOSING)[-1:] in STOPS:
            ended.append(running)
            running = 0
    return ended or [running]
