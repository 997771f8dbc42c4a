"""A text as ids of its words: a tokenizer for texts of writers who have none."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from harness.text.words import pieces

__all__ = ["VOCABULARY", "WHOLE", "word_ids"]

WHOLE = "words"
"""Name of this way to cut a text, where others give a tokenizer."""

VOCABULARY = 2**16
"""Ids that words are hashed to; a few words share one."""


def word_ids(text: str) -> NDArray[np.int64]:
    """Id of each word and each mark of punctuation, ``[pieces]``: of its letters alone, in small ones."""
    words = (text[start:end].strip().lower().encode("utf-8", "ignore") for start, end in pieces(text))
    return np.array([crc32(word) % VOCABULARY for word in words if word], np.int64)
