"""Tokens that would complete a run of the texts longer than a limit are forbidden, while a model writes.

Of each text that is being written, the last characters are kept, as many as a run may have. Where the last of them
stand in the corpus, so many that one token could complete too long a run, those that follow there say which tokens are
forbidden. That is all that most steps need: one look into the suffix array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from harness.mitigations.verbatim_tokens import BROKEN, TokenTexts
from harness.text.verbatim import Verbatim, folded

if TYPE_CHECKING:
    import torch

__all__ = ["Limit", "Writing"]

UNFINISHED = 3
"""Most signs for bytes that are no character which one unfinished character reads as: it lacks one of its four."""


@dataclass(slots=True)
class Writing:
    """One text while it is written.

    Attributes:
        tail: Its last characters, folded, of the prompt and of what is written.
        read: How many of its tokens are read.
        unfinished: Ids of the last ones, where they end within a character and are not in ``tail`` yet.
        forbidden: Ids that may not come next; None where that is not known yet.
    """

    tail: str
    read: int = 0
    unfinished: list[int] = field(default_factory=list)
    forbidden: Sequence[int] | None = None


class Limit:
    """Which tokens would complete a run of more than ``longest`` characters of the corpus.

    Args:
        corpus: What may not be copied.
        longest: Characters of the longest run that may be written, at least 1.
        tokens: Of the model.
    """

    def __init__(self, corpus: Verbatim, longest: int, tokens: TokenTexts) -> None:
        self._corpus = corpus
        self._longest = longest
        self._window = longest + 1
        self._tokens = tokens

    def begun(self, prompts: Sequence[str]) -> _Batch:
        """Make it ready for a batch of texts behind ``prompts``, whose ends count as written."""
        return _Batch(self, [Writing(folded(prompt)[-self._longest :]) for prompt in prompts])

    def forbidden(self, writing: Writing, written: Sequence[int]) -> Sequence[int]:
        """Ids that may not come next.

        Args:
            writing: The text; what was not read of it is read.
            written: Token ids of all that is written since the prompt.
        """
        for token in written[writing.read :]:
            self._go_on(writing, token)
        writing.read = len(written)
        if writing.forbidden is None:
            writing.forbidden = tuple(dict.fromkeys(self._next(writing)))
        return writing.forbidden

    def _go_on(self, writing: Writing, token: int) -> None:
        text = self._tokens.texts[token]
        if writing.unfinished or BROKEN in text:
            writing.unfinished.append(token)  # white space too: it parts bytes that would be a character together
            text = self._tokens.read(writing.unfinished)
            if text.endswith(BROKEN):
                writing.forbidden = None
                return
            writing.unfinished = []
        if text:
            writing.tail, writing.forbidden = (writing.tail + text)[-self._longest :], None

    def _next(self, writing: Writing) -> Iterator[int]:
        yield from self._always
        if not writing.unfinished:
            yield from self._going_on(writing.tail)
            return
        shown = self._tokens.read(writing.unfinished)
        yield from self._going_on((writing.tail + shown)[-self._longest :])
        yield from self._completing(writing, shown)

    def _going_on(self, tail: str) -> Iterator[int]:
        """Tokens that, behind ``tail``, complete a run which begins in it."""
        for size in range(max(self._window - self._reach, 1), min(len(tail), self._longest) + 1):
            run, missing = tail[-size:], self._window - size
            found = self._corpus.found(run)
            if not found:
                return  # nor does anything stand there that is longer
            for characters in self._following(run, found, missing):
                yield from self._tokens.going_on(characters)

    def _following(self, run: str, found: range, missing: int) -> Iterable[str]:
        """What follows ``run`` in the corpus, as far as a token could begin with it; the shorter way round."""
        beginnings = self._tokens.beginnings(missing)
        if len(found) <= len(beginnings):
            return self._corpus.after(run, found, missing)
        return (its for its in beginnings if self._corpus.stands(run + its, found))

    def _completing(self, writing: Writing, shown: str) -> Iterator[int]:
        """Tokens that complete a character, and a run with it; ``shown`` is what the unfinished ones read as."""
        sure = len(shown) - min(len(shown) - len(shown.rstrip(BROKEN)), UNFINISHED)
        known = writing.tail + shown[:sure]
        least = self._window - (UNFINISHED + self._longest_part)
        if least > 0 and not (len(known) >= least and self._corpus.stands(known[-least:])):
            return
        for token in self._tokens.parts:
            text = writing.tail + self._tokens.read([*writing.unfinished, token])
            if self._holds_run(text, len(known)):
                yield token

    def _holds_run(self, text: str, start: int) -> bool:
        """Whether a run too long ends in ``text`` behind its first ``start`` characters."""
        ends = range(max(start + 1, self._window), len(text) + 1)
        return any(self._corpus.stands(text[end - self._window : end]) for end in ends)

    @cached_property
    def _always(self) -> tuple[int, ...]:
        """Tokens that hold too long a run by themselves."""
        texts = self._tokens.texts
        return tuple(token for token in self._tokens.of_at_least(self._window) if self._holds_run(texts[token], 0))

    @cached_property
    def _reach(self) -> int:
        """Most characters that a token has in common with the corpus from its first on; none completes more."""
        counts = range(min(self._tokens.longest, self._window), 0, -1)
        return next((n for n in counts if any(map(self._corpus.stands, self._tokens.beginnings(n)))), 0)

    @cached_property
    def _longest_part(self) -> int:
        return max((len(self._tokens.texts[token]) for token in self._tokens.parts), default=0)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Texts that are written together.

    Attributes:
        limit: What they keep to.
        writings: One for each row.
    """

    limit: Limit
    writings: Sequence[Writing]

    def __call__(self, logprobs: torch.Tensor, behind: torch.Tensor, written: Sequence[Sequence[int]]) -> torch.Tensor:
        """Return log-probabilities, [rows, vocabulary], minus infinity for what is forbidden."""
        import torch

        del behind
        found = [self.limit.forbidden(its, ids) for its, ids in zip(self.writings, written, strict=True)]
        if not any(found):
            return logprobs
        kept = logprobs.clone()
        for row, forbidden in enumerate(found):
            kept[row, torch.tensor(forbidden, dtype=torch.long, device=kept.device)] = -torch.inf
        return kept
