"""Names of a group in a text: whether one is there, and the same text with another's in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.text.slots import article

__all__ = ["named", "renamed"]


def named(text: str, words: Sequence[str]) -> bool:
    """Whether one of ``words`` stands in ``text``, whole and in whatever case."""
    return _pattern(words).search(text) is not None


def renamed(text: str, words: Sequence[str], others: Sequence[str]) -> str:
    """Put ``others`` in the place of ``words``, with the article that goes before them.

    Args:
        text: Any.
        words: At least one.
        others: One for each of ``words``, at the same place.
    """
    instead = {word.casefold(): other for word, other in zip(words, others, strict=True)}

    def swap(found: re.Match[str]) -> str:
        # Letters can be equal without regard to case that have no folded form in common: then any of the words does.
        word = instead.get(found["word"].casefold(), others[0])
        whole = f"{article(word)}{found['space']}{word}" if found["article"] else word
        before = text[: found.start()].rstrip(" \n\t\"'“‘(")
        return f"{whole[:1].upper()}{whole[1:]}" if not before or before[-1] in ".?!" else whole

    return _pattern(words).sub(swap, text)


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Find one of the words, longer ones first, and an article before it."""
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:(?P<article>an?)(?P<space>\s+))?(?P<word>{either})(?!\w)", re.IGNORECASE)
