"""A transformer language model, Llama or GPT-2 style, saved so that every tool of transformers opens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from harness.canonical import dumps, loads
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.generator import Player, Rows, Settings
from harness.models.kinds import read_settings
from harness.models.lora import LoraSettings, adapt, merged_weights
from harness.models.pretrained import open_causal, save_causal
from harness.models.tokenizers import Passage, byte_tokenizer, encode, ends, learned_tokenizer

__all__ = ["Language", "LanguageSettings", "TokenLogprobs", "settings_of"]

SETTINGS = "settings.json"
LOGITS_AT_ONCE = 2**26
"""Numbers that evaluation holds at a time for the scores of all possible next tokens: 256 MiB."""


class LanguageSettings(Settings):
    """A language model trained from nothing."""

    style: Literal["llama", "gpt2"] = Field("llama", description="Architecture: llama or gpt2.")
    context: int = Field(256, ge=8, le=2**16, description="Most tokens of a passage, start and end included.")
    layers: int = Field(4, ge=1, le=200, description="Transformer blocks.")
    width: int = Field(128, ge=8, le=2**14, description="Numbers in a token's representation.")
    heads: int = Field(4, ge=1, description="Attention heads of a block; they divide the width.")
    tied: bool = Field(False, description="Share weights between reading and predicting tokens.")
    tokenizer: Literal["bytes", "bpe"] = Field("bytes", description="bytes: fixed in advance; bpe: learned from data.")
    vocabulary: int | None = Field(None, ge=260, le=2**18, description="Tokens of a learned tokenizer.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width = {self.width} is no multiple of heads = {self.heads}")
        if self.style == "llama" and self.width // self.heads % 2:
            raise ValueError(f"width / heads = {self.width // self.heads}; llama rotates pairs and needs it to be even")
        if (self.tokenizer == "bpe") != (self.vocabulary is not None):
            raise ValueError("vocabulary is the size of a bpe tokenizer: give both or neither")
        return self

    @property
    def passage_bytes(self) -> int:
        """Bytes of the longest text that fits for certain: each token stands for a byte or more."""
        return self.context - 2


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """Log-probabilities of a text's tokens, each given all before it, the end token last.

    Attributes:
        starts: Offset in the text of each token's first character; the length of the text for the end token.
        logprobs: Natural logarithms, as many.
    """

    starts: tuple[int, ...]
    logprobs: tuple[float, ...]


def settings_of(settings: Mapping[str, Any]) -> LanguageSettings | LoraSettings:
    """Check settings: those of a fine-tuning where they name a base, else those of a model trained from nothing.

    Raises:
        UsageError: a setting is unknown or out of range.
    """
    if "base" in settings:
        return read_settings(LoraSettings, settings, kind="language")
    stray = sorted({"lora", "alpha", "targets"} & set(settings))
    if stray:
        raise UsageError(f"language: {', '.join(stray)} fine-tune a given model: set base to its name or folder.")
    return read_settings(LanguageSettings, settings, kind="language")


class Language:
    """A causal language model.

    A record is one passage: start token, the tokens of its text, end token, padded to the context. Its loss is the
    mean over its own tokens, so it does not depend on which other records are in the batch.

    Attributes:
        network: A causal language model of transformers; with adapters while a given model is fine-tuned.
        tokenizer: That belongs to it.
        touched: What besides the weights was fitted to the records it was built for.
    """

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: LanguageSettings | LoraSettings,
        *,
        touched: Sequence[str] = (),
    ) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.touched = tuple(touched)
        self._settings = settings

    @classmethod
    def build(cls, settings: Mapping[str, Any], examples: Examples) -> Self:
        """A fresh model, or adapters on a given one; see `Generator.build`."""
        checked = settings_of(settings)
        if examples.texts is None or examples.images is not None:
            # Captions are few and repeat: the same text would be on both sides of the split.
            raise UsageError(f"{examples.name} holds images, and a language model learns from text. Name a text file.")
        if isinstance(checked, LoraSettings):
            return cls(*adapt(checked), checked)
        if checked.vocabulary is None:
            return cls(*_fresh(checked, byte_tokenizer(checked.context)), checked)
        tokenizer = learned_tokenizer(examples.texts, vocabulary=checked.vocabulary, context=checked.context)
        touched = f"tokenizer: merges learned from {len(examples)} records"
        return cls(*_fresh(checked, tokenizer), checked, touched=[touched])

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote; see `Generator.open`. A fine-tuned model opens as a plain one, adapters merged."""
        try:
            noted: Any = loads((folder / SETTINGS).read_bytes())
            settings, touched = settings_of(noted["settings"]), [str(item) for item in noted["touched"]]
        except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
            raise ModelError(
                f"{folder / SETTINGS}: cannot be read as the settings of a language model: {error}."
                " Name the folder that a training wrote, or open any other with the backend huggingface."
            ) from error
        return cls(*open_causal(folder), settings, touched=touched)

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """The one network, ``model``."""
        return {"model": self.network}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings it was built with, defaults included."""
        return self._settings.model_dump(mode="json")

    @property
    def passage_bytes(self) -> int:
        """Bytes of the longest text that fits for certain."""
        return self._settings.passage_bytes

    def save(self, folder: Path) -> None:
        """Write config, safetensors, tokenizer and generation settings, as transformers expects them."""
        save_causal(folder, self.network, self.tokenizer, weights=merged_weights(self.network))
        noted = {"settings": self.settings, "touched": self.touched}
        (folder / SETTINGS).write_bytes(dumps(noted, indent=2))

    # ── records ───────────────────────────────────────────────────────────────────────────

    def prepare(self, examples: Examples) -> Rows:
        """Texts as tokens: ``tokens`` int32 ``[n, context]``, filled up with end tokens, and ``length`` int64 ``[n]``.

        Raises:
            DataError: there are no texts, or a passage does not fit the context or has no bytes.
        """
        if examples.texts is None:
            raise DataError(f"{examples.name} has no text. Name a text file, or another kind of generator.")
        passages = self._encode(examples.texts, examples.ids)
        context = self._settings.context
        long = [row for row, passage in enumerate(passages) if len(passage.tokens) > context]
        if long:
            raise DataError(
                f"{examples.name}: {len(long)} of {len(passages)} passages do not fit, the first being"
                f" {examples.ids[long[0]]!r} with {len(passages[long[0]].tokens)} tokens where the context is {context}"
                f" (start and end included). Cut passages to {self.passage_bytes} bytes, or set a longer context."
            )
        return self._rows(passages)

    def _encode(self, texts: Sequence[str], names: Sequence[str]) -> list[Passage]:
        try:
            return encode(self.tokenizer, texts)
        except UnicodeError as error:
            broken = next(name for name, text in zip(names, texts, strict=True) if not _has_bytes(text))
            raise DataError(
                f"{broken!r} holds half of a surrogate pair, which has no UTF-8 form. Repair or remove that text."
            ) from error

    def _rows(self, passages: Sequence[Passage]) -> Rows:
        _, end = ends(self.tokenizer)
        tokens = torch.full((len(passages), self._settings.context), end, dtype=torch.int32)
        for row, passage in enumerate(passages):
            tokens[row, : len(passage.tokens)] = torch.tensor(passage.tokens, dtype=torch.int32)
        return {"tokens": tokens, "length": torch.tensor([len(each.tokens) for each in passages], dtype=torch.int64)}

    # ── losses ────────────────────────────────────────────────────────────────────────────

    def players(self) -> tuple[Player, ...]:
        """One player: the network, on the mean loss of each passage."""
        return (Player("model", self.network, self.record_losses),)

    def record_losses(self, rows: Rows) -> Tensor:
        """Nats per token of each record, ``[batch]``, with gradients."""
        nats, own = self._nats(rows)
        return nats.sum(1) / own.sum(1)

    def losses(self, rows: Rows, *, seed: int) -> Mapping[str, Tensor]:
        """For each record ``mean`` (nats per token), ``total`` (nats) and ``tokens``; nothing is random."""
        del seed
        found = [torch.stack([nats.sum(1), own.sum(1)]) for nats, own in self._evaluated(rows)]
        total, tokens = torch.cat(found, dim=1)
        return {"mean": total / tokens, "total": total, "tokens": tokens}

    def token_logprobs(self, texts: Sequence[str]) -> list[TokenLogprobs]:
        """Log-probability of each token of each text, the end token included.

        Raises:
            DataError: a text does not fit the context or has no bytes.
        """
        names = [f"text {number}" for number, _ in enumerate(texts)]
        passages = self._encode(texts, names)
        long = [name for name, each in zip(names, passages, strict=True) if len(each.tokens) > self._settings.context]
        if long:
            raise DataError(f"{long[0]} does not fit the context of {self._settings.context} tokens. Cut it.")
        nats = [line for chunk, _ in self._evaluated(self._rows(passages)) for line in chunk.cpu()]
        return [
            TokenLogprobs(each.starts, tuple((-line[: len(each.starts)]).tolist()))
            for each, line in zip(passages, nats, strict=True)
        ]

    def _evaluated(self, rows: Rows) -> Iterator[tuple[Tensor, Tensor]]:
        """`_nats` of all rows, so many at a time as fit, without gradients, in evaluation mode."""
        at_once = max(1, LOGITS_AT_ONCE // (self._settings.context * len(self.tokenizer)))
        with _evaluating(self.network):
            for start in range(0, len(rows["tokens"]), at_once):
                yield self._nats({name: column[start : start + at_once] for name, column in rows.items()})

    def _nats(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Loss of each token after the first, ``[batch, longest - 1]``, 0 for padding; and which are a record's own."""
        device = next(self.network.parameters()).device
        length = rows["length"].to(device)
        # Cut to the longest of the batch: no record sees its padding, so none can tell.
        tokens = rows["tokens"][:, : int(rows["length"].max())].to(device).long()
        # Contiguous, and one line of positions for each record: what computes gradients of single records reads both
        # as they lie in memory, and broadcast positions would give their weights one gradient for the whole batch.
        # No attention mask: padding comes after a record's tokens, and is hidden from them anyway.
        seen = tokens[:, :-1].contiguous()
        positions = torch.arange(seen.shape[1], device=device).repeat(len(seen), 1)
        logits = self.network(input_ids=seen, position_ids=positions, use_cache=False).logits
        nats = functional.cross_entropy(logits.float().transpose(1, 2), tokens[:, 1:], reduction="none")
        own = torch.arange(1, tokens.shape[1], device=device) < length[:, None]
        return nats * own, own


