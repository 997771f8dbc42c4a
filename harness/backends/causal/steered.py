"""A model whose next token is steered: what it says behind further texts is told to whoever changes it.

When a text is written, the same ask behind each preamble is a further row of the batch, and all rows of an ask go on
with the token that is chosen for the first. When a text is scored, its tokens are read behind each preamble too. They
are the same tokens: a preamble is put before them, behind the start-of-text token where they begin with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.backends.causal.loading import Loaded
from harness.backends.causal.moments import distribution
from harness.backends.causal.scores import Scores, Spelled, joined
from harness.backends.causal.tokens import Tokens
from harness.backends.causal.tree import Branch
from harness.mitigations.steering import Begun, Steer, Steering
from harness.records import GenerateAsk, Reply, Value

if TYPE_CHECKING:
    import torch

__all__ = ["BegunSteers", "SteeredScorer", "Steers", "open_steers", "reserving", "told"]

PLACES_AT_ONCE = 256
"""Scored places whose distributions are changed at a time: with a vocabulary of 49152, 48 MiB for each preamble."""


def told(steerings: Sequence[Steering]) -> list[Value]:
    """What an identity says of them."""
    return [{"name": one.card.id, "version": one.card.version, "details": dict(one.details())} for one in steerings]


def reserving(loaded: Loaded, steerings: Sequence[Steering]) -> Loaded:
    """The model with room left for the longest preamble in all that it reads."""
    tokens = loaded.tokens
    taken = max((len(tokens.preceded(text, ())) for text in _preambles(steerings, chat=False)), default=0)
    if not taken or tokens.limit is None:
        return loaded
    return replace(loaded, tokens=Tokens(tokens.tokenizer, limit=tokens.limit - taken, vocabulary=tokens.vocabulary))


def open_steers(loaded: Loaded, steerings: Sequence[Steering]) -> Steers:
    """Make ``steerings`` ready for the model."""
    parts = [(len(one.preambles(chat=False)), one.opened(loaded.tokens)) for one in steerings]
    return Steers(
        parts=tuple(parts),
        bare=tuple(_preambles(steerings, chat=False)),
        chat=tuple(_preambles(steerings, chat=True)),
    )


def _preambles(steerings: Sequence[Steering], *, chat: bool) -> list[str]:
    return [text for one in steerings for text in one.preambles(chat=chat)]


@dataclass(frozen=True, slots=True)
class Steers:
    """Steerings that are ready, one behind the other.

    Attributes:
        parts: Of each: how many preambles are its own, and what it does, or what makes that for a batch.
        bare: All preambles of bare text, in order.
        chat: All preambles of a chat, as many.
    """

    parts: tuple[tuple[int, Steer | Begun], ...]
    bare: tuple[str, ...]
    chat: tuple[str, ...]

    def begun(self, prompts: Sequence[str]) -> BegunSteers:
        """Make them ready for one batch; ``prompts`` of its rows, none where texts are scored."""
        parts = ((count, its.begun(prompts) if isinstance(its, Begun) else its) for count, its in self.parts)
        return BegunSteers(tuple(parts))

    def prompts(self, tokens: Tokens, ask: GenerateAsk) -> list[list[int]] | Reply:
        """Token ids of the prompt, then of the same behind each preamble; or why one of them cannot be had."""
        prompt = tokens.prompt(ask)
        if isinstance(prompt, Reply):
            return prompt
        if not tokens.chats(ask):
            return [prompt, *(list(tokens.preceded(text, prompt)) for text in self.bare)]
        prompts = [prompt]
        for text in self.chat:
            found = tokens.prompt(replace(ask, prompt=f"{text}{ask.prompt}"))
            if isinstance(found, Reply):
                return found
            prompts.append(found)
        return prompts


@dataclass(frozen=True, slots=True)
class BegunSteers:
    """Steerings of one batch, one behind the other.

    Attributes:
        parts: Of each: how many preambles are its own, and what it does.
    """

    parts: tuple[tuple[int, Steer], ...]

    def __call__(self, logits: torch.Tensor, further: torch.Tensor, written: Sequence[Sequence[int]]) -> torch.Tensor:
        """Return changed log-probabilities, [rows, vocabulary].

        Args:
            logits: Of the next token, [rows, vocabulary].
            further: Behind each preamble, [preambles, rows, vocabulary].
            written: Token ids that each row has written; empty where texts are scored.
        """
        logprobs, behind, first = logits.float().log_softmax(dim=-1), further.float().log_softmax(dim=-1), 0
        for count, steer in self.parts:
            logprobs = steer(logprobs, behind[first : first + count], written)
            first += count
        return logprobs


@dataclass(frozen=True, slots=True)
class SteeredScorer:
    """Scores every continuation by itself, in its changed distributions, as any architecture can.

    Attributes:
        loaded: The model.
        steers: What changes them.
    """

    loaded: Loaded
    steers: Steers

    def score(self, asks: Sequence[Sequence[Branch]], *, moments: bool = False) -> Scores:
        """Score every branch of every ask, in order."""
        import torch

        with torch.inference_mode():
            return [[self._read(branch, moments=moments) for branch in branches] for branches in asks]

    def _read(self, branch: Branch, *, moments: bool) -> Spelled:
        import torch

        preceded = [self.loaded.tokens.preceded(text, branch.tokens) for text in self.steers.bare]
        count = len(branch.tokens) - branch.start
        rows = [self._logits(tokens, count) for tokens in (branch.tokens, *preceded)]
        targets = torch.tensor(branch.tokens[branch.start :], device=self.loaded.device)
        return joined(
            [
                _spelled(self._steered([row[begin : begin + PLACES_AT_ONCE] for row in rows]), its, moments=moments)
                for begin, its in zip(range(0, count, PLACES_AT_ONCE), targets.split(PLACES_AT_ONCE), strict=True)
            ]
        )

    def _logits(self, tokens: Sequence[int], count: int) -> torch.Tensor:
        """Logits of the places that predict the last ``count`` tokens, [count, vocabulary]."""
        import torch

        ids = torch.tensor([tokens[:-1]], device=self.loaded.device)
        logits: torch.Tensor = self.loaded.model(input_ids=ids, use_cache=False).logits[0, -count:]
        return logits

    def _steered(self, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        logits, *further = rows
        behind = torch.stack(further) if further else logits.new_empty((0, *logits.shape))
        return self.steers.begun(())(logits, behind, ())


def _spelled(logprobs: torch.Tensor, targets: torch.Tensor, *, moments: bool) -> Spelled:
    """What is told of ``targets`` [places] whose distributions are ``logprobs`` [places, vocabulary]."""
    values = logprobs.gather(1, targets[:, None])[:, 0].clamp(max=0.0)
    greedy = bool((logprobs.argmax(dim=-1) == targets).all())
    spread = distribution(logprobs, dim=-1) if moments else ()
    return Spelled(_listed(values), greedy, *map(_listed, spread))


def _listed(values: torch.Tensor) -> tuple[float, ...]:
    return tuple(values.double().cpu().tolist())
