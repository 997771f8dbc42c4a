"""What follows is to be as likely after the name of one group as after that of another.

The Jensen-Shannon divergence between the two distributions over the next token, averaged over the places of the words
that two sentences share behind the group's name, is added to the loss. It is 0 where the model makes no difference and
at most ln 2 = 0.693 nats.

Source: Guo, Yang and Abbasi 2022, doi 10.18653/v1/2022.acl-long.72 (the divergence between what is predicted for
either group); Huang et al. 2020, arXiv:1911.03064 (sentences with the group swapped, in the loss of a language model).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log

import torch
from torch import Tensor

from harness.errors import DataError
from harness.models.language import Language
from harness.models.tokenizers import encode
from harness.training.material import Material
from harness.training.objectives.passages import Tokens, expectations
from harness.training.objectives.tables import Fairness
from harness.training.objectives.texts import Pair, swapped_pairs
from harness.training.objectives.towards import Towards

__all__ = ["SwappedPairs", "applied", "divergence"]


class SwappedPairs:
    """Pairs of sentences in tokens, and how much a model tells the two of a pair apart.

    Args:
        model: Whose loss it is part of.
        table: The recipe's.

    Attributes:
        weight: Of the divergence in the loss.
        left_out: Pairs with a sentence too long for the model, or without a common end.

    Raises:
        DataError: the pairs cannot be read, or none of them fits.
    """

    def __init__(self, model: Language, table: Fairness) -> None:
        self._model, self.weight = model, table.weight
        pairs = swapped_pairs(table.pairs).pairs
        self._pairs = [both for pair in pairs if (both := _tokens(model, pair))]
        self.left_out = len(pairs) - len(self._pairs)
        if not self._pairs:
            raise DataError(
                f"Not one of {len(pairs)} pairs of sentences fits a context of {model.settings['context']} tokens with"
                " a common end. Give the model a longer context, or name shorter pairs."
            )
        self._shared = [_shared(first, second) for first, second in self._pairs]
        if table.identical:
            self._pairs = [(first, first) for first, _ in self._pairs]

    def __len__(self) -> int:
        return len(self._pairs)

    def loss(self, count: int) -> Tensor:
        """``weight`` times the mean divergence over ``count`` pairs, drawn with torch's global generator."""
        return self.weight * self.measure(torch.randint(len(self), (count,)).tolist()).mean()

    def measure(self, places: Sequence[int]) -> Tensor:
        """The divergence of each of these pairs, the mean over its places: nats, ``[len(places)]``."""
        chosen = [self._pairs[place] for place in places]
        shared = [self._shared[place] for place in places]
        logits, lengths = expectations(self._model, [first for first, _ in chosen] + [second for _, second in chosen])
        n, most = len(places), max(shared)
        # For each pair, the places whose next token is one of those that the two sentences share at their ends.
        back = torch.arange(most, device=logits.device)
        own = back < torch.tensor(shared, device=logits.device)[:, None]
        first, second = (
            torch.take_along_dim(logits[at : at + n], _from_the_end(lengths[at : at + n], back)[..., None], dim=1)
            for at in (0, n)
        )
        return (divergence(first, second) * own).sum(1) / own.sum(1)


def applied(model: Language, table: Fairness, material: Material, *, note: Callable[[str], None]) -> Towards:
    """The players of ``model``, with the divergence beside the loss of the records; see `Towards`."""
    pairs = SwappedPairs(model, table)
    if pairs.left_out:
        note(f"{pairs.left_out} of {len(pairs) + pairs.left_out} pairs do not fit this model and are left out.")
    players = tuple(replace(player, free_loss=pairs.loss) for player in model.players())
    return Towards(players, *material.training())


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """Jensen-Shannon divergence between distributions given as scores, over the last axis: nats, in [0, ln 2].

    Source: Lin 1991, doi 10.1109/18.61115.
    """
    one, other = first.log_softmax(-1), second.log_softmax(-1)
    middle = torch.logaddexp(one, other) - log(2)
    return ((one.exp() * (one - middle)).sum(-1) + (other.exp() * (other - middle)).sum(-1)) / 2


def _tokens(model: Language, pair: Pair) -> tuple[Tokens, Tokens] | None:
    """Both sentences in tokens; None where one is too long, or they have no end in common."""
    try:
        first, second = (passage.tokens for passage in encode(model.tokenizer, [pair.first, pair.second]))
    except UnicodeError as error:
        raise DataError(f"The pair {pair.id!r} holds half of a surrogate pair, which has no UTF-8 form.") from error
    context = int(model.settings["context"])
    fits = max(len(first), len(second)) <= context and _shared(first, second) > 1
    return (first, second) if fits else None


def _shared(first: Tokens, second: Tokens) -> int:
    """How many tokens both have in common at their ends, the end token among them."""
    pairs = zip(reversed(first), reversed(second), strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)) - 1)


def _from_the_end(lengths: Tensor, back: Tensor) -> Tensor:
    return (lengths[:, None] - 1 - back).clamp(min=0)
