"""The numbers that a text names, in digits or in words, as values: "twelve hundred", "1,200" and "1 200" are one.

English. What is ambiguous is left out rather than guessed: "one" and "second" only count where they cannot be a pronoun
or a unit of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite

__all__ = ["NUMBER_WORDS", "numbers"]

UNIT_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen
"""
TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
ORDINAL_WORDS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
UNITS = {word: value for value, word in enumerate(UNIT_WORDS.split())}
TENS = {word: 10 * value for value, word in enumerate(TENS_WORDS.split(), 2)}
SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
ORDINALS = {word: value for value, word in enumerate(ORDINAL_WORDS.split(), 1)} | {
    "thirtieth": 30,
    "fortieth": 40,
    "fiftieth": 50,
    "hundredth": 100,
}
AMOUNTS = {"half": 0.5, "dozen": 12.0, "once": 1.0, "twice": 2.0, "thrice": 3.0, "double": 2.0, "triple": 3.0}
DECADES = {word.replace("y", "ies"): 1900.0 + value for word, value in TENS.items()}
NUMBER_WORDS = frozenset([*UNITS, *TENS, *SCALES, *ORDINALS, *AMOUNTS, *DECADES, "percent", "cent"])
"""Words that numbers are written in."""
PERCENT = frozenset({"percent", "percents", "percentage"})
SHORT = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}

PIECE = re.compile(
    r"(?P<digits>\d{1,3}(?:[,\u00a0 ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:\s?(?P<percent>%|per ?cent\b|percent\b)|(?P<ordinal>st|nd|rd|th)\b|(?P<decade>'?s)\b"
    r"|(?P<short>k|mn|m|bn|b)\b)?"
    r"|(?P<word>[a-z]+)"
    r"|(?P<other>[^\s\w])",
    re.IGNORECASE,
)
CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})\b")
CENT = re.compile(r"\s+cent\b")
A_WORD = re.compile(r"\s+[a-z]")


def numbers(text: str) -> list[float]:
    """Return the numbers of ``text`` in order, each as a value.

    A percentage is its share, a decade its first year, an ordinal its place; "half past" and fractions such as 3/4 are
    read as their parts. What is too large for a float is left out. Empty where there is none.
    """
    found = _values(CLOCK.sub(r"\1 \2", text.casefold().replace("-", " ")))
    return [value for value in found if isfinite(value)]


def _values(text: str) -> Iterator[float]:
    """Walk through the pieces; words that make up one number are gathered until something else comes."""
    gathered: list[tuple[str, float]] = []
    joined = False
    for match in PIECE.finditer(text):
        word = match["word"]
        if word in SCALES:
            gathered.append(("scale", SCALES[word]))
        elif gathered and (word in PERCENT or (word == "per" and CENT.match(text, match.end()))):
            yield from (value / 100 for value in _closed(gathered))
            gathered = []
        elif word in UNITS or word in TENS:
            value = float(UNITS.get(word, TENS.get(word, 0)))
            kind = "tens" if word in TENS else "unit"
            if gathered and not _goes_on(gathered, kind, value, joined=joined):
                yield from _closed(gathered)
                gathered = []
            gathered.append((kind, value))
        elif word == "and" and gathered and gathered[-1][0] == "scale":
            joined = True
            continue
        else:
            ordinal = ORDINALS.get(word or "")
            if ordinal is not None and gathered and gathered[-1][0] in {"tens", "scale"} and ordinal < 10:
                gathered.append(("unit", float(ordinal)))
                yield from _closed(gathered)
                gathered = []
            else:
                yield from _closed(gathered)
                gathered = []
                yield from _single(match, text)
            if match["digits"] and not (match["percent"] or match["ordinal"] or match["decade"] or match["short"]):
                gathered = [("digits", _digits(match))]
        joined = False
    yield from _closed(gathered)


def _goes_on(gathered: list[tuple[str, float]], kind: str, value: float, *, joined: bool) -> bool:
    """Whether a number word continues the number before it: "twenty" with "five", "hundred (and)" with anything."""
    last, before = gathered[-1]
    if len(gathered) == 1 and kind == "tens" and 13 <= before <= 20 and last in {"unit", "tens"}:
        # "Nineteen eighty-four" is a year.
        gathered.append(("scale", 100.0))
        return True
    if last == "scale":
        return value < before or joined
    return last == "tens" and kind == "unit" and 0 < value < 10


def _closed(gathered: list[tuple[str, float]]) -> Iterator[float]:
    """Yield the value of gathered words; "one" alone may be a pronoun, and is left out."""
    if not gathered or gathered == [("unit", 1.0)]:
        return
    total = part = 0.0
    for kind, value in gathered:
        if kind != "scale":
            part += value
        elif value == 100:
            part = max(part, 1.0) * value
        else:
            total, part = total + max(part, 1.0) * value, 0.0
    yield total + part


def _digits(match: re.Match[str]) -> float:
    return float(re.sub(r"[,\u00a0 ]", "", match["digits"]))


def _single(match: re.Match[str], text: str) -> Iterator[float]:
    """Yield the value of a piece that is a number by itself; bare digits wait for a scale behind them."""
    if match["digits"]:
        value = _digits(match)
        if match["percent"]:
            yield value / 100
        elif match["short"]:
            yield value * SHORT[match["short"]]
        elif match["ordinal"] or match["decade"]:
            yield value
    elif word := match["word"]:
        if word in AMOUNTS:
            yield AMOUNTS[word]
        elif word in DECADES:
            yield DECADES[word]
        elif word in ORDINALS and not (word == "second" and _is_time(text, match.end())):
            yield float(ORDINALS[word])


def _is_time(text: str, end: int) -> bool:
    """Whether "second" is the unit: nothing that it could count follows."""
    return not A_WORD.match(text, end)
