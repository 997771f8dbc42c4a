"""What a reference says that its work is called, and how alike two titles are.

A title is taken where a reader would see one without knowing the work: in quotation marks, in emphasis, in the field of
a BibTeX entry, behind a list of authors, behind a year. Names in running text without any of these are not titles here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from harness.text.normalise import fold

__all__ = ["ALIKE", "key", "likeness", "main_title", "named", "titles", "words"]

ALIKE = 0.9
"""Likeness from which two titles are one."""
LEAST_WORDS = 3
"""Words of a title that stands in no quotation marks, and of one that is looked for without an identifier."""
IN_COMMON = 0.6
"""Share of a title's words that a stretch of text must have for the two to be compared letter by letter."""
MOST_WORDS, MOST_TEXT = 400, 1000
"""Words of a reference that are looked at, and characters in which authors and years are looked for."""

NAME = r"[^\W\d_a-z][\w'’\-]+"
INITIALS = r"(?:[^\W\d_a-z]\.[ \-]?){1,4}"
TITLE = r"(?P<title>[^\W_a-z][^\n]{8,300}?)"
YEAR = r"(?:1[4-9]|20)\d{2}"
FIRST = r"(?:^|[(\[])"
"""Where a reference begins that stands by itself, or in brackets."""
END = r"(?:[.?!](?=\s|$)|\s*$)"
QUOTED = re.compile(
    r"[\"“„«]\s*([^\"“”„«»\n]{2,300}?)[,.;]?\s*[\"”“»]|``([^`'\n]{2,300}?)[,.;]?''|‘([^‘’\n]{8,300}?)[,.]?’"
)
EMPHASISED = re.compile(r"\*{1,3}([^*\n]{3,300}?)[,.]?\*{1,3}|(?<!\w)_([^_\n]{3,300}?)[,.]?_(?!\w)")
FIELD = re.compile(r"\btitle\s*=\s*(?:\{((?:[^{}]|\{[^{}]*\}){1,400})\}?|\"([^\"]{1,400})\"?)", re.IGNORECASE)
DATED = rf"(?:\({YEAR}[a-z]?(?:, [A-Z][a-z]+(?: \d+)?)?\)[.,:]?|{YEAR}[a-z]?[.:])"
SIGNED = rf"{NAME}(?: {NAME})? [A-Z]{{1,3}}"
ONE = rf"(?:{INITIALS})?{NAME}"
OTHERS = r"(?:,? (?:and|&) [^.\n]{3,60})?"
STYLES: Sequence[str] = (
    # Spence, M. (1973). Title. — Watson & Crick (1953), Title, — Michel, H. V., 1980. Title.
    rf"{NAME}(?:,? {INITIALS}| et al\.?)?,? ?{DATED}\s+{TITLE}{END}",
    # Brown, T. B. et al. Title.
    rf"\bet al\.?[,:]? {TITLE}(?:{END}|[,(])",
    # Sacks, H., Schegloff, E., Jefferson, G.: Title. — Fréchet, M. Title.
    rf"{FIRST}(?:{NAME}(?: {NAME})?, {INITIALS}(?:,? ?(?:and|&|;|,)? ?))+:? ?{TITLE}{END}",
    # Benjamini Y, Hochberg Y. Title.
    rf"{FIRST}(?:{SIGNED}, ){{0,12}}{SIGNED}(?:, et al)?\. {TITLE}{END}",
    # Hawking, Stephen. Title. — Skiena, Steven S. Title.
    rf"{FIRST}{NAME}(?:[ \-]{NAME})?, {NAME}(?: (?:{NAME}|[A-Z]\.)){{0,2}}{OTHERS}\. {TITLE}{END}",
    # Title (Hollingworth, 2011)
    rf"^{TITLE} \({NAME}(?:[^()\n]{{0,60}})?,? {YEAR}[a-z]?\)",
    # I. Vanterpool, Title, — Cormen, Leiserson, Rivest and Stein, Title,
    rf"{FIRST}{ONE}(?:, {ONE}){{0,6}}(?:,? (?:and|&) {ONE})?, {TITLE}(?=,|\(|;|{END})",
)
"""Where the title stands in references without quotation marks; the first that fits counts."""
PATTERNS = tuple(map(re.compile, STYLES))
NAMING = re.compile(
    r"\b(?:1[5-9]|20)\d{2}\b|\bet al\b|\bby (?:[A-Z]\. ?)*[A-Z]\w+|^[A-Z][\w'’\-]+,? (?:[A-Z]\.|and |&)"
)
LABEL_WORDS = """
title author authors year doi isbn arxiv pmid url link journal publisher identifier number id answer note reference
source article book paper published the of
"""
LABELS = frozenset(LABEL_WORDS.split())
"""Words that are set in bold before what they announce."""
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def titles(said: str) -> list[str]:
    """Return what may be titles in one reference, surest first; empty where none is recognised as one."""
    found = [_plain(match) for pattern in (FIELD, QUOTED, EMPHASISED) for match in pattern.finditer(said)]
    if not found:
        found = [title for pattern in PATTERNS for title in _by_pattern(pattern, said[:MOST_TEXT])][:1]
    return list(dict.fromkeys(title for title in found if set(words(title)) - LABELS))


def named(said: str) -> bool:
    """Whether the reference names somebody or a year: what makes a quoted phrase the title of a work."""
    return bool(NAMING.search(said))


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` as titles are compared: folded, marks aside."""
    return tuple(WORD.findall(fold(text)))


def key(text: str) -> str:
    """Return the words of ``text`` in a row."""
    return " ".join(words(text))


def main_title(title: str) -> str | None:
    """Return what stands before the first colon of ``title``; None where there is none, or too little before it."""
    before, colon, _ = title.partition(":")
    return before if colon and len(words(before)) >= LEAST_WORDS else None


def likeness(title: str, said: str) -> float:
    """Return how alike ``title`` is to the stretch of ``said`` that is most like it, in [0, 1].

    Letters are compared by `difflib`; a title may lack what stands behind its colon.
    """
    forms = [title, main_title(title)]
    return max(_nearest(words(form), words(said)[:MOST_WORDS]) for form in forms if form is not None)


def _nearest(title: tuple[str, ...], said: tuple[str, ...]) -> float:
    if not title or not said:
        return 0.0
    best, wanted = 0.0, set(title)
    for size in {len(title), max(1, len(title) - 1), len(title) + 1} if len(title) >= LEAST_WORDS else {len(title)}:
        for start in range(max(1, len(said) - size + 1)):
            part = said[start : start + size]
            if len(wanted & set(part)) >= IN_COMMON * len(wanted):
                best = max(best, _ratio(" ".join(title), " ".join(part)))
        if best == 1.0:
            break
    return best


@lru_cache(maxsize=16384)
def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _plain(match: re.Match[str]) -> str:
    """Return the group that matched, without braces and commands of TeX."""
    text = next(group for group in match.groups() if group is not None)
    return " ".join(re.sub(r"\\[a-zA-Z]+\s?|\\.|[{}]", "", text).split()).strip(" .,;")


def _by_pattern(pattern: re.Pattern[str], said: str) -> Iterator[str]:
    match = pattern.search(said)
    if match is not None:
        title = match["title"].strip(" .,;:(")
        if len(words(title)) >= LEAST_WORDS:
            yield title
