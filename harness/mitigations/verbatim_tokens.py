"""The text of every token of a model, in order: which tokens go on with given characters is found without decoding any.

All text is folded (`harness.text.verbatim.folded`). Most tokens read the same whatever stands before them. Those that
are parts of a character do not, and are read together with what they complete.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property

from harness.errors import ModelError
from harness.mitigations.steering import Vocabulary
from harness.text.verbatim import folded

__all__ = ["BROKEN", "TokenTexts"]

BROKEN = "\ufffd"
"""What stands for bytes that are no character, or not yet one."""
AT_ONCE = 64
"""Tokens that are read one behind the other to see that they read as each by itself."""


class TokenTexts:
    """What each token reads as.

    Attributes:
        texts: Of each id; empty for special tokens and white space.
        parts: Ids of tokens that may begin within a character.

    Args:
        vocabulary: The model's tokens.

    Raises:
        ModelError: a token changes how others read, so that it cannot be known what the next one would write.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._anchor = _anchor(vocabulary)
        self._before = len(folded(vocabulary.decode(self._anchor)))
        self.texts = tuple(self.read([token]) for token in range(vocabulary.vocabulary))
        self.parts = tuple(token for token, text in enumerate(self.texts) if text.startswith(BROKEN))
        self._check()
        self._ids = sorted((token for token, text in enumerate(self.texts) if text), key=self.texts.__getitem__)
        self._sorted = [self.texts[token] for token in self._ids]
        self._beginnings: dict[int, tuple[str, ...]] = {}

    @cached_property
    def longest(self) -> int:
        """Characters of the longest token."""
        return max(map(len, self._sorted), default=0)

    def read(self, ids: Sequence[int]) -> str:
        """What ``ids`` read as one behind the other."""
        # Behind a word: some tokenizers leave out the space before the first word of a text, or mark what goes on one.
        return folded(self._vocabulary.decode([*self._anchor, *ids]))[self._before :]

    def going_on(self, characters: str) -> Sequence[int]:
        """Ids of the tokens whose text begins with ``characters``."""
        size = len(characters)
        low = bisect_left(self._sorted, characters)
        return self._ids[low : bisect_right(self._sorted, characters, low, key=lambda text: text[:size])]

    def beginnings(self, count: int) -> tuple[str, ...]:
        """The first ``count`` characters of every token that has as many, each once."""
        if count not in self._beginnings:
            self._beginnings[count] = tuple({text[:count]: None for text in self._sorted if len(text) >= count})
        return self._beginnings[count]

    def of_at_least(self, count: int) -> Sequence[int]:
        """Ids of the tokens with ``count`` characters or more."""
        return [token for token, text in zip(self._ids, self._sorted, strict=True) if len(text) >= count]

    def _check(self) -> None:
        plain = [token for token, text in enumerate(self.texts) if BROKEN not in text]
        for start in range(0, len(plain), AT_ONCE):
            part = plain[start : start + AT_ONCE]
            if self.read(part) != "".join(self.texts[token] for token in part):
                raise ModelError(
                    f"Some of the model's tokens {part[0]} to {part[-1]} change how those beside them read, so it"
                    " cannot be known which of them would go on with a copy. Leave verbatim_filter out."
                )


def _anchor(vocabulary: Vocabulary) -> tuple[int, ...]:
    """A token of plain letters, behind which others are read; none where there is none."""
    for token in range(vocabulary.vocabulary):
        text = vocabulary.decode([token]).strip()
        if text.isascii() and text.isalpha():
            return (token,)
    return ()
