"""While the model writes, what would go on with a copy of given texts beyond a limit is forbidden.

MemFree decoding: Ippolito et al. 2022, Preventing Verbatim Memorization in Language Models Gives a False Sense of
Privacy (arXiv 2210.17546). There runs are of tokens and are looked up in a Bloom filter; here they are of characters,
which mean the same for every tokenizer, and are looked up exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend, Dataset, TrainedBackend
from harness.contracts.mitigations import MitigationCard, SteerableBackend
from harness.data import load
from harness.data.suffixes import can_sort, sorted_suffixes
from harness.errors import DataError, UsageError
from harness.mitigations.steering import Begun, Vocabulary, unsteerable
from harness.mitigations.verbatim_filter_card import CARD
from harness.mitigations.verbatim_steer import Limit
from harness.mitigations.verbatim_tokens import TokenTexts
from harness.records import Capability, Value
from harness.text.corpus_rows import seen
from harness.text.verbatim import folded, laid_out

__all__ = ["SHORTEST", "VerbatimFilter"]

SHORTEST = 8
"""Below that, hardly a word could be written that is not in some text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbatimFilter:
    """A model that writes no run of given texts longer than a limit.

    Attributes:
        texts: What may not be copied: a data set with a text in each row, or a .txt file; of rows that have a role,
            those of members. None for what the model was trained on, where it was trained here.
        longest: Characters of the longest run that may be written, white space aside and case folded, at least 8: the
            dose. Shorter is stronger, so list doses from the longest on. 50 are about ten words of English. Below some
            20, each step of a model with a large vocabulary takes long.
        sham: True for the placebo: every text from its end to its beginning, so that as many runs of the same
            characters are looked into, in the same places, without chance. Only what reads the same both ways, as a row
            of dashes does, is still forbidden.
    """

    texts: str | None = None
    longest: int = 50
    sham: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if self.longest < SHORTEST:
            raise ValueError(f"longest is at least {SHORTEST} characters, not {self.longest}")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many texts of the same characters, looked up at every step, that nobody writes."""
        return {"sham": True}

    def material(self) -> Sequence[str]:
        """None: the texts are kept from the reply and shown to nobody, and asking for them is how it is judged."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """What gives out no probabilities, writes nothing, or has no texts to keep does not fit."""
        problem = unsteerable(target)
        if problem is not None:
            return problem
        if Capability.GENERATE not in target.capabilities:
            return "it works on what a model writes, and this backend writes no text"
        if self.texts is None and not _tells(target):
            return "it does not say what it was trained on: name a file or data set of texts under `texts`"
        return None if can_sort() else "its search comes with the extra `search`, which is not installed"

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with its next token kept from copying.

        Raises:
            UsageError: it does not fit.
            DataError: the texts cannot be read, or there is none among them.
        """
        del work
        misfit = self.misfit(target)
        if misfit is not None or not isinstance(target, SteerableBackend):
            raise UsageError(f"verbatim_filter: {misfit}.")
        return target.steered(steering=_Filtering(self, self._source(target)))

    def _source(self, target: Backend) -> Callable[[], Dataset]:
        """What gives the texts: at once where they are named, once it is trained where they are the model's own."""
        if self.texts is None and isinstance(target, TrainedBackend):
            return target.training_data
        data = load(str(self.texts))
        if not any(map(folded, seen(data))):
            raise DataError(f"verbatim_filter: {data.name} has no text that could be copied. Name one that has.")
        return lambda: data


def _tells(target: Backend) -> bool:
    return isinstance(target, TrainedBackend) and Capability.TRAINING_DATA in target.capabilities


@dataclass(frozen=True, slots=True)
class _Filtering:
    """The filter of one model.

    Attributes:
        by: Its settings.
        source: What gives the texts.
    """

    by: VerbatimFilter
    source: Callable[[], Dataset]
    card: ClassVar[MitigationCard] = CARD

    @property
    def scores(self) -> bool:
        """It changes what is written, and not how texts are scored."""
        return False

    def details(self) -> Mapping[str, Value]:
        """The texts by their digest, and both other settings.

        Raises:
            DataError, ModelError: the texts cannot be had.
        """
        return {"texts": str(self.source().digest), "longest": self.by.longest, "sham": self.by.sham}

    def preambles(self, *, chat: bool) -> tuple[str, ...]:
        """None."""
        del chat
        return ()

    def opened(self, tokens: Vocabulary) -> Begun:
        """Lay out the texts and read the tokens.

        Raises:
            DataError, ModelError: the texts cannot be had, or a token changes how its neighbours read.
        """
        step = -1 if self.by.sham else 1
        corpus = laid_out((folded(text)[::step] for text in seen(self.source())), sorted_suffixes)
        return Limit(corpus, self.by.longest, TokenTexts(tokens))
