"""A fixed description of a text by its words, numbers and characters: what can be told of it without reading it.

It holds no word of the text itself, only how many fall in which drawer: two words may share one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from math import log1p
from zlib import crc32

from harness.text.words import word_counts

__all__ = ["VERSION", "surface"]

VERSION = "1"
"""Changes whenever a value could."""

DRAWERS: Mapping[str, int] = {"word": 128, "number": 32, "character": 64}
"""Drawers that words, numbers and characters are sorted into, by a checksum."""

NUMBER = re.compile(r"\d+")
DIGITS = 5
"""Decimals that are kept: the last bits of one machine's logarithm are no part of the evidence."""


def surface(text: str) -> dict[str, float]:
    """Describe ``text``: logarithms of counts, and shares of characters; what is 0 is left out.

    Returns:
        ``word-017`` and the like: log(1 + words in that drawer), lower case, punctuation marks among them;
        ``number-…`` and ``character-…`` likewise. ``length`` and ``words``: log(1 + characters) and log(1 + words).
        ``digits``, ``capitals``, ``marks``, ``spaces``: shares of all characters. Empty for an empty text.
    """
    words = word_counts([text])
    counted = {
        "word": words.elements(),
        "number": (found[0] for found in NUMBER.finditer(text)),
        "character": iter(text),
    }
    values = {name: log1p(count) for kind, its in counted.items() for name, count in _drawers(kind, its).items()}
    values |= {"length": log1p(len(text)), "words": log1p(words.total())}
    shares = {
        "digits": sum(map(str.isdigit, text)),
        "capitals": sum(map(str.isupper, text)),
        "spaces": sum(map(str.isspace, text)),
        "marks": sum(not (letter.isalnum() or letter.isspace()) for letter in text),
    }
    values |= {name: count / max(len(text), 1) for name, count in shares.items()}
    return {name: round(value, DIGITS) for name, value in values.items() if value}


def _drawers(kind: str, pieces: Iterable[str]) -> Counter[str]:
    """Count the pieces in each drawer of that kind."""
    return Counter(f"{kind}-{crc32(_bytes(piece)) % DRAWERS[kind]:03d}" for piece in pieces)


def _bytes(piece: str) -> bytes:
    # Lone surrogates have no bytes of their own.
    return piece.encode("utf-8", "backslashreplace")
