"""Sentences that a model's other answers do not repeat: SelfCheckGPT with single words.

Words of a passage are as likely as they are frequent in the passage and in samples of the same answer together. Scores
have no upper bound and grow with the number of samples, so they rank sentences and mean nothing alone.
Source: Manakul et al. 2023, arXiv 2303.08896.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from harness.text.words import word_counts

__all__ = ["Checked", "Passage", "selfcheck", "split_sentences"]

END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[^\W_a-z])")
"""Where a sentence may end: a mark, closing quotes and brackets, white space, and none of a to z after it."""
NO_END = re.compile(
    r"(?:^|[\s(\[\"'“‘])(?:[^\W\d_]|(?:[^\W\d_]\.)+[^\W\d_]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|cf|No|Fig|al|approx|Inc|Ltd"
    r"|Gen|Col|Lt|Sgt|Rev|Hon|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)\.$"
)
"""What a full stop belongs to that ends no sentence: a single letter, letters with full stops, and abbreviations."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One sentence, and how surprising its words are, in nats.

    Attributes:
        text: The sentence.
        mean: Mean surprise of its words.
        most: Surprise of its rarest word.
    """

    text: str
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage's sentences, and the passage as a whole.

    Attributes:
        sentences: In order.
        mean: Mean surprise of all words.
        most: Mean over sentences of the surprise of the rarest word.
        words: Words and marks counted, samples included.
    """

    sentences: tuple[Checked, ...]
    mean: float
    most: float
    words: int


def selfcheck(passage: str, samples: Sequence[str]) -> Passage:
    """Score each sentence of ``passage`` by how rare its words are in it and ``samples``.

    The passage is always counted, so that no word has a chance of 0. Words and marks are those of
    `harness.text.words.word_counts`, lower case.

    Raises:
        ValueError: no samples, or a passage without words.
    """
    sentences = [(text, word_counts([text])) for text in split_sentences(passage)]
    if not sentences or not samples:
        raise ValueError("a check needs a passage with words and at least one sample")
    counts = word_counts([passage, *samples])
    surprise = {word: log(counts.total() / count) for word, count in counts.items()}
    sums = [sum(count * surprise[word] for word, count in words.items()) for _, words in sentences]
    checked = tuple(
        Checked(text, total / words.total(), max(surprise[word] for word in words))
        for (text, words), total in zip(sentences, sums, strict=True)
    )
    spoken = sum(words.total() for _, words in sentences)
    return Passage(checked, sum(sums) / spoken, sum(its.most for its in checked) / len(checked), counts.total())


def split_sentences(text: str) -> list[str]:
    """Cut ``text`` into sentences, by rules alone.

    A line break ends a sentence; so does a mark of `END` unless it belongs to what `NO_END` lists. "No. 5" and "J. S.
    Bach" stay whole, and so do two sentences the first of which ends in such an abbreviation.
    """
    found = []
    for line in text.splitlines():
        start = 0
        for mark in END.finditer(line):
            if not NO_END.search(line[start : mark.end()]):
                found.append(line[start : mark.end()])
                start = mark.end()
        found.append(line[start:])
    return [sentence.strip() for sentence in found if sentence.strip()]