def _fresh(
    settings: LanguageSettings, tokenizer: PreTrainedTokenizerFast
) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    special = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    shared = {
        "vocab_size": len(tokenizer),
        "tie_word_embeddings": settings.tied,
        # Keeps the size of what passes through a layer. The libraries' 0.02 suits widths of some thousands; on 96 it
        # costs half as many steps again to the same loss.
        "initializer_range": settings.width**-0.5,
        **special,
    }
    network = _llama(settings, shared) if settings.style == "llama" else _gpt2(settings, shared)
    network.generation_config = GenerationConfig(**special)
    return network, tokenizer


def _llama(settings: LanguageSettings, shared: Mapping[str, Any]) -> LlamaForCausalLM:
    config = LlamaConfig(
        hidden_size=settings.width,
        intermediate_size=-(-8 * settings.width // 24) * 8,  # 8/3 of the width, to the next multiple of 8
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context,
        **shared,
    )
    network = LlamaForCausalLM(config)
    with torch.no_grad():  # two layers of each block add to one sum: smaller, as GPT-2 has them by itself
        for name, weight in network.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.div_((2 * settings.layers) ** 0.5)
    return network


def _gpt2(settings: LanguageSettings, shared: Mapping[str, Any]) -> GPT2LMHeadModel:
    config = GPT2Config(
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.heads,
        n_positions=settings.context,
        attn_pdrop=0.0,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
        **shared,
    )
    return GPT2LMHeadModel(config)


def _has_bytes(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, and back to what it was."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)
