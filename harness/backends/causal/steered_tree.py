"""Steered scoring by trees: texts are read packed, once for themselves and once behind each preamble.

What is kept of a reading is the last hidden state of each place where a token is scored. Distributions are made of them
place by place, steered, and let go; a place that several continuations of an ask share is steered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from harness.backends.causal.forest import TreeScorer
from harness.backends.causal.loading import Loaded
from harness.backends.causal.moments import distribution
from harness.backends.causal.scores import Scorer, Scores, Spelled, joined
from harness.backends.causal.steered import SteeredScorer, Steers, open_steers
from harness.backends.causal.tokens import Tokens
from harness.backends.causal.tree import Branch
from harness.mitigations.steering import Steering

if TYPE_CHECKING:
    import torch

__all__ = ["SteeredTree", "steered_scorer"]

PLACES_AT_ONCE = 64
"""Places whose distributions are changed at a time: with a vocabulary of 49152, 12 MiB for each reading."""


def steered_scorer(loaded: Loaded, steerings: Sequence[Steering], path: str) -> Scorer | None:
    """What scores under those that change scores, on the path ``tree`` or ``plain``; None where none does."""
    active = [one for one in steerings if one.scores]
    if not active:
        return None
    steers = open_steers(loaded, active)
    return SteeredTree(loaded, steers, TreeScorer(loaded)) if path == "tree" else SteeredScorer(loaded, steers)


@dataclass(frozen=True, slots=True)
class SteeredTree:
    """Scores packed rows in their changed distributions.

    Attributes:
        loaded: The model.
        steers: What changes them.
        tree: Reads the rows.
    """

    loaded: Loaded
    steers: Steers
    tree: TreeScorer

    def score(self, asks: Sequence[Sequence[Branch]], *, moments: bool = False) -> Scores:
        """Score every branch of every ask, in order."""
        import torch

        with torch.inference_mode():
            tokens = self.loaded.tokens
            texts = [
                asks,
                *([[_behind(tokens, text, its) for its in ask] for ask in asks] for text in self.steers.bare),
            ]
            readings = [self.tree.states(its) for its in texts]
            return [
                self._told(ask, [reading[number] for reading in readings], moments=moments)
                for number, ask in enumerate(asks)
            ]

    def _told(
        self, branches: Sequence[Branch], readings: Sequence[Sequence[torch.Tensor]], *, moments: bool
    ) -> list[Spelled]:
        """What is told of the branches of one ask.

        Args:
            branches: Of the ask.
            readings: Of each reading, the states of each branch, [scored tokens, size].
            moments: Whether those of each place are wanted.
        """
        import torch

        known: dict[tuple[int, ...], int] = {}
        flat = [(branch, at) for branch in branches for at in range(branch.start, len(branch.tokens))]
        places = [known.setdefault(branch.tokens[:at], len(known)) for branch, at in flat]
        firsts = np.unique(places, return_index=True)[1].tolist()
        states = [torch.cat(list(reading))[firsts] for reading in readings]
        targets = torch.tensor([branch.tokens[at] for branch, at in flat], device=states[0].device)
        parts: dict[int, Spelled] = {}
        for begin in range(0, len(known), PLACES_AT_ONCE):
            here = [number for number, place in enumerate(places) if begin <= place < begin + PLACES_AT_ONCE]
            logprobs = self._steered([its[begin : begin + PLACES_AT_ONCE] for its in states])
            own = [places[number] - begin for number in here]
            parts |= zip(here, _spelled(logprobs, own, targets[here], moments=moments), strict=True)
        ends = accumulate((len(branch.tokens) - branch.start for branch in branches), initial=0)
        return [joined([parts[number] for number in range(*both)]) for both in pairwise(ends)]

    def _steered(self, states: Sequence[torch.Tensor]) -> torch.Tensor:
        """Changed log-probabilities at some places, [places, vocabulary], of the states of each reading."""
        import torch

        head = self.loaded.model.get_output_embeddings()
        logits, *further = (head(its) for its in states)
        behind = torch.stack(further) if further else logits.new_empty((0, *logits.shape))
        return self.steers.begun(())(logits, behind, ())


def _behind(tokens: Tokens, text: str, branch: Branch) -> Branch:
    """The branch behind a preamble."""
    longer = tokens.preceded(text, branch.tokens)
    return Branch(longer, branch.start + len(longer) - len(branch.tokens))


def _spelled(logprobs: torch.Tensor, places: Sequence[int], targets: torch.Tensor, *, moments: bool) -> list[Spelled]:
    """What is told of each of ``targets`` at its place among ``logprobs``, [places, vocabulary]."""
    values = logprobs[places, targets].clamp(max=0.0).double().tolist()
    greedy = (logprobs.argmax(dim=-1)[places] == targets).tolist()
    spread = [its[places].double().tolist() for its in distribution(logprobs, dim=-1)] if moments else []
    return [
        Spelled((value,), best, *((each[number],) for each in spread))
        for number, (value, best) in enumerate(zip(values, greedy, strict=True))
    ]
