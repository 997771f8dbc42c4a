"""Continuations → log-probabilities, each read by itself, as any architecture can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.backends.causal.loading import Loaded
from harness.backends.causal.moments import distribution
from harness.backends.causal.scores import Scores, Spelled
from harness.backends.causal.tree import Branch

if TYPE_CHECKING:
    import torch

__all__ = ["PlainScorer"]


@dataclass(frozen=True, slots=True)
class PlainScorer:
    """Scores every continuation in a sequence of its own, padded on the right.

    Attributes:
        loaded: The model.
        logits_bytes: Most memory for the logits of one pass, in float32.
    """

    loaded: Loaded
    logits_bytes: int = 2**28

    def score(self, asks: Sequence[Sequence[Branch]], *, moments: bool = False) -> Scores:
        """Score every branch of every ask, in order."""
        import torch

        flat = [(ask, number) for ask, branches in enumerate(asks) for number in range(len(branches))]
        flat.sort(key=lambda place: (-len(asks[place[0]][place[1]].tokens), place))
        most = max(1, self.logits_bytes // (4 * self.loaded.tokens.vocabulary))
        scores: dict[tuple[int, int], Spelled] = {}
        with torch.inference_mode():
            while flat:
                length = len(asks[flat[0][0]][flat[0][1]].tokens) - 1
                taken, flat = flat[: max(1, most // length)], flat[max(1, most // length) :]
                spelled = self._forward([asks[ask][number] for ask, number in taken], moments=moments)
                scores |= zip(taken, spelled, strict=True)
        return [[scores[ask, number] for number in range(len(branches))] for ask, branches in enumerate(asks)]

    def _forward(self, branches: Sequence[Branch], *, moments: bool) -> list[Spelled]:
        import torch

        width = max(len(branch.tokens) for branch in branches) - 1
        ids, mask = np.zeros((2, len(branches), width), dtype=np.int64)
        for number, branch in enumerate(branches):
            ids[number, : len(branch.tokens) - 1] = branch.tokens[:-1]
            mask[number, : len(branch.tokens) - 1] = 1
        device = self.loaded.device
        logits = self.loaded.model(
            input_ids=torch.from_numpy(ids).to(device),
            attention_mask=torch.from_numpy(mask).to(device),
            use_cache=False,
        ).logits  # [branches, width, vocabulary]
        spelled = []
        for number, branch in enumerate(branches):
            some = logits[number, branch.start - 1 : len(branch.tokens) - 1].float()
            target = torch.tensor(branch.tokens[branch.start :], device=device)
            logprobs = some.log_softmax(dim=-1)
            values = logprobs.gather(1, target[:, None])[:, 0].clamp(max=0.0)
            greedy = bool((some.argmax(dim=-1) == target).all())
            spread = distribution(logprobs, dim=-1) if moments else ()
            spelled.append(Spelled(_listed(values), greedy, *map(_listed, spread)))
        return spelled


def _listed(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(values.double().cpu().tolist())
