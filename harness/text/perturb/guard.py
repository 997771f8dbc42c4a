"""What no label-preserving operator may touch: numbers, names, negations, directions, and what is quoted or code."""

from __future__ import annotations

import re
from functools import lru_cache

from harness.text.perturb.lexicon import DIRECTIONS, ENTITIES, NEGATIONS, NUMBER_WORDS
from harness.text.words import Span

__all__ = ["FIELD_LABELS", "TOKEN", "free_gaps", "free_words", "guarded", "is_name", "literals", "matched_case"]

TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
"""A word with its inner apostrophes and hyphens."""

LITERAL = re.compile(
    # Data, not words: nobody misspells it. It also bounds how far the others look ahead from each place.
    r"""\S{1000,}
    |```.*?```|`[^`]+`                                     # code
    |https?://\S+|www\.\S+|[^\s@]+@[^\s@]+\.\w+            # addresses
    |"[^"]*"|“[^”]*”|«[^»]*»|‘[^’]*’(?!\w)|(?<!\w)'[^']+'(?!\w)  # quoted spans
    |\{[^{}]*\}|<[^<>\s][^<>]*>|\$[^$\s][^$]*\$            # placeholders, tags, formulas
    |\w*_\w+|\w+\([^()]*\)|\S*[/\\]\S+                     # identifiers, calls, paths
    """,
    re.DOTALL | re.VERBOSE,
)

SENTENCE_START = re.compile(r"(?:\A|[.?!:…|•\n])[\s\"'“‘«(\[{*_>#`~•-]*\Z")

INITIAL = re.compile(r"(?:\b[A-Z]|\b(?:Mrs?|Ms|Dr|St|Prof|Sir|vs))\.\s*\Z")
"""A full stop that ends an abbreviation before a name, and no sentence."""

FIRST_PERSON = frozenset({"i", "i'm", "i'd", "i'll", "i've"})

FIELD_LABELS = frozenset(
    {"q", "a", "question", "answer", "input", "output", "prompt", "text", "context", "passage", "options", "choices"}
)
"""Names of the fields of a prompt, which are written with capitals and name nothing in the world."""

RESERVED = frozenset(NUMBER_WORDS) | NEGATIONS | DIRECTIONS

ENTITY = frozenset(name for kind in ENTITIES for name in kind)

WINDOW = 24
"""Characters before a word that are looked at to tell whether it begins a sentence."""


def literals(text: str) -> list[Span]:
    """Return where ``text`` is code, an address, a formula, a placeholder, quoted or longer than any word, in order."""
    return [match.span() for match in LITERAL.finditer(text)]


def is_name(text: str, start: int, word: str) -> bool:
    """Say whether ``word`` at ``start`` is a name: a capital within it, or in front of it and not to begin a sentence.

    A name that begins a sentence cannot be told from any other word, unless it is well known or another name
    follows at once.
    """
    if word.replace("’", "'").casefold() in FIRST_PERSON or not any(map(str.isupper, word)):
        return False
    if any(map(str.isupper, word[1:])) or word.replace("’", "'").removesuffix("'s") in ENTITY:
        return True
    before = max(0, start - WINDOW)
    return not SENTENCE_START.search(text, before, start) or bool(INITIAL.search(text, before, start))


@lru_cache(maxsize=512)  # one text is perturbed by many operators at many strengths
def guarded(text: str) -> tuple[Span, ...]:
    """Return the places that stay as they are, in order of their starts; those of words may lie within literals."""
    places = literals(text)
    words = list(TOKEN.finditer(text))
    for at, match in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else None
        leads = (
            following is not None
            and match[0][0].isupper()
            and text[match.end() : following.start()] == " "
            and is_name(text, following.start(), following[0])
        )
        if leads or is_name(text, match.start(), match[0]) or _is_reserved(match[0]):
            places.append(match.span())
    return tuple(sorted(places))


@lru_cache(maxsize=512)
def free_words(text: str) -> tuple[Span, ...]:
    """Return the words of ``text``, in order, that an operator may change."""
    taken = _covered(text, guarded(text))
    return tuple(match.span() for match in TOKEN.finditer(text) if not any(taken[match.start() : match.end()]))


def free_gaps(text: str) -> list[int]:
    """Return where a single space stands between two characters outside literals."""
    taken = _covered(text, literals(text))
    return [match.start() for match in re.finditer(r"(?<=\S) (?=\S)", text) if not taken[match.start()]]


def matched_case(word: str, like: str) -> str:
    """Write ``word`` with a capital if ``like`` has one."""
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _is_reserved(word: str) -> bool:
    plain = word.replace("’", "'").casefold()
    if any(map(str.isdigit, plain)) or plain.endswith("n't"):
        return True
    return not RESERVED.isdisjoint({plain, *re.split(r"['-]", plain)})


def _covered(text: str, places: list[Span] | tuple[Span, ...]) -> bytearray:
    covered = bytearray(len(text))
    for start, end in places:
        covered[start:end] = b"\x01" * (end - start)
    return covered
