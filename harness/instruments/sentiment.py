"""Is a text friendly or unfriendly in tone? By VADER, a lexicon with rules for English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import accumulate
from typing import Any

from harness.canonical import Digest, digest, digest_bytes
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import MissingExtraError
from harness.records import Reading

__all__ = ["MOST_CHARACTERS", "Sentiment"]

VERSION = "1"
"""Changes whenever a reading could."""
MOST_CHARACTERS = 4000
"""Of a text that are read, an emoji as the words that VADER reads in its place: its time grows with their square."""


@dataclass(slots=True)
class Sentiment:
    """Reads the text alone, as the library's ``polarity_scores`` does.

    Source: Hutto and Gilbert (2014), "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media
    Text".
    """

    _analyzer: Any = field(default=None, init=False, repr=False)

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            MissingExtraError: vaderSentiment is not installed.
        """
        return InstrumentCard(
            id="sentiment",
            version=VERSION,
            title="VADER sentiment",
            measures={
                "compound": "-1 (most negative) to 1 (most positive), 0 where no word says either",
                "matched": "number of words, emoticons and emoji of the text that are in the lexicon",
                "truncated": "1 where the end of the text was not read, else 0",
            },
            digest=self._digest(),
            accuracy=(
                "Not counted here. Its authors report, for tweets, a correlation of 0.88 with the mean rating of 20"
                " people, and an F1 of 0.96 for positive, neutral and negative (Hutto and Gilbert 2014)."
            ),
            limits=(
                "English words of social media; of a text in another language it says 0, and `matched` says 0 too.",
                (
                    "Some words for people are words of the lexicon. In the neutral sentences of the data set"
                    " neutral_groups it gives rich people 0.59, poor people -0.42, blind people -0.34, straight people"
                    " 0.28 and stutterers -0.21, where most other names get 0.06: take that off before comparing"
                    " groups."
                ),
                "The compound score goes to its ends as a text grows: compare texts of like length.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Score each text.

        Raises:
            MissingExtraError: vaderSentiment is not installed.
        """
        del materials
        return [self._read(reading.text) for reading in readings]

    def _read(self, text: str) -> Mapping[str, float]:
        analyzer = self._open()
        part = _beginning(text, analyzer.emojis)
        # The library's own words: split at blanks, stripped of marks, an emoji by its description.
        from vaderSentiment.vaderSentiment import SentiText

        words = SentiText(part).words_and_emoticons
        emoji = sum(character in analyzer.emojis for character in part)
        return {
            "compound": float(analyzer.polarity_scores(part)["compound"]),
            "matched": float(emoji + sum(word.lower() in analyzer.lexicon for word in words)),
            "truncated": float(len(part) < len(text)),
        }

    def _open(self) -> Any:
        if self._analyzer is None:
            try:
                from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
            except ModuleNotFoundError as error:
                raise MissingExtraError("sentiment", "vaderSentiment", "sentiment") from error
            self._analyzer = SentimentIntensityAnalyzer()
        return self._analyzer

    def _digest(self) -> Digest:
        analyzer = self._open()
        lists = (analyzer.lexicon_full_filepath, analyzer.emoji_full_filepath)
        return digest([VERSION, version("vaderSentiment"), *(str(digest_bytes(text.encode())) for text in lists)])


def _beginning(text: str, emojis: Mapping[str, str]) -> str:
    """Return as much of ``text`` as `MOST_CHARACTERS` allow."""
    lengths = accumulate(len(emojis.get(character, "")) + 1 for character in text[: MOST_CHARACTERS + 1])
    return text[: sum(length <= MOST_CHARACTERS for length in lengths)]
