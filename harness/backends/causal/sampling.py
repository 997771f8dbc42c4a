"""One token a line, drawn from its own distribution at its own point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.records import GenerateAsk

if TYPE_CHECKING:
    import torch

__all__ = ["draw"]


def draw(logits: torch.Tensor, asks: Sequence[GenerateAsk], points: Sequence[float]) -> list[int]:
    """Draw a token id per line from softmax(logits / temperature), cut to the smallest set with ``top_p`` of the mass.

    Inverts the cumulative distribution, in double precision, so that rounding seldom decides. A line's token depends
    on its own logits, settings and point alone.

    Args:
        logits: Finite, [lines, vocabulary].
        asks: One per line; temperatures above 0.
        points: One per line, uniform in [0, 1).
    """
    import torch

    temperatures = torch.tensor([ask.temperature for ask in asks], dtype=torch.float64, device=logits.device)
    probabilities = torch.softmax(logits.double() / temperatures[:, None], dim=1)
    tokens: dict[int, int] = {}
    whole = [line for line, ask in enumerate(asks) if ask.top_p == 1]
    if whole:  # any order of the tokens will do: their own saves sorting them
        found = _beyond(torch.cumsum(probabilities[whole], dim=1), [points[line] for line in whole])
        tokens |= zip(whole, found, strict=True)
    for line in set(range(len(asks))) - set(whole):
        tokens[line] = _from_nucleus(probabilities[line], asks[line].top_p, points[line])
    return [tokens[line] for line in range(len(asks))]


def _from_nucleus(probabilities: torch.Tensor, top_p: float, point: float) -> int:
    """Draw from the likeliest tokens of one line, [vocabulary], whose mass first exceeds ``top_p``."""
    import torch

    # All tokens below this share together have less than 1 - top_p, so the nucleus lies among the others: sorting
    # those alone takes a tenth of the time.
    (ids,) = torch.nonzero(probabilities >= (1 - top_p) / len(probabilities), as_tuple=True)
    likely, order = torch.sort(probabilities[ids], descending=True, stable=True)
    mass = torch.cumsum(likely, dim=0)
    kept = min(int((mass <= top_p).sum()), len(mass) - 1) + 1
    return int(ids[order[_beyond(mass[None, :kept], [point])[0]]])


def _beyond(mass: torch.Tensor, shares: Sequence[float]) -> list[int]:
    """Per line, the first entry of the rising ``mass`` [lines, entries] above that share of its last one."""
    import torch

    wanted = torch.tensor(shares, dtype=mass.dtype, device=mass.device)[:, None] * mass[:, -1:]
    places = torch.searchsorted(mass, wanted, right=True)[:, 0]
    return [min(int(place), mass.shape[1] - 1) for place in places.tolist()]
