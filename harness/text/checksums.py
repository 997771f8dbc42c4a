"""Numbers that carry their own check: payment cards, bank accounts, United States social security numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["IBAN_LENGTHS", "card_brand", "is_iban", "is_luhn", "is_ssn"]

IBAN_LENGTHS: Mapping[str, int] = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO FK GL NL SD",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HN HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
"""Country → characters of its account numbers. Source: SWIFT IBAN Registry (ISO 13616-2)."""

BRANDS: Mapping[str, tuple[str, frozenset[int]]] = {
    "visa": (r"4", frozenset({13, 16, 19})),
    "mastercard": (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", frozenset({16})),
    "american express": (r"3[47]", frozenset({15})),
    "diners": (r"30[0-5]|3095|3[689]", frozenset({14, 16, 17, 18, 19})),
    "discover": (r"6011|64[4-9]|65", frozenset({16, 17, 18, 19})),
    "jcb": (r"352[89]|35[3-8]", frozenset({16, 17, 18, 19})),
    "unionpay": (r"62", frozenset({16, 17, 18, 19})),
    "maestro": (r"5018|5020|5038|5893|6304|6759|676[1-3]", frozenset({12, 13, 14, 15, 16, 17, 18, 19})),
}
"""Brand → how its numbers begin, and how many digits they have: ranges of ISO/IEC 7812 as the brands publish them."""

ADVERTISED = {"078051120", "219099999"}
"""Printed in advertisements, used by thousands, and withdrawn."""


def is_luhn(digits: str) -> bool:
    """Say whether the last of ``digits`` checks the others: ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def card_brand(digits: str) -> str | None:
    """Name the brand of the card number ``digits``; None where its beginning, length or check fits none."""
    if not re.fullmatch(r"[0-9]{12,19}", digits) or not is_luhn(digits):
        return None
    fitting = (brand for brand, (begins, sizes) in BRANDS.items() if len(digits) in sizes and re.match(begins, digits))
    return next(fitting, None)


def is_iban(text: str) -> bool:
    """Say whether ``text``, without spaces and in capitals, is a number of an account: ISO 13616, mod 97-10."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", text) or IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_ssn(digits: str) -> bool:
    """Say whether nine ``digits`` can be a social security number.

    No area is 000, 666 or 900 and above, no group 00, no serial 0000; two numbers of advertisements are withdrawn.
    Source: Social Security Administration, randomization of 25 June 2011.
    """
    if not re.fullmatch(r"[0-9]{9}", digits) or digits in ADVERTISED:
        return False
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"
