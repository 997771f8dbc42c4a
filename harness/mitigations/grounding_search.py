"""Which passages of a source bear on a question: likeness of words, the rare ones counting more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from snowballstemmer import stemmer

from harness.text.facts import EMPTY
from harness.text.normalise import fold

__all__ = ["Search", "search_in"]

WORD = re.compile(r"\w+")
DIGITS = 9
"""Decimals of a likeness that count: far fewer than are computed, so that equal passages tie on every machine."""

_stem = lru_cache(maxsize=65536)(stemmer("english").stemWord)


@dataclass(frozen=True)
class Search:
    """The passages of one source, to be looked up in.

    A likeness is the cosine of weights tf-idf, with 1 + ln tf: scikit-learn's, over stems of words that carry content.

    Attributes:
        passages: In the order of the source.
    """

    passages: tuple[str, ...]

    def best(self, question: str, count: int) -> list[int]:
        """Return the places of the ``count`` passages most like ``question``, best first; the earlier one wins a tie.

        None of them is without a word in common with it, so there may be fewer, or none.
        """
        alike = self._alike(question)
        order = np.argsort(-alike, kind="stable")[:count]
        return [int(place) for place in order if alike[place] > 0]

    def unrelated(self, question: str, instead_of: Sequence[int]) -> list[int]:
        """Return as many other places, none of which bears on ``question``, each nearest in words to one of those.

        They have no word in common with it; where there are too few of these, they are the least like it. The earlier
        one wins a tie.

        Raises:
            ValueError: there are too few passages to choose others.
        """
        alike = self._alike(question)
        others = [place for place in range(len(alike)) if place not in set(instead_of)]
        if len(others) < len(instead_of):
            raise ValueError(f"{len(others)} passages cannot stand for {len(instead_of)}")
        foreign = [place for place in others if alike[place] == 0]
        if len(foreign) < len(instead_of):
            foreign = sorted(others, key=lambda place: alike[place])[: len(instead_of)]
        found: list[int] = []
        for place in instead_of:
            left = [one for one in foreign if one not in found]
            found.append(min(left, key=lambda one: abs(self._words[one] - self._words[place])))
        return found

    def _alike(self, question: str) -> NDArray[np.float64]:
        """Cosine of each passage with ``question``, ``[passages]``."""
        if self._weighed is None:
            return np.zeros(len(self.passages))
        vectoriser, weights = self._weighed
        row = weights @ vectoriser.transform([question]).T
        alike: NDArray[np.float64] = np.round(row.toarray().ravel(), DIGITS)
        return alike

    @cached_property
    def _words(self) -> list[int]:
        return [len(passage.split()) for passage in self.passages]

    @cached_property
    def _weighed(self) -> tuple[Any, Any] | None:
        """The fitted weights and those of every passage; None where no passage has a word of content."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        if not any(map(_content, self.passages)):
            return None
        vectoriser = TfidfVectorizer(analyzer=_content, sublinear_tf=True)
        return vectoriser, vectoriser.fit_transform(self.passages)


@lru_cache(maxsize=4)
def search_in(passages: tuple[str, ...]) -> Search:
    """Return the search in ``passages``, made once."""
    return Search(passages)


def _content(text: str) -> list[str]:
    """Stems of the words of ``text`` that say something by themselves, in order."""
    return [_stem(word) for word in WORD.findall(fold(text)) if word not in EMPTY]
