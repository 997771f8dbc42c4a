"""Marks that are put in while a model writes: logits processors for ``generate(logits_processor=[...])``.

Each is called with the ids so far ``[rows, tokens]`` and the next token's logits ``[rows, vocabulary]``, and returns
logits. They come after everything else that changes logits and before the token is drawn. All give the same marks on
every device, so that what a GPU wrote is found on a CPU. Only `GumbelMark` chooses the token itself; with the others,
whoever draws it is the one to seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import SynthIDTextWatermarkingConfig, WatermarkingConfig

from harness.watermark import gumbel, kgw, prf, prf_torch, unigram
from harness.watermark.keys import check_numbers
from harness.watermark.kgw_transformers import MOST, Permuted
from harness.watermark.synthid import Tournament, check_keys

__all__ = [
    "GumbelMark",
    "KgwMark",
    "Processor",
    "UnigramMark",
    "permuted_config",
    "synthid_config",
    "synthid_processor",
]

Processor = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class KgwMark:
    """Adds delta to the logits of green tokens; see `harness.watermark.kgw`.

    Attributes:
        key: Whoever knows it can find the mark.
        lists: Settings of the mark.
    """

    key: str = field(repr=False)
    lists: kgw.GreenLists = field(default_factory=kgw.GreenLists)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return marked logits; as they are where there is no full context yet."""
        width = self.lists.context_width
        if input_ids.shape[1] < width:
            return scores
        context = input_ids[:, -width:]
        every = torch.arange(scores.shape[1], device=scores.device)
        state = int(kgw.state([self.key], self.lists)[0])
        if self.lists.seeding == kgw.LEFT:
            numbers = prf_torch.hashed(prf_torch.windows([state] * len(context), context)[:, None], every)
        else:
            # One context token at a time: together they would take as many times the memory.
            numbers = torch.full_like(scores, 2**63 - 1, dtype=torch.int64)
            for column in context.T:
                single = prf_torch.windows([state] * len(context), column[:, None])
                numbers = torch.minimum(numbers, prf_torch.hashed(single[:, None], every))
            numbers = prf_torch.mixed(numbers)
        return torch.where(prf_torch.below(numbers, self.lists.gamma), scores + self.lists.delta, scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnigramMark:
    """Adds delta to the logits of one green list; see `harness.watermark.unigram`.

    Attributes:
        key: Whoever knows it can find the mark.
        of: The list.
    """

    key: str = field(repr=False)
    of: unigram.GreenList

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return marked logits.

        Raises:
            ValueError: the logits are not as many as the list's vocabulary.
        """
        del input_ids
        if scores.shape[1] != self.of.vocabulary:
            raise ValueError(f"the list is of {self.of.vocabulary} tokens and the model's logits of {scores.shape[1]}")
        green = torch.tensor(unigram.green(self.key, self.of), device=scores.device)
        return torch.where(green, scores + self.of.delta, scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class GumbelMark:
    """Chooses each token by the key's fractions; see `harness.watermark.gumbel`.

    One token of each row keeps a logit, so that any way to draw gives that one. Where a context stands in what was
    written before, or there is no full one yet, the token is drawn by the row's own seed: as chance would, and again
    the same when the seed is.

    Attributes:
        key: Whoever knows it can find the mark.
        prompt: Tokens of each row that were given, padding included: contexts begin to be used up after them.
        seeds: One for each row.
        choices: Settings of the mark.
    """

    key: str = field(repr=False)
    prompt: int
    seeds: Sequence[int]
    choices: gumbel.Choices = field(default_factory=gumbel.Choices)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return logits of 0 for the chosen token and minus infinity for all others.

        Raises:
            ValueError: there are other rows than seeds.
        """
        if len(self.seeds) != len(input_ids):
            raise ValueError(f"{len(input_ids)} rows need as many seeds, not {len(self.seeds)}")
        every = torch.arange(scores.shape[1], device=scores.device)
        fractions = prf_torch.fractions(prf_torch.hashed(self._states(input_ids)[:, None], every))
        # The largest r^(1/p), seen through two logarithms, so that no probability has to be computed.
        chances = scores.double() / self.choices.temperature - torch.log(-torch.log(fractions))
        chosen = torch.full_like(scores, -torch.inf)
        return chosen.scatter_(1, chances.argmax(dim=1, keepdim=True), 0.0)

    def _states(self, ids: torch.Tensor) -> torch.Tensor:
        """The state of each row's next token, ``[rows]``: of its context, or of its place where that is used up."""
        own = [int(state) for seed in self.seeds for state in prf.states([str(seed)], "gumbel/without the key")]
        drawn = prf_torch.windows(own, torch.full_like(ids[:, :1], ids.shape[1] - self.prompt))
        width = self.choices.context_width
        if ids.shape[1] < width:
            return drawn
        key = int(gumbel.state([self.key], self.choices)[0])
        marked = prf_torch.windows([key] * len(ids), ids[:, -width:])
        return torch.where(self._used(ids, width), drawn, marked)

    def _used(self, ids: torch.Tensor, width: int) -> torch.Tensor:
        """Whether the context has been used since the prompt, ``[rows]``."""
        earliest = max(self.prompt - width, 0)
        before = ids[:, earliest:-1].unfold(1, width, 1) if ids.shape[1] - 1 - earliest >= width else None
        if before is None:
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        return (before == ids[:, None, -width:]).all(dim=2).any(dim=1)


def permuted_config(key: int, of: Permuted) -> WatermarkingConfig:
    """Green lists of transformers' own, for ``generate(watermarking_config=...)`` on a CPU.

    Raises:
        ValueError: the key is out of range.
    """
    check_numbers([key], least=1, most=MOST)
    return WatermarkingConfig(
        greenlist_ratio=of.gamma,
        bias=of.delta,
        hashing_key=key,
        seeding_scheme=of.seeding,
        context_width=of.context_width,
    )


def synthid_config(keys: Sequence[int], of: Tournament) -> SynthIDTextWatermarkingConfig:
    """SynthID-Text of transformers, for ``generate(watermarking_config=...)`` on a CPU.

    Raises:
        ValueError: the keys make no tournament.
    """
    check_keys(keys, of)
    return SynthIDTextWatermarkingConfig(
        ngram_len=of.ngram_len,
        keys=list(keys),
        context_history_size=of.context_history_size,
        sampling_table_seed=of.sampling_table_seed,
        sampling_table_size=of.sampling_table_size,
    )


def synthid_processor(keys: Sequence[int], of: Tournament, *, vocabulary: int, device: str | torch.device) -> Any:
    """SynthID-Text of transformers on any device, with the table of a CPU: else no CPU could find the mark.

    It remembers what it has seen: one processor for one call of ``generate``.

    Raises:
        ValueError: the keys make no tournament.
    """
    processor = synthid_config(keys, of).construct_processor(vocab_size=vocabulary, device="cpu")
    processor.keys = processor.keys.to(device)
    processor.sampling_table = processor.sampling_table.to(device)
    processor.device = device
    return processor
