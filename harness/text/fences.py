"""Marks around a text that is not to be trusted, which the text cannot close."""

from __future__ import annotations

from harness.canonical import digest

__all__ = ["unused_tag"]


def unused_tag(*texts: str) -> str:
    """Return a name of marks, 12 letters and digits, that occurs in none of ``texts``; the same for the same texts."""
    number = 0
    while True:
        tag = str(digest([number, *map(ascii, texts)])).rpartition(":")[2][:12]
        if not any(tag in text for text in texts):
            return tag
        number += 1
