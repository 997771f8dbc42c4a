"""One token a line, drawn from its own distribution at its own point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.records import GenerateAsk

if TYPE_CHECKING:
    import torch

__all__ = ["draw"]

COLDEST = 1e-200
"""A temperature at which of any two logits that differ, in single precision, one is certain and one impossible."""


def draw(logits: torch.Tensor, asks: Sequence[GenerateAsk], points: Sequence[float]) -> list[int]:
    """Draw a token id per line from softmax(logits / temperature), cut to the smallest set with ``top_p`` of the mass.

    Inverts the cumulative distribution, in double precision, so that rounding seldom decides. A line's token depends
    on its own logits, settings and point alone. A token without probability is never drawn, whatever the point.

    Args:
        logits: [lines, vocabulary], no NaN; minus infinity for what is forbidden, and above it for some token of each
            line.
        asks: One per line; temperatures above 0.
        points: One per line, uniform in [0, 1).
    """
    import torch

    # Colder than the coldest, nothing changes but that the quotients overflow.
    coldest = [max(ask.temperature, COLDEST) for ask in asks]
    temperatures = torch.tensor(coldest, dtype=torch.float64, device=logits.device)
    probabilities = torch.softmax(logits.double() / temperatures[:, None], dim=1)
    tokens: dict[int, int] = {}
    whole = [line for line, ask in enumerate(asks) if ask.top_p == 1]
    if whole:  # any order of the tokens will do: their own saves sorting them
        found = _at(probabilities[whole], [points[line] for line in whole])
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
    kept = min(int((torch.cumsum(likely, dim=0) <= top_p).sum()), len(likely) - 1) + 1
    return int(ids[order[_at(likely[None, :kept], [point])[0]]])


def _at(probabilities: torch.Tensor, shares: Sequence[float]) -> list[int]:
    """Per line, the entry of ``probabilities`` [lines, entries] in which that share of their sum falls."""
    import torch

    mass = torch.cumsum(probabilities, dim=1)
    wanted = torch.tensor(shares, dtype=mass.dtype, device=mass.device)[:, None] * mass[:, -1:]
    places = torch.searchsorted(mass, wanted, right=True).clamp(max=mass.shape[1] - 1)
    likely = probabilities.gather(1, places)[:, 0] > 0
    return [
        place if sound else _nearest(probabilities[line], place)
        for line, (place, sound) in enumerate(zip(places[:, 0].tolist(), likely.tolist(), strict=True))
    ]


def _nearest(probabilities: torch.Tensor, place: int) -> int:
    """The first entry from ``place`` on that has a probability, else the last one before it.

    A share of the whole mass lies behind every entry; and where a device sums in parallel, rounding can let the mass
    rise at an entry that has none.
    """
    import torch

    (some,) = torch.nonzero(probabilities > 0, as_tuple=True)
    later = int(torch.searchsorted(some, place))
    return int(some[min(later, len(some) - 1)])
