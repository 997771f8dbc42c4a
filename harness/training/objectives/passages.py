"""What a language model expects at each place of some passages, for the losses that are not over records."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from harness.models.language import Language
from harness.models.tokenizers import ends

__all__ = ["Tokens", "expectations", "log_likelihoods"]

Tokens = tuple[int, ...]


def expectations(model: Language, passages: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
    """Scores of all tokens at every place but the last of every passage.

    Args:
        model: With gradients, where they are switched on.
        passages: Tokens, start and end included, at least two each.

    Returns:
        Float32 scores ``[n, longest - 1, vocabulary]``, those of padding included; and places of each passage ``[n]``.
    """
    device = next(model.network.parameters()).device
    _, end = ends(model.tokenizer)
    longest = max(map(len, passages)) - 1
    # Padding comes after a passage's own tokens, and is hidden from them: no mask is needed.
    seen = torch.full((len(passages), longest), end, device=device)
    for row, tokens in enumerate(passages):
        seen[row, : len(tokens) - 1] = torch.tensor(tokens[:-1], device=device)
    positions = torch.arange(longest, device=device).repeat(len(passages), 1)
    logits = model.network(input_ids=seen, position_ids=positions, use_cache=False).logits.float()
    return logits, torch.tensor([len(tokens) - 1 for tokens in passages], device=device)


def log_likelihoods(model: Language, passages: Sequence[Tokens], starts: Sequence[int]) -> Tensor:
    """Log-probability of each passage from one of its places on, given all before: nats, ``[n]``.

    Args:
        model: With gradients, where they are switched on.
        passages: Tokens, start and end included.
        starts: Number of the first token that counts, at least 1, in each passage.
    """
    logits, lengths = expectations(model, passages)
    device, longest = logits.device, logits.shape[1]
    wanted = torch.zeros((len(passages), longest), dtype=torch.long, device=device)
    for row, tokens in enumerate(passages):
        wanted[row, : len(tokens) - 1] = torch.tensor(tokens[1:], device=device)
    nats = functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    places = torch.arange(longest, device=device)
    counts = (places >= torch.tensor(starts, device=device)[:, None] - 1) & (places < lengths[:, None])
    return -(nats * counts).sum(1)
