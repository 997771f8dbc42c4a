"""What a short text says, as far as rules see it: its content words, numbers with their units, names and denials."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from snowballstemmer import stemmer

from harness.text.normalise import fold
from harness.text.numbers import NUMBER_WORDS, numbers

__all__ = ["EMPTY", "MOST", "Facts", "codes", "denials", "facts", "stems", "units"]

EMPTY_WORDS = """
a an the this that these those it its he she they we you i his her their our your my him them us me who whom
whose which what where when why how is are was were be been being am do does did done has have had having
will would shall should can could may might must and or but nor so as if than then of in on at by for from
to into onto with within about around roughly approximately nearly almost some any there here also just only
very quite really indeed well up out over per each such own same too yes no not n't called named known name
one ones's s t re ve ll d answer question correct right think believe said says say according generally
usually typically often course
"""
EMPTY = frozenset(EMPTY_WORDS.split())
"""Words that carry no content of their own."""
DENIAL_WORDS = """
not no never none nobody nothing nowhere neither nor cannot without hardly barely scarcely false untrue
incorrect wrong myth fail fails failed unable impossible absurd lack lacks
"""
DENIALS = frozenset(DENIAL_WORDS.split())
UNITS = {
    form: unit
    for unit, forms in {
        "metre": "m metre metres meter meters",
        "kilometre": "km kms kilometre kilometres kilometer kilometers",
        "centimetre": "cm centimetre centimetres centimeter centimeters",
        "millimetre": "mm millimetre millimetres millimeter millimeters",
        "mile": "mi mile miles",
        "foot": "ft foot feet",
        "inch": "in inch inches",
        "yard": "yd yard yards",
        "gram": "g gram grams gramme grammes",
        "kilogram": "kg kgs kilogram kilograms kilo kilos",
        "milligram": "mg milligram milligrams",
        "tonne": "t tonne tonnes ton tons",
        "pound": "lb lbs pound pounds",
        "ounce": "oz ounce ounces",
        "litre": "l litre litres liter liters",
        "millilitre": "ml millilitre millilitres milliliter milliliters",
        "second": "sec secs seconds",
        "minute": "min mins minute minutes",
        "hour": "h hr hrs hour hours",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "yr yrs year years",
        "celsius": "c celsius centigrade",
        "fahrenheit": "f fahrenheit",
        "kelvin": "k kelvin kelvins",
        "volt": "v volt volts",
        "watt": "w watt watts",
        "kilowatt": "kw kilowatt kilowatts",
        "hectare": "ha hectare hectares",
        "acre": "acre acres",
        "dollar": "$ usd dollar dollars",
        "euro": "€ eur euro euros",
        "percent": "% percent",
        "gallon": "gal gallon gallons",
        "pascal": "pa pascal pascals",
        "bar": "bar bars",
        "atmosphere": "atm atmosphere atmospheres",
        "century": "century centuries",
        "decade": "decade decades",
        "byte": "byte bytes",
        "megabyte": "mb megabyte megabytes",
        "gigabyte": "gb gigabyte gigabytes",
        "kilobyte": "kb kilobyte kilobytes",
        "before": "bc bce",
        "after": "ad ce",
    }.items()
    for form in forms.split()
}
"""How units are written → one form of each."""
MOST = 4000
"""Characters of a text that are looked at."""
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
QUANTITY = re.compile(r"\d\s?(?:°\s?)?([a-z$€%]+)(?:\s?(?:/|per)\s?([a-z]+))?|\b([a-z]+)(?:\s(?:per)\s([a-z]+))\b")

CODE = re.compile(r"\b[A-Za-z]{1,3}\d[\dA-Za-z]*\b|(?<=[a-z] )[B-HJ-Z]\b(?!\.)|(?<=vitamin )A\b")
"""Formulae, model numbers, and single capitals behind a word."""

_stem = lru_cache(maxsize=65536)(stemmer("english").stemWord)
COUNTING = frozenset(_stem(word) for word in NUMBER_WORDS)


@dataclass(frozen=True, slots=True)
class Facts:
    """One text, taken apart.

    Attributes:
        words: Content words, stemmed, without marks on letters; number words and units are not among them.
        numbers: Values that it names.
        units: Units of measurement that it names.
        names: Stems of words with a capital that do not merely begin a sentence.
        denials: How often it denies something.
    """

    words: frozenset[str]
    numbers: frozenset[float]
    units: frozenset[str]
    names: frozenset[str]
    denials: int


@lru_cache(maxsize=65536)
def facts(text: str) -> Facts:
    """Take ``text`` apart; of long texts the first `MOST` characters count."""
    text = text[:MOST]
    plain = _plain(text)
    # "Vitamin D" and "H2O" are told apart by what would be a letter and a number elsewhere.
    marks = codes(text)
    text = CODE.sub(" ", text)
    content = frozenset(stem for stem in stems(plain) if stem not in EMPTY and stem not in COUNTING) | marks
    inner = {match[0] for match in re.finditer(r"(?<=[\w,;:)'\"] )[A-Z][\w'-]*", _unmarked(text))}
    return Facts(
        words=content,
        numbers=frozenset(round(value, 6) for value in numbers(text)),
        units=units(text),
        names=frozenset(stems(_plain(" ".join(inner)))) & content,
        denials=denials(plain),
    )


def codes(text: str) -> frozenset[str]:
    """Return the formulae, model numbers and single capitals of ``text``, lower case."""
    return frozenset(code.casefold() for code in CODE.findall(_unmarked(text)))


def stems(text: str) -> list[str]:
    """Return the stems of the words of ``text`` in order, lower case, units in one form."""
    return [_stem(UNITS.get(word, word).removesuffix("'s")) for word in WORD.findall(_plain(text))]


def denials(text: str) -> int:
    """Count what ``text`` denies; "neither ... nor" denies once."""
    words: list[str] = WORD.findall(_plain(text))
    pairs = min(words.count("neither"), words.count("nor"))
    return sum(word in DENIALS or word.endswith("n't") for word in words) - pairs


def units(text: str) -> frozenset[str]:
    """Return the units of measurement that stand behind a number, and those spelt out."""
    plain = _plain(text)
    found = set()
    for match in QUANTITY.finditer(plain):
        found |= {UNITS[part] for part in match.groups() if part in UNITS}
    # Spelt out they are units wherever they stand; as single letters only behind a number.
    found |= {UNITS[word] for word in WORD.findall(plain) if word in UNITS and len(word) > 3}
    return frozenset(found)


def _plain(text: str) -> str:
    return fold(_unmarked(text)).replace("-", " ")


def _unmarked(text: str) -> str:
    """Return ``text`` without marks on letters: São is Sao."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
