"""International Standard Book Numbers: the last digit follows from the others."""

from __future__ import annotations

import re

__all__ = ["isbn13"]

MARKS = re.compile(r"[\s\-\u2010-\u2015\u2212]")


def isbn13(text: str) -> str | None:
    """Return the thirteen digits of the book number ``text``; None where it has another length or its checksum fails.

    Hyphens and spaces between the digits do not matter; ten digits get the prefix 978 and a checksum of their own.
    """
    digits = MARKS.sub("", text).upper()
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        weighed = sum((10 - at) * (10 if digit == "X" else int(digit)) for at, digit in enumerate(digits))
        return _completed(f"978{digits[:9]}") if weighed % 11 == 0 else None
    if re.fullmatch(r"97[89][0-9]{10}", digits):
        return digits if _completed(digits[:12]) == digits else None
    return None


def _completed(twelve: str) -> str:
    weighed = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(twelve))
    return f"{twelve}{-weighed % 10}"
