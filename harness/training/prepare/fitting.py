"""Texts that grew while they were prepared, cut to what a model reads."""

from __future__ import annotations

import re

__all__ = ["fitted"]

LAST_SPACE = re.compile(r"\s+\S*$")


def fitted(text: str, longest: int | None) -> str:
    """Return as much of ``text`` as fits, whole words where there are several.

    Args:
        text: Any.
        longest: Bytes of UTF-8; None for any number.
    """
    content = text.encode("utf-8", "surrogatepass")
    if longest is None or len(content) <= longest:
        return text
    head = content[:longest].decode("utf-8", "ignore")
    ends_a_word = content[len(head.encode()) :][:1].isspace()
    return head if ends_a_word else LAST_SPACE.sub("", head) or head
