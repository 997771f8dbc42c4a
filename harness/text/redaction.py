"""A text without what looks like personal data in it: a placeholder that says what kind stood there."""

from __future__ import annotations

from collections.abc import Sequence

from harness.text.personal_data import Finding, Kind, find

__all__ = ["placeholder", "redacted", "replaced"]


def redacted(text: str) -> tuple[str, list[Finding]]:
    """Put a placeholder for everything that looks like personal data.

    Args:
        text: Any, lone surrogates included.

    Returns:
        The text, all else as it was; and what stood there, in order.
    """
    found = find(text)
    return replaced(text, [(its.start, its.end, placeholder(its.kind)) for its in found]), found


def placeholder(kind: Kind) -> str:
    """Return what stands for data of that kind, such as ``[EMAIL]``."""
    return f"[{kind.upper()}]"


def replaced(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """Put other text for spans of ``text``: start, end and what to put, in order and without overlap."""
    parts, end = [], 0
    for start, stop, instead in spans:
        parts += [text[end:start], instead]
        end = stop
    return "".join([*parts, text[end:]])
