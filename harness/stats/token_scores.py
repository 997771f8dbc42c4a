"""What the log-probabilities of a text's tokens say of it: scores for membership, and for who wrote it.

All are taken from one reading of the text. Membership scores are larger for what a model is more likely to have been
trained on; with l_t the natural log-probability of token t given those before it, the loss is L = -mean l_t.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from math import ceil, fsum, log, sqrt

__all__ = [
    "curvature",
    "lowercase_gain",
    "min_k",
    "min_k_plus",
    "negative_loss",
    "standard_scores",
    "zlib_bytes",
    "zlib_mean",
    "zlib_rate",
]

LEAST_DEVIATION = 1e-6
"""Nats below which a place leaves nothing to choose, and its standard score is 0."""

LEVEL = 6
"""Of the compression: part of the definition of every score that has zlib in its name."""


def negative_loss(logprobs: Sequence[float]) -> float:
    """Return -L, in nats a token (Yeom et al. 2017, arXiv 1709.01604).

    Raises:
        ValueError: there is no token.
    """
    if not logprobs:
        raise ValueError("a text without tokens has no loss")
    return fsum(logprobs) / len(logprobs)


def zlib_bytes(text: str) -> int:
    """Bytes of ``text``, in UTF-8, after compression at level 6; lone surrogates written out."""
    return len(zlib.compress(text.encode("utf-8", "backslashreplace"), LEVEL))


def zlib_mean(logprobs: Sequence[float], text: str) -> float:
    """Return -L divided by the compressed size in bytes, as code that was published after the paper has it.

    A mean over a total: the score falls with the length of the text, whatever the model. `zlib_rate` does not.
    """
    return negative_loss(logprobs) / zlib_bytes(text)


def zlib_rate(logprobs: Sequence[float], text: str) -> float:
    """Return minus the model's bits for the whole text over those of zlib (Carlini et al. 2021, arXiv 2012.07805)."""
    return fsum(logprobs) / (8 * log(2) * zlib_bytes(text))


def lowercase_gain(logprobs: Sequence[float], lowered: Sequence[float]) -> float:
    """Return L of the text in lower case less L of the text, in nats a token (Carlini et al. 2021, section 5).

    Args:
        logprobs: Of the text's tokens.
        lowered: Of the tokens of the same text in lower case. A text that is in lower case has no such score.
    """
    return negative_loss(logprobs) - negative_loss(lowered)


def min_k(values: Sequence[float], share: float = 0.2) -> float:
    """Return the mean of the lowest ``share`` of ``values``, of at least one (Shi et al. 2023, arXiv 2310.16789).

    Args:
        values: Of each token: log-probabilities for Min-K%, standard scores for Min-K%++.
        share: In (0, 1]; at 1, of log-probabilities, it is `negative_loss`.

    Raises:
        ValueError: there is no value, or ``share`` is none.
    """
    if not values or not 0 < share <= 1:
        raise ValueError(f"a share in (0, 1] of at least one value is needed, not {share} of {len(values)}")
    # 0.1 of 30 is 3, not the 4 that 3.0000000000000004 would be rounded up to.
    lowest = sorted(values)[: max(1, ceil(round(share * len(values), 9)))]
    return fsum(lowest) / len(lowest)


def standard_scores(
    logprobs: Sequence[float], means: Sequence[float], deviations: Sequence[float]
) -> tuple[list[float], int]:
    """Return by how many standard deviations each token lies above what the model's own draws would give there.

    Drawn from the model, they have mean 0 and variance 1. Where the deviation is below 1e-6 nats the model leaves no
    choice: there the score is 0.

    Args:
        logprobs: Of each token.
        means: Of the log-probabilities of all tokens at its place.
        deviations: Their standard deviations.

    Returns:
        The scores, and how many of them are 0 for that reason.

    Raises:
        ValueError: there are not as many of each.
    """
    places = list(zip(logprobs, means, deviations, strict=True))
    scores = [(value - mean) / spread if spread >= LEAST_DEVIATION else 0.0 for value, mean, spread in places]
    return scores, sum(spread < LEAST_DEVIATION for _, _, spread in places)


def min_k_plus(
    logprobs: Sequence[float], means: Sequence[float], deviations: Sequence[float], share: float = 0.2
) -> float:
    """Return the mean of the lowest ``share`` of the standard scores (Zhang et al. 2024, arXiv 2404.02936)."""
    return min_k(standard_scores(logprobs, means, deviations)[0], share)


def curvature(logprobs: Sequence[float], means: Sequence[float], deviations: Sequence[float]) -> float | None:
    """Return the conditional probability curvature of Fast-DetectGPT (Bao et al. 2023, arXiv 2310.05130).

    The sum of what each token lies above its place's mean, over the root of the sum of variances. Of text drawn from
    the model at temperature 1 it has mean 0 and variance 1; people's text lies below, text drawn colder above.

    Returns:
        The curvature; None where no place leaves a choice.

    Raises:
        ValueError: there are not as many of each, or there is no token.
    """
    places = list(zip(logprobs, means, deviations, strict=True))
    if not places:
        raise ValueError("a text without tokens has no curvature")
    variance = fsum(spread**2 for _, _, spread in places)
    return fsum(value - mean for value, mean, _ in places) / sqrt(variance) if variance > 0 else None
