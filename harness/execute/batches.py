"""Which asks share a batch: sorted by kind and length, filled to a token budget, the same on every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.canonical import Digest, dumps
from harness.records import Ask, DrawAsk, GenerateAsk, LossAsk, ScoreAsk

__all__ = ["Asks", "batches"]

Asks = Sequence[tuple[Digest, Ask]]


def _manner(ask: Ask) -> bytes:
    """Asks of one manner can be answered by one forward pass: same kind, same settings of it."""
    if isinstance(ask, GenerateAsk):
        settings = (ask.max_tokens, ask.temperature, ask.top_p, list(ask.stop), ask.chat)
        return b"generate" + dumps(settings)
    if isinstance(ask, DrawAsk):
        # A pipeline takes prompts for all of its images or for none, and so with labels; seeds are each image's own.
        return b"draw" + dumps([ask.prompt is not None, ask.label is not None])
    if isinstance(ask, LossAsk):
        # The records of a batch share the noise of one seed.
        return b"loss" + dumps(ask.seed)
    if isinstance(ask, ScoreAsk) and ask.windows is not None:
        # Long texts stay among themselves, and so do those that are cut alike.
        return b"windows" + dumps(ask.windows)
    return type(ask).__name__.encode()


def batches(asks: Asks, length: Callable[[Ask], int], budget: int) -> Iterator[Asks]:
    """Split ``asks`` so that a batch, padded to its longest ask, stays within ``budget`` tokens.

    Longest first, so that a batch that does not fit in memory fails at once and the estimate of the time
    left errs on the safe side. Ties are broken by digest: the split depends on the set of asks alone.
    An ask longer than the whole budget gets a batch of its own.
    """
    sized = [(_manner(ask), -max(1, length(ask)), key, ask) for key, ask in asks]
    sized.sort(key=lambda row: row[:3])
    batch: list[tuple[Digest, Ask]] = []
    manner, longest = b"", 0
    for ask_manner, negative, key, ask in sized:
        if batch and (ask_manner != manner or (len(batch) + 1) * longest > budget):
            yield batch
            batch = []
        if not batch:
            manner, longest = ask_manner, -negative
        batch.append((key, ask))
    if batch:
        yield batch
