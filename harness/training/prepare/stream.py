"""What training sees: the members' records as they are after preparation, and what was done to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.data.canaries import Canary
from harness.data.examples import Examples

__all__ = ["WORD", "Done", "Stream", "compared"]

WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Done:
    """What one step did, in places of the training set: a record that is trained on k times has k.

    Attributes:
        step: Its key in the recipe.
        records_before: Places before it.
        records_after: Places after it.
        removed: Places that were taken away.
        added: Places that were given, to twins too.
        changed: Places whose text is another than before.
        tokens_before: Tokens in all places before it; None for images.
        tokens_after: Tokens in all places after it; None for images.
        token: What counts as one: ``word`` (what white space parts) or, for a model of bytes, ``character``; empty
            for images. The model's own tokens are not known before it is built.
        counts: What the step itself counts, by name.
    """

    step: str
    records_before: int
    records_after: int
    removed: int
    added: int
    changed: int
    tokens_before: int | None
    tokens_after: int | None
    token: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The training set on its way through the steps.

    Attributes:
        examples: Records that may be seen; at first the members.
        repeats: How often each is in the training set; 0: it was left out.
        canaries: What was planted, members or not.
        characters: Whether a token is a character, as for a model of bytes, or else a word.
        done: What was done so far.
    """

    examples: Examples
    repeats: NDArray[np.int64]
    canaries: Sequence[Canary] = ()
    characters: bool = False
    done: tuple[Done, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Text of each record, or its caption; empty where there are none."""
        return self.examples.texts or ()

    @property
    def kept(self) -> NDArray[np.int64]:
        """Rows that are in the training set, ascending."""
        return np.flatnonzero(self.repeats)

    @property
    def natural(self) -> NDArray[np.bool_]:
        """Which records were not planted."""
        planted = {canary.record for canary in self.canaries}
        return np.array([name not in planted for name in self.examples.ids], dtype=bool)

    @property
    def tossed(self) -> NDArray[np.bool_]:
        """Which records are canaries that a coin put here: to take one out would take its coin from an audit."""
        coins = {canary.record for canary in self.canaries if not canary.repeats}
        return np.array([name in coins for name in self.examples.ids], dtype=bool)

    @property
    def token(self) -> str:
        """What counts as a token."""
        if self.examples.images is not None:
            return ""
        return "character" if self.characters else "word"

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of ``text`` begins and ends."""
        if self.characters:
            return [(place, place + 1) for place in range(len(text))]
        return [match.span() for match in WORD.finditer(text)]

    def tokens(self) -> int | None:
        """Tokens in all places; None for images."""
        if self.examples.images is not None:
            return None
        return sum(
            int(times) * (len(text) if self.characters else len(text.split()))
            for text, times in zip(self.texts, self.repeats, strict=True)
        )

    def rows(self) -> NDArray[np.int64]:
        """Rows of the training set, ascending, each as often as it is trained on."""
        return np.repeat(np.arange(len(self.repeats), dtype=np.int64), self.repeats)

    def changed(self, *, texts: Sequence[str] | None = None, repeats: NDArray[np.int64] | None = None) -> Stream:
        """The same records with other texts, or in the training set otherwise often."""
        examples = self.examples if texts is None else replace(self.examples, texts=tuple(texts))
        return replace(self, examples=examples, repeats=self.repeats if repeats is None else repeats)


def compared(step: str, before: Stream, after: Stream, counts: Mapping[str, int]) -> Done:
    """Tell what ``step`` did from what there was before and after it."""
    old = {name: place for place, name in enumerate(before.examples.ids)}
    removed = added = changed = 0
    for place, (name, its) in enumerate(zip(after.examples.ids, after.repeats.tolist(), strict=True)):
        was = old.get(name)
        times = 0 if was is None else int(before.repeats[was])
        removed, added = removed + max(times - its, 0), added + max(its - times, 0)
        if was is not None and after.texts and after.texts[place] != before.texts[was]:
            changed += its
    return Done(
        step=step,
        records_before=int(before.repeats.sum()),
        records_after=int(after.repeats.sum()),
        removed=removed,
        added=added,
        changed=changed,
        tokens_before=before.tokens(),
        tokens_after=after.tokens(),
        token=after.token,
        counts=dict(counts),
    )
