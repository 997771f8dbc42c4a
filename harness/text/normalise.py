"""The form in which two texts count as the same answer."""

from __future__ import annotations

import unicodedata

__all__ = ["fold"]

QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})


def fold(text: str) -> str:
    """Return ``text`` as a reader compares it: NFKC, straight quotes, no case, single spaces, no full stop at the end.

    Idempotent; an empty or blank text folds to an empty one.
    """
    # Case-folding can undo NFKC and NFKC case-folding, so one round of both is not yet a fixed point.
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).casefold()
    return " ".join(plain.translate(QUOTES).split()).rstrip(" .")
