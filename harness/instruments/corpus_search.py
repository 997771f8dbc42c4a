"""Which passages of a corpus does a text copy?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.canonical import digest
from harness.contracts import TRAINING, Dataset
from harness.contracts.instruments import InstrumentCard, Materials
from harness.data.load import load
from harness.data.suffixes import sorted_suffixes
from harness.errors import DataError, UsageError
from harness.records import Reading
from harness.text.corpus import Corpus, Run, Sought, covered, gathered, token_spans
from harness.text.corpus_files import opened, saved
from harness.text.corpus_rows import has_unseen, seen, unseen

__all__ = ["CorpusSearch"]

VERSION = "1"
"""Changes whenever a reading could."""
MEASURES = {
    "tokens": "tokens of the text: words and marks",
    "copied": "tokens in runs that stand verbatim in the corpus and are as long as was asked for",
    "longest": "tokens of the longest run that stands verbatim in the corpus, however short",
    "document": "number of the document, from 1, where the longest copy stands first; 0 where there is none",
    "offset": "number of its first token there, from 1; 0 where there is none",
    "occurrences": "how often the longest copy stands in the corpus; 0 where there is none",
    "unseen_copied": "as copied, in the documents that are marked as never trained on; 0 where none is",
    "unseen_longest": "as longest, in those",
    "corpus_tokens": "tokens of the corpus",
    "unseen_tokens": "tokens of the documents that are marked as never trained on",
}


@dataclass(frozen=True, slots=True)
class _Halves:
    """What a model may have been trained on, and what it was not; None where no document is marked as that."""

    seen: Corpus
    unseen: Corpus | None


@dataclass(slots=True)
class CorpusSearch:
    """Searches a text for copies: see `harness.text.corpus`. In what, is in a reading's context, a `Sought`.

    Rows of the corpus whose ``role`` is ``nonmember`` are searched apart, as text that was never trained on: see
    `harness.text.corpus_rows`.

    Attributes:
        index: Folder where indexes are kept, so that each corpus is laid out once; None to keep none.
    """

    index: str | None = None
    _opened: dict[tuple[str, str], _Halves] = field(default_factory=dict, init=False, repr=False)

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        return InstrumentCard(
            id="corpus_search",
            version=VERSION,
            title="Exact search in a corpus",
            measures=MEASURES,
            digest=digest(["corpus_search", VERSION]),
            accuracy="Exact: every run that stands in the corpus token by token is found, and no other.",
            limits=(
                "A copy with one word changed is two shorter ones, or none; a translation or a paraphrase is none.",
                (
                    "Tokens are words and single marks as they are written, so 50 of them are more than 50 tokens of a"
                    " model; in scripts without spaces a token is one character."
                ),
                "Which corpus was searched, and its digest, stands in each reading's context.",
                "Common phrases, lists and licences stand in many corpora: only text never trained on shows how many.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Search each text.

        Raises:
            UsageError: a context says no corpus.
            ModelError: `TRAINING` is sought, and the audited model does not know what it was trained on.
            DataError: the corpus cannot be had, is empty, or is not what the context says; or an index is damaged.
            MissingExtraError: the package that sorts suffixes is not installed.
        """
        return [self._read(reading, materials) for reading in readings]

    def _read(self, reading: Reading, materials: Materials) -> Mapping[str, float]:
        try:
            sought = Sought.of(reading.context)
        except (ValueError, AttributeError) as error:
            raise UsageError(f"The context of a reading does not say which corpus to search: {error}.") from error
        halves = self._open(sought, materials)
        copied, longest, runs = _searched(halves.seen, reading.text, sought.at_least)
        unseen_copied, unseen_longest, _ = _searched(halves.unseen, reading.text, sought.at_least)
        return {
            "tokens": float(len(token_spans(reading.text))),
            "copied": copied,
            "longest": longest,
            **_first(runs),
            "unseen_copied": unseen_copied,
            "unseen_longest": unseen_longest,
            "corpus_tokens": float(len(halves.seen.suffixes)),
            "unseen_tokens": float(len(halves.unseen.suffixes) if halves.unseen else 0),
        }

    # ── the corpus ────────────────────────────────────────────────────────────────────────

    def _open(self, sought: Sought, materials: Materials) -> _Halves:
        if (sought.corpus, sought.digest) not in self._opened:
            data = materials.training() if sought.corpus == TRAINING else load(sought.corpus)
            if str(data.digest) != sought.digest:
                raise DataError(
                    f"{sought.corpus} has digest {data.digest}; the cases were made of {sought.digest}. Restore it, or"
                    " plan the run again."
                )
            others = self._half(data, "unseen", unseen(data)) if has_unseen(data) else None
            halves = _Halves(self._half(data, "seen", seen(data)), others)
            # One at a time: a corpus may fill much of the memory.
            self._opened = {(sought.corpus, sought.digest): halves}
        return self._opened[sought.corpus, sought.digest]

    def _half(self, data: Dataset, half: str, documents: Iterator[str]) -> Corpus:
        """Open the index of one half where it is kept; else make it, and keep it."""
        folder = None if self.index is None else Path(self.index).expanduser() / data.digest.short / half
        kept = None if folder is None else opened(folder, source=str(data.digest))
        if kept is not None:
            return kept
        made = gathered(((data.name, text) for text in documents), sorted_suffixes, source=str(data.digest))
        if folder is not None:
            saved(made, folder)
        return made


def _searched(corpus: Corpus | None, text: str, at_least: int) -> tuple[float, float, Sequence[Run]]:
    """Count the tokens in copies and those of the longest run, however short, and return the copies."""
    if corpus is None:
        return 0.0, 0.0, ()
    matches = corpus.matches(text)
    runs = corpus.runs(text, at_least=at_least, matches=matches)
    return float(covered(runs)), float(max(matches, default=0)), runs


def _first(runs: Sequence[Run]) -> Mapping[str, float]:
    """Say where the longest copy stands first."""
    if not runs:
        return {"document": 0.0, "offset": 0.0, "occurrences": 0.0}
    place = runs[0].places[0]
    return {"document": place.document + 1.0, "offset": place.offset + 1.0, "occurrences": float(runs[0].count)}
