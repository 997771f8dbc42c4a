"""The learning rate as a function of the step alone, so that a resumed training needs to remember nothing."""

from __future__ import annotations

from math import cos, pi

__all__ = ["learning_rate"]

FLOOR = 0.1  # share of the base rate that the cosine ends at


def learning_rate(step: int, *, steps: int, base: float, warmup: int, decay: bool) -> float:
    """Rate for ``step``: a straight rise over ``warmup`` steps, then, with ``decay``, a cosine down to a tenth.

    Args:
        step: From 1 to ``steps``.
        steps: Length of the whole training, also where it stops earlier.
        base: Rate at the top.
        warmup: Steps of the rise; the last of them has the full rate. 0: none.
        decay: Whether the rate falls after the rise.

    Source:
        Loshchilov and Hutter (2017), arXiv:1608.03983, without restarts.
    """
    if step < warmup:
        return base * step / warmup
    if not decay or steps <= warmup:
        return base
    done = (step - warmup) / (steps - warmup)
    return base * (FLOOR + (1 - FLOOR) * (1 + cos(pi * done)) / 2)
