"""What the tokens that were not written would have scored: mean and spread of a place's whole distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["distribution"]


def distribution(logprobs: torch.Tensor, *, dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of the log-probability of a token drawn from the distribution itself.

    The mean is minus the entropy. Sums run in float64: over a vocabulary of 49,152, float32 would leave the spread of a
    nearly certain place to rounding. Source: Zhang et al. 2024, arXiv 2404.02936, equation 3.

    Args:
        logprobs: Log-softmax, any shape, over the vocabulary along ``dim``; minus infinity where a token cannot stand.
        dim: The vocabulary.

    Returns:
        Two tensors in float64, in nats, without that dimension; the second at least 0.
    """
    wide = logprobs.double()
    weight = wide.exp()
    # A token that cannot stand has weight 0, and 0 times minus infinity is no number.
    wide = wide.masked_fill(weight == 0, 0.0)
    mean = (weight * wide).sum(dim=dim, keepdim=True)
    variance = (weight * (wide - mean).square()).sum(dim=dim)
    return mean.squeeze(dim).clamp(max=0.0), variance.sqrt()
