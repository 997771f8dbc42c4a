"""The numbers of `harness.watermark.prf` as torch computes them, on any device: bit for bit the same.

torch's integers are signed, and shifting them to the right copies the sign down. Here the copies are cleared, and
numbers are told apart by their leading bits, which are never negative.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from harness.watermark.prf import BITS, FIRST, SECOND, STEP, threshold

__all__ = ["below", "fractions", "hashed", "least", "mixed", "signed", "windows"]


def signed(number: int) -> int:
    """The signed integer with the same 64 bits."""
    return number - 2**64 if number >= 2**63 else number


def _shifted(numbers: torch.Tensor, places: int) -> torch.Tensor:
    return (numbers >> places).bitwise_and_(2 ** (64 - places) - 1)


def mixed(places: torch.Tensor) -> torch.Tensor:
    """As `harness.watermark.prf.mixed`; the tensor given is left as it is."""
    numbers = _shifted(places, 30).bitwise_xor_(places).mul_(signed(FIRST))
    numbers = _shifted(numbers, 27).bitwise_xor_(numbers).mul_(signed(SECOND))
    return _shifted(numbers, 31).bitwise_xor_(numbers)


def hashed(state: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """The number of each token under each state, int64; shapes are broadcast."""
    return mixed(state + (tokens + 1) * signed(STEP))


def windows(states: Sequence[int], tokens: torch.Tensor) -> torch.Tensor:
    """The number of each row of tokens ``[rows, width]`` under its own state, ``[rows]``."""
    numbers = torch.tensor([signed(state) for state in states], dtype=torch.int64, device=tokens.device)
    for column in tokens.T:
        numbers = hashed(numbers, column)
    return numbers


def least(numbers: torch.Tensor, dim: int) -> torch.Tensor:
    """The smallest along a dimension, compared as signed numbers."""
    return numbers.amin(dim=dim)


def below(numbers: torch.Tensor, share: float) -> torch.Tensor:
    """Which numbers belong to the ``share`` of all numbers that is smallest."""
    return _shifted(numbers, 64 - BITS) < threshold(share)


def fractions(numbers: torch.Tensor) -> torch.Tensor:
    """Numbers as fractions strictly between 0 and 1, float64."""
    return (_shifted(numbers, 64 - BITS).double() + 0.5) * 2.0**-BITS
