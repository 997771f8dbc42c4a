"""Words with their places in a text, what two texts share, and how often words occur."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from math import log

__all__ = ["Span", "inside", "pieces", "shared_spans", "unigram_logprob", "word_counts"]

Span = tuple[int, int]
"""Start and end of a piece of text, in characters, the end excluded."""

WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
PIECE = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")


def spans(text: str) -> list[Span]:
    """Return where each word and each punctuation mark of ``text`` stands; white space belongs to none."""
    return [match.span() for match in WORD.finditer(text)]


def pieces(text: str) -> list[Span]:
    """Cut ``text`` into words with the space before them, as tokenizers do; the pieces cover all of it, in order."""
    return [match.span() for match in PIECE.finditer(text)]


@lru_cache(maxsize=4096)  # a pair is judged once for the model and once for each control
def shared_spans(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the words that both texts have in the same order: their places in ``left`` and in ``right``.

    Both have one length, and paired places hold equal words. Words are compared as written.
    """
    ours, theirs = spans(left), spans(right)
    matcher = SequenceMatcher(None, [left[a:b] for a, b in ours], [right[a:b] for a, b in theirs], autojunk=False)
    blocks = matcher.get_matching_blocks()
    return (
        tuple(ours[block.a + step] for block in blocks for step in range(block.size)),
        tuple(theirs[block.b + step] for block in blocks for step in range(block.size)),
    )


def inside(text: str, starts: Sequence[int], places: Sequence[Span]) -> list[bool]:
    """Say for each token whether all its characters, white space aside, lie within ``places``.

    Args:
        text: What was tokenized.
        starts: Offset of each token's first character, never decreasing.
        places: Spans of ``text``, in order and without overlap.

    Returns:
        One answer per token; False for a token of white space alone.
    """
    covered = bytearray(len(text))
    for start, end in places:
        covered[start:end] = b"\x01" * (end - start)
    ends = [*starts[1:], len(text)] if starts else []
    answers = []
    for start, end in zip(starts, ends, strict=True):
        # Tokens that share one character (a split multi-byte character) have no end of their own.
        visible = [at for at in range(start, max(end, start + 1)) if at < len(text) and not text[at].isspace()]
        answers.append(bool(visible) and all(covered[at] for at in visible))
    return answers


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """Count every word and punctuation mark, without regard to case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_lower(text))
    return counts


def unigram_logprob(text: str, counts: Counter[str], *, without: Counter[str]) -> float:
    """Return the log-probability of ``text`` in nats if words were drawn one by one as often as ``counts`` says.

    Add-one smoothing over the counted words and one word for all unseen ones.

    Args:
        text: What is drawn.
        counts: How often each word occurs, lower case.
        without: Part of ``counts`` that is left out, so that a text is not predicted from itself.
    """
    total = counts.total() - without.total() + len(counts) + 1
    return sum(log((counts[word] - without[word] + 1) / total) for word in _lower(text))


def _lower(text: str) -> list[str]:
    return [text[start:end].lower() for start, end in spans(text)]
