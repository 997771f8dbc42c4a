"""Plain text → documents: what stands between blank lines, or the articles of a file in the markup of WikiText."""

from __future__ import annotations

import re

__all__ = ["blocks", "documents_in"]

BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
HEADING = re.compile(r"^ ?= (?!= )[^\n]*[^=\s] = ?$", re.MULTILINE)
"""Of the first level: `` = Title = ``; sections have `` = = Title = = ``."""


def blocks(text: str) -> list[str]:
    """Return what stands between blank lines, each without white space around it."""
    return [block.strip() for block in BLANK_LINES.split(_unix(text)) if block.strip()]


def documents_in(text: str) -> list[str]:
    """Return the documents of ``text`` without white space around them.

    A text that begins with a heading of WikiText has an article behind each such heading, the heading included. Of any
    other text, what stands between blank lines is a document.
    """
    text = _unix(text).lstrip("\n ")
    first = HEADING.match(text)
    if first is None:
        return blocks(text)
    starts = [heading.start() for heading in HEADING.finditer(text)]
    parts = (text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True))
    return [part.strip() for part in parts]


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
