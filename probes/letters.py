"""Options shown under letters, and the letter found again in a reply.

A reply is read by rules, first to last, and the first rule that points at exactly one option decides. What no
rule can read is unreadable: it says nothing about the question, so it must not count as a wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.text.normalise import fold

__all__ = ["LETTERS", "listing", "parse"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

LEADING = re.compile(r"^[\s(\[*_\"'`]*([A-Za-z])(?:[)\]*_\"'`]*\s*(?:$|[.:),\]*\n])|[)\]])")
BARE_WORD = re.compile(r"^\s*([B-HJ-Z])\s")
HEDGED = re.compile(r"^[\s(\[*_]*[A-Z][)\]*_]*\s*(?:,|/|\bor\b|\band\b)\s*[(\[*_]*[A-HJ-Z][)\]*_]*(?=[.,;\s]|$)")
NAMED = re.compile(
    r"\b(?:answer|option|choice|choose|pick|select|letter)\b(?:\s+(?:is|would be|should be|option|letter))*"
    r"\s*[:=]?\s*[(\[*_\"'`]*([A-Za-z])[)\]*_\"'`]*(?=$|[\s.,:;!)\]*])"
    r"(?!\s*(?:/|or\b|and\b)\s*[(\[*_]*[A-Za-z]\b)",
    re.IGNORECASE,
)
BRACKETED = re.compile(r"[(\[]([A-Z])[)\]]")


def listing(options: Sequence[str], *, bracketed: bool = False) -> str:
    """Return one line per option: ``A. text``, or ``(A) text`` where ``bracketed``."""
    form = "({}) {}" if bracketed else "{}. {}"
    return "\n".join(form.format(letter, option) for letter, option in zip(LETTERS, options, strict=False))


def parse(text: str, options: Sequence[str]) -> int | None:
    """Return the place of the option that ``text`` chooses, or None where it cannot be told.

    Reads ``B``, ``(b)``, ``B. text``, ``The answer is B``, an option's own text, and a reply that holds exactly
    one bracketed letter or the text of exactly one option.
    """
    folded = [fold(option) for option in options]
    line = " ".join(text.split())
    whole = {place for place, option in enumerate(folded) if option and option == fold(text)}
    if not whole and HEDGED.search(line):
        return None
    rules: tuple[Callable[[], set[int]], ...] = (
        lambda: whole,
        lambda: _letters(LEADING, text, len(options)),
        lambda: _letters(NAMED, line, len(options)),
        lambda: _letters(BARE_WORD, line, len(options)),
        lambda: _letters(BRACKETED, line, len(options)),
        lambda: _mentioned(fold(text), folded),
    )
    for rule in rules:
        found = rule()
        if len(found) == 1:
            return found.pop()
        if len(found) > 1:
            return None
    return None


def _letters(pattern: re.Pattern[str], text: str, count: int) -> set[int]:
    """Return the places named by ``pattern``; an "a" before a word is an article, not a letter."""
    places = {
        LETTERS.index(match[1].upper())
        for match in pattern.finditer(text)
        if match[1] != "a" or not text[match.end(1) : match.end(1) + 1].isspace()
    }
    return {place for place in places if place < count}


def _mentioned(text: str, options: Sequence[str]) -> set[int]:
    """Return the options whose whole text stands in ``text``, without those that are part of a longer one found."""
    found = {
        at for at, option in enumerate(options) if option and re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text)
    }
    return {at for at in found if not any(at != other and options[at] in options[other] for other in found)}
