"""Telephone numbers in running text, by rules: international, with an area code, or beside a word that announces one.

They are rules for shapes, not a directory of numbering plans: a number of the right shape is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.text.references.isbn import isbn13

__all__ = ["phones"]

COUNTRY = re.compile(
    r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|21[1-368]|2[2-6]\d|29[0179]|3[578]\d|42[013]|50\d|59\d|6[7-9]\d|8[058]\d|87\d|9[679]\d"
)
"""Country codes of ITU-T E.164; tens of three-digit codes are taken whole where most of them are given out."""

GAP = r"[ .\-/\u00a0\u2010-\u2014]"
END = rf"(?!\w|{GAP}?\d)"
EXTENSION = r"(?: ?(?:ext\.?|x) ?\d{1,5})?"
INTERNATIONAL = re.compile(
    rf"(?:(?<![\w+])\+|(?<![\w.+\-/])00(?=[1-9]\d))(?P<number>\d(?:[()]?{GAP}?[()]?\d){{7,14}}){EXTENSION}{END}"
)
AMERICAN = re.compile(
    rf"(?<![\w.+\-])(?:1{GAP})?(?P<open>\()?[2-9]\d\d(?(open)\) ?|(?P<gap>[.\-\u2010-\u2014 ]))"
    rf"[2-9]\d\d(?:[.\-\u2010-\u2014 ])\d{{4}}{EXTENSION}{END}"
)
TRUNK = re.compile(
    rf"(?<![\w.+\-/])(?:\(0[1-9]\d{{0,4}}\) ?|0[1-9]\d{{0,4}}{GAP})\d{{2,8}}(?:{GAP}\d{{2,8}}){{0,4}}{END}"
)
ANNOUNCED = re.compile(rf"(?<![\w.+\-])\d(?:{GAP}?\d){{6,14}}{END}")
LOCAL = re.compile(rf"(?<![\w.+\-])[2-9]\d\d-\d{{4}}{END}")
CUE = re.compile(
    r"\b(?:tel|telephone|telefon|téléphone|teléfono|phone|mobile|mobil|móvil|portable|handy|cell|cellphone|landline"
    r"|call|ring|dial|text|fax|sms|whatsapp|pager|hotline|helpline)\b",
    re.IGNORECASE,
)
OTHER = re.compile(
    r"\d{3}-\d{2}-\d{4}|\d{1,2}([./\- ])\d{1,2}\1(?:\d{2}|\d{4})|(?:19|20)\d{2}([./\- ]?)\d{1,2}\2\d{1,2}"
)
"""Shapes of a social security number and of dates."""
NEAR, AFTER = 25, 60
"""Characters before a number, and behind one of seven digits, in which a word announces it."""


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield where telephone numbers stand in ``text``, in no order; the same place may come twice."""
    yield from (match.span() for match in INTERNATIONAL.finditer(text) if _is_international(match))
    yield from (match.span() for match in AMERICAN.finditer(text) if _is_american(match))
    yield from (match.span() for match in TRUNK.finditer(text) if _is_number(match[0], least=9, most=12))
    for match in ANNOUNCED.finditer(text):
        if _announced(text, match.start()) and _is_number(match[0], least=7, most=15):
            yield match.span()
    for match in LOCAL.finditer(text):
        if _announced(text, match.start()) or CUE.search(text[match.end() : match.end() + AFTER].partition("\n")[0]):
            yield match.span()


def _is_international(match: re.Match[str]) -> bool:
    digits = _digits(match["number"])
    # Without a gap it may be a count with a sign before it.
    grouped = match["number"] != digits
    return COUNTRY.match(digits) is not None and (8 if grouped else 10) <= len(digits) <= 15


def _is_american(match: re.Match[str]) -> bool:
    digits = _digits(re.split(r"ext|x", match[0])[0])[-10:]
    # Codes that end in 11 are for emergencies and enquiries. Three groups with blanks alone are any number's.
    spaced = match["gap"] == " " and not _announced(match.string, match.start())
    return len(digits) == 10 and "11" not in (digits[1:3], digits[4:6]) and not spaced


def _is_number(found: str, *, least: int, most: int) -> bool:
    return least <= len(_digits(found)) <= most and not OTHER.fullmatch(found) and isbn13(found) is None


def _announced(text: str, start: int) -> bool:
    before = text[max(0, start - NEAR) : start].rpartition("\n")[2]
    found = list(CUE.finditer(before))
    return bool(found) and not re.search(r"\d", before[found[-1].end() :])


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
