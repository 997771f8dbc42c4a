"""A confidence that is stated in a reply, read without trust.

Only numbers count: "95 %", "95", "0.95", ".95", "95/100" and "9 out of 10". Words ("very sure"), ranges, numbers beyond
their scale, and what can be read in two ways ("1", "0.5 %") are no confidence, and neither are two that differ.
"""

from __future__ import annotations

import re

__all__ = ["stated"]

MOST = 4000
"""Characters of a reply that are looked at."""
NUMBER = r"(?P<number>[0-9]{1,3}(?:[.,][0-9]{1,4})?|[.,][0-9]{1,4})"
PERCENT = r"\s?(?P<percent>%|per\s?cent\b)"
SCALE = rf"(?:{PERCENT}|\s?(?:/|out of)\s?(?P<of>100|10)(?![0-9]))?"
END = r"(?!\w|[.,]?[0-9]|\s?(?:%|/|per\s?cent|out of)|\s?(?:[-–—]|to)\s?[0-9])"
BETWEEN = (
    r"(?:\s|[:=~*_\"'“”(\[|]|[-–—]\s|\b(?:level|score|rating|estimate|is|of|about|approximately|around|roughly|at|in|my"
    r"|this|the|answer)\b){0,12}"
)
STATED = (
    re.compile(rf"\b(?:confidence|certainty)\b{BETWEEN}(?<![-−]){NUMBER}{SCALE}{END}", re.IGNORECASE),
    re.compile(
        rf"(?<![\w.,/–—−-]){NUMBER}{PERCENT}\s(?P<of>)(?:confident|confidence|sure|certain|certainty)\b", re.IGNORECASE
    ),
)
"""The number behind the word, and the percentage before it."""


def stated(text: str) -> tuple[float, str] | None:
    """Find the confidence in ``text``.

    Returns:
        The confidence in [0, 1] and the text without it; None where none is stated that can be read.
    """
    text = text[:MOST]
    matches = [match for pattern in STATED for match in pattern.finditer(text)]
    values = {_value(match) for match in matches}
    if len(values) != 1:
        return None
    (value,) = values
    if value is None:
        return None
    places = {at for match in matches for at in range(*match.span())}
    return value, "".join(char for at, char in enumerate(text) if at not in places)


def _value(match: re.Match[str]) -> float | None:
    """Return the confidence that a match states; None where its number is off its scale or has two readings."""
    number = float(match["number"].replace(",", "."))
    if match["percent"]:
        # Half of a per cent, or one half written with the wrong sign?
        value = None if 0 < number < 1 else number / 100
    elif match["of"]:
        value = number / int(match["of"])
    elif re.search(r"[.,]", match["number"]) and number <= 1:
        value = number
    else:
        # One per cent, or certain?
        value = None if number == 1 else number / 100
    return value if value is not None and value <= 1 else None
