"""A text with the genders of its people swapped: pronouns by their grammar, titles, kin, occupations and first names.

A text is swapped whole or left as it is. It is left where it could not be told what a pronoun is there for, where a
word of one gender has no counterpart, where somebody of history is named, and where swapping again would not give the
same text back: so swapping twice gives any text back. What stands in quotation marks and looks like the title of a
work is not swapped, and neither is ``he or she``.

Source: counterfactual data augmentation (Zmigrod et al. 2019, arXiv:1906.04571; Webster et al. 2020, arXiv:2010.06032),
by word lists and rules written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.text.gender_grammar import FUNCTION, WORD, Use, use_of_her, use_of_his
from harness.text.gender_words import FAMOUS, NAMES, NOUNS, REGNAL, TITLES, UNPAIRED

__all__ = ["Left", "Swapped", "cased", "reversible", "swapped", "titles_in"]


class Left(StrEnum):
    """Why a text was left as it is."""

    UNCLEAR = "unclear"
    """A pronoun, a verb or a name could be either."""
    UNPAIRED = "unpaired"
    """A word of one gender has no counterpart."""
    FAMOUS = "famous"
    """Somebody of history is named."""
    ONE_WAY = "one_way"
    """Swapping again would not give it back."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """A text after a swap.

    Attributes:
        text: Swapped, or as it was.
        words: How many words were swapped.
        left: Why it was left as it was; None where it was not, or holds no word to swap.
    """

    text: str
    words: int
    left: Left | None = None


QUOTED = re.compile(
    r"\"(?P<a>[^\"\n]{1,80})\"|“(?P<b>[^”\n]{1,80})”|(?<!\w)'(?P<c>(?:[^'\n]|(?<=\w)'(?=\w)){1,80})'(?!\w)"
    r"|‘(?P<d>(?:[^’\n]|(?<=\w)’(?=\w)){1,80})’|(?<!\w)_(?P<e>[^_\n]{1,80})_(?!\w)|(?<!\w)\*(?P<f>[^*\n]{1,80})\*(?!\w)"
)
SMALL = frozenset(
    ("a", "an", "the", "of", "and", "in", "on", "to", "for", "with", "at", "by", "from", "or", "nor", "but", "as", "de")
)
"""Words that have no capital in a title."""
HE, SHE = r"(?:he|him|his|himself)", r"(?:she|her|hers|herself)"
EITHER_GENDER = re.compile(rf"\b{HE}(?: or |/){SHE}\b|\b{SHE}(?: or |/){HE}\b|\bs/he\b", re.IGNORECASE)
KNOWN = re.compile(
    rf"\b(?:{'|'.join(map(re.escape, FAMOUS))})\b"
    rf"|\b(?:{'|'.join((*REGNAL, *(word.upper() for word in REGNAL)))})\.?\s+(?:of\s+)?[A-Z]\w"
    r"|\b[A-Z]\w+ (?:I{2,3}|IV|VI{0,3}|IX|XI{0,3}|XI?V|XVI{0,3})\b"
)
VERBS_TOO = frozenset({"man", "father", "mother", "fathers", "mothers"})
"""Words that are verbs behind ``to``."""
HYPHENATED = re.compile(r"-(?:in-law|to-be)\b")
BEFORE_HYPHEN = re.compile(r"\b(?:step|grand|great|god|half|ex)-$", re.IGNORECASE)
ADDRESSED = frozenset(
    (
        *("said", "dear", "hello", "hi", "poor", "old", "young", "little", "big", "uncle", "aunt", "brother", "sister"),
        *("cousin", "dr", "doctor", "professor", "captain", "nurse", "mr", "mrs", "sir", "yes", "no", "oh", "only"),
        *("grandpa", "grandma", "asked", "just", "even", "once", "let", "thanks", "goodbye", "did", "can", "will"),
    )
)
"""Words that may have a capital before a first name."""


def swapped(text: str) -> Swapped:
    """Swap the genders in ``text``; any text, lone surrogates included. Twice gives the text back."""
    return reversible(text, _once)


def reversible(text: str, swap: Callable[[str], Swapped]) -> Swapped:
    """Swap by ``swap`` where swapping again gives the text back, and leave it where not."""
    done = swap(text)
    if done.left is not None or done.text == text:
        return done
    back = swap(done.text)
    return done if back.left is None and back.text == text else Swapped(text, 0, Left.ONE_WAY)


def titles_in(text: str) -> list[tuple[int, int]]:
    """Where titles of works stand in quotation marks, or between marks of emphasis."""
    return [
        match.span()
        for match in QUOTED.finditer(text)
        if _is_title(next(its for its in match.groups() if its is not None))
    ]


def _is_title(inner: str) -> bool:
    """Whether it is written like a title: capitals, up to ten words, and no marks of speech."""
    words = WORD.findall(inner.replace("'s", "").replace("’s", ""))
    if not words or len(words) > 10 or re.search(r"[.,;!?]", inner.rstrip(",")):
        return False
    return words[0][0].isupper() and all(word[0].isupper() or word in SMALL for word in words)


def _once(text: str) -> Swapped:
    if KNOWN.search(text):
        return Swapped(text, 0, Left.FAMOUS)
    kept = [*titles_in(text), *(match.span() for match in EITHER_GENDER.finditer(text))]
    parts, end, many = [], 0, 0
    for start, stop, word in _words(text, kept):
        instead = _counterpart(text, start, stop, word)
        if isinstance(instead, Left):
            return Swapped(text, 0, instead)
        if instead is not None:
            parts += [text[end:start], instead]
            end, many = stop, many + 1
    return Swapped("".join([*parts, text[end:]]), many)


def _words(text: str, kept: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    for match in WORD.finditer(text):
        start, stop = match.span()
        if not any(first <= start < last for first, last in kept):
            yield start, stop, match[0]


def _counterpart(text: str, start: int, stop: int, word: str) -> str | Left | None:
    """What to put for a word; None to leave it; or why the text has to be left."""
    small = word.lower()
    if text[stop : stop + 1] == "-" and text[stop + 1 : stop + 2].isalpha() and not HYPHENATED.match(text, stop):
        return None
    if start and text[start - 1] == "-" and not BEFORE_HYPHEN.search(text[max(0, start - 8) : start]):
        return None
    if small in ("her", "his"):
        return _owner_or_object(text, start, stop, word)
    if small in PRONOUNS:
        return cased(PRONOUNS[small], word)
    title = re.match(r"\.?\s+[A-Z]", text[stop : stop + 4]) is not None and word[0].isupper()
    if title and small in TITLES:
        return cased(TITLES[small], word)
    if small in UNPAIRED:
        return None if word == "miss" else Left.UNPAIRED  # a verb, where it has no capital
    if small in VERBS_TOO and re.search(r"\bto\s+$", text[max(0, start - 8) : start], re.IGNORECASE):
        return Left.UNCLEAR
    if small in NOUNS:
        return cased(NOUNS[small], word)
    return _name(text, start, word)


PRONOUNS: Mapping[str, str] = {
    "he": "she",
    "she": "he",
    "him": "her",
    "hers": "his",
    "himself": "herself",
    "herself": "himself",
}
"""The pronouns that are one thing alone; ``her`` and ``his`` are two."""


def _owner_or_object(text: str, start: int, stop: int, word: str) -> str | Left:
    forms = {
        "her": {Use.OWNER: "his", Use.OBJECT: "him"},
        "his": {Use.OWNER: "her", Use.OBJECT: "hers"},
    }[word.lower()]
    use = use_of_her(text, start, stop) if word.lower() == "her" else use_of_his(text, stop)
    return Left.UNCLEAR if use is Use.UNCLEAR else cased(forms[use], word)


def _name(text: str, start: int, word: str) -> str | Left | None:
    """The counterpart of a first name; behind another word with a capital it may be a last one."""
    name = word.title() if word.isupper() and len(word) > 1 else word
    if name not in NAMES:
        return None
    before = re.search(r"([^\W\d_]+)\.?\s+$", text[max(0, start - 40) : start])
    if before is not None and before[1][0].isupper() and not word.isupper():
        small = before[1].lower()
        if small not in FUNCTION | ADDRESSED | NOUNS.keys() and not small.endswith("ly"):
            return Left.UNCLEAR
    return cased(NAMES[name], word)


def cased(word: str, like: str) -> str:
    """Return ``word`` with the capitals of ``like``."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return f"{word[:1].upper()}{word[1:]}" if like[:1].isupper() else word
