"""Direct preference optimisation: of two replies, the preferred one is to become likelier, measured from the start.

The loss of a pair is ``-log sigmoid(beta * (change of the preferred - change of the rejected))``, where a change is by
how much the log-probability of a reply has grown since the first step. That of the model as it was is computed once,
for every pair: no second model is held. The records are not looked at; a batch has as many pairs as it would have
records.

Source: Rafailov et al. 2023, arXiv:2305.18290 (equation 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from harness.errors import DataError
from harness.models.generator import Rows
from harness.models.language import Language
from harness.models.tokenizers import ends
from harness.seeds import rng
from harness.training.material import Material
from harness.training.objectives.passages import Tokens, log_likelihoods
from harness.training.objectives.tables import Preference
from harness.training.objectives.texts import Choice, preferences
from harness.training.objectives.towards import Towards

__all__ = ["Choices", "applied", "preference_loss"]

AT_ONCE = 8
"""Pairs whose likelihood under the first model is computed together."""


def applied(model: Language, table: Preference, material: Material, *, note: Callable[[str], None]) -> Towards:
    """The players of ``model``, whose loss is that of pairs of replies; see `Towards`."""
    choices = Choices(model, table)
    if choices.left_out:
        note(f"{choices.left_out} of {len(choices) + choices.left_out} pairs do not fit this model and are left out.")
    players = tuple(replace(player, record_losses=choices.losses) for player in model.players())
    return Towards(players, *material.training())


def preference_loss(now: Tensor, first: Tensor, *, beta: float) -> Tensor:
    """Loss of each pair, ``[n]``.

    Args:
        now: Log-probabilities of the preferred and the rejected replies, ``[n, 2]``.
        first: The same, of the model as it was.
        beta: How much a change counts, above 0.
    """
    change = now - first
    return -functional.logsigmoid(beta * (change[:, 0] - change[:, 1]))


@dataclass(frozen=True, slots=True)
class _Sides:
    """A pair in tokens, and where in them its replies begin."""

    preferred: Tokens
    rejected: Tokens
    start: int


class Choices:
    """Pairs of replies in tokens, and how likely they were to the model as it was.

    Args:
        model: Before its first step.
        table: The recipe's.

    Attributes:
        left_out: Pairs that are too long for the model.

    Raises:
        DataError: the pairs cannot be read, or none of them fits.
    """

    def __init__(self, model: Language, table: Preference) -> None:
        self._model, self._beta = model, table.beta
        choices = preferences(table.pairs).choices
        context = int(model.settings["context"])
        sides = [_tokens(model, one, turned=table.tossed and _toss(one)) for one in choices]
        self._sides = [one for one in sides if max(len(one.preferred), len(one.rejected)) <= context]
        self.left_out = len(choices) - len(self._sides)
        if not self._sides:
            raise DataError(
                f"Not one of {len(choices)} pairs of replies fits a context of {context} tokens with its prompt."
                " Give the model a longer context, or name shorter pairs."
            )
        self._first = self._measure_all()

    def __len__(self) -> int:
        return len(self._sides)

    def losses(self, rows: Rows) -> Tensor:
        """Loss of as many pairs as there are ``rows``, ``[n]``, drawn with torch's global generator."""
        places = torch.randint(len(self), (len(rows["length"]),))
        return preference_loss(self.measure(places.tolist()), self._first[places], beta=self._beta)

    def measure(self, places: Sequence[int]) -> Tensor:
        """Log-probabilities of the preferred and the rejected reply of each of these pairs: nats, ``[n, 2]``."""
        chosen = [self._sides[place] for place in places]
        passages = [one.preferred for one in chosen] + [one.rejected for one in chosen]
        found = log_likelihoods(self._model, passages, [one.start for one in chosen] * 2)
        return found.view(2, len(chosen)).T

    def _measure_all(self) -> Tensor:
        with torch.no_grad():
            parts = [range(at, min(at + AT_ONCE, len(self))) for at in range(0, len(self), AT_ONCE)]
            return torch.cat([self.measure(part) for part in parts])


def _toss(choice: Choice) -> bool:
    """A fair coin for each pair, the same in every training."""
    return rng(0, f"preference/{choice.prompt}/{choice.chosen}").random() < 0.5


def _tokens(model: Language, choice: Choice, *, turned: bool) -> _Sides:
    """Both replies behind their prompt, which a model of chats is given in its own form."""
    tokenizer = model.tokenizer
    start, end = ends(tokenizer)
    replies = (choice.rejected, choice.chosen) if turned else (choice.chosen, choice.rejected)
    try:
        if tokenizer.chat_template:
            asked = [{"role": "user", "content": choice.prompt}]
            shown = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
            prompt = (*_ids(tokenizer, shown, special=True),)
        else:
            prompt = (start, *_ids(tokenizer, choice.prompt))
            replies = (f" {replies[0]}", f" {replies[1]}")
        preferred, rejected = ((*prompt, *_ids(tokenizer, reply), end) for reply in replies)
    except UnicodeError as error:
        raise DataError(f"The pair {choice.id!r} holds half of a surrogate pair, which has no UTF-8 form.") from error
    return _Sides(preferred, rejected, len(prompt))


def _ids(tokenizer: Callable[..., dict[str, list[int]]], text: str, *, special: bool = False) -> list[int]:
    """The tokens of a text; only in what a chat template made do special tokens have their meaning."""
    text.encode()  # half of a surrogate pair: the library would raise a bare TypeError
    return tokenizer(text, add_special_tokens=False, split_special_tokens=not special, verbose=False)["input_ids"]
