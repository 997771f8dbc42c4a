"""Which rows of a data set are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from harness.contracts import Budget
from harness.seeds import rng

__all__ = ["at_most", "chosen"]

T = TypeVar("T")


def at_most(budget: Budget, rows: int | None) -> Budget:
    """Return ``budget`` with ``rows`` items at most; None leaves it as it is."""
    if rows is None or (budget.items is not None and budget.items <= rows):
        return budget
    return replace(budget, items=rows)


def chosen(items: Sequence[T], budget: Budget) -> list[T]:
    """Return at most ``budget.items`` of ``items``, drawn without replacement, in their own order.

    A random draw rather than the head: files are sorted by topic. A larger budget keeps every item of a
    smaller one, so that a longer run asks again nothing that is known.
    """
    if budget.items is None or budget.items >= len(items):
        return list(items)
    order = list(range(len(items)))
    rng(budget.seed, "items").shuffle(order)
    return [items[place] for place in sorted(order[: budget.items])]
