"""How much a model's answers to one question differ in meaning.

High entropy shows answers made up at random; an answer that is always the same and always wrong has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import comb, log
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from harness.stats.intervals import finite

__all__ = ["Entropy", "consistency", "groups", "order_sensitivity", "semantic_entropy"]

Pairs = Iterable[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Entropy:
    """Entropy of the meanings of several answers to one question, in nats.

    Attributes:
        value: 0 where all mean the same.
        most: What ``method`` gives where no two mean the same: ln M, which a correction adds to.
        answers: M, how many answers there are.
        meanings: Groups of equal meaning among them.
        method: ``counts``, ``counts, miller-madow`` or ``likelihoods``.
    """

    value: float
    most: float
    answers: int
    meanings: int
    method: str


def semantic_entropy(
    meanings: Sequence[Hashable],
    *,
    likelihoods: Sequence[float] | NDArray[np.float64] | None = None,
    correction: Literal["none", "miller-madow"] = "none",
) -> Entropy:
    """Entropy of the groups of equal meaning among answers to one question.

    Few answers show too few meanings: counts are about (K - 1) / 2M too low for K meanings among M answers, which the
    correction of Miller and Madow adds. Source: Farquhar et al. 2024, Nature 630:625-630.

    Args:
        meanings: Group of each answer, as from `groups`; at least 2.
        likelihoods: Log-likelihood of each answer over its length, in nats; a group then weighs as much as its answers
            are likely, instead of how many they are.
        correction: ``miller-madow`` for counts.

    Raises:
        ValueError: fewer than 2 answers, another number of likelihoods, or a correction of likelihoods.
    """
    counts = Counter(meanings)
    n, kinds = counts.total(), len(counts)
    if n < 2:
        raise ValueError(f"at least 2 answers show whether they differ, not {n}")
    if likelihoods is None:
        value = _of(np.array(list(counts.values())) / n)
        added = correction == "miller-madow"
        method = "counts, miller-madow" if added else "counts"
        return Entropy(value + added * (kinds - 1) / 2 / n, log(n) + added * (n - 1) / 2 / n, n, kinds, method)
    logs = finite(likelihoods)
    if logs.size != n or correction != "none":
        raise ValueError(f"{n} answers need as many likelihoods, not {logs.size}, and no correction of counts")
    place = {meaning: number for number, meaning in enumerate(counts)}
    member = np.array([place[meaning] for meaning in meanings])
    sums = np.array([special.logsumexp(logs[member == number]) for number in range(kinds)])
    return Entropy(_of(special.softmax(sums)), log(n), n, kinds, "likelihoods")


def groups(n: int, same: Pairs) -> list[int]:
    """Put what is the same, directly or through others, into one group; the order of pairs makes no difference.

    Args:
        n: How many there are.
        same: Pairs of places that are the same, in either order.

    Returns:
        The group of each, numbered from 0 by their first members.

    Raises:
        ValueError: a place outside 0 to n - 1.
    """
    root = list(range(n))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for one, other in same:
        _inside(n, one, other)
        low, high = sorted((top(one), top(other)))
        root[high] = low
    number: dict[int, int] = {}
    return [number.setdefault(top(place), len(number)) for place in range(n)]


def order_sensitivity(n: int, same: Pairs, *, seed: int, shuffles: int = 20) -> float:
    """How much entropy by counts depends on the order of answers where groups are made greedily, in nats.

    The greedy way, of the code published with semantic entropy, opens a group for each answer without one and moves
    all later answers that are the same as it there, even out of other groups. Largest less smallest entropy over
    shuffled orders: 0 where the relation is transitive, as `groups` makes it.

    Args:
        n: How many answers, at least 2.
        same: Pairs of places that are the same, in either order.
        seed: Of the shuffling.
        shuffles: How many orders.

    Raises:
        ValueError: fewer than 2 answers, no shuffles, or a place outside 0 to n - 1.
    """
    if n < 2 or shuffles < 1:
        raise ValueError(f"order needs at least 2 answers and one shuffle, not {n} and {shuffles}")
    alike = np.eye(n, dtype=bool)
    for one, other in same:
        _inside(n, one, other)
        alike[one, other] = alike[other, one] = True
    random = np.random.default_rng(seed)
    orders = (random.permutation(n) for _ in range(shuffles))
    found = [semantic_entropy(_greedy(alike[np.ix_(order, order)])).value for order in orders]
    return max(found) - min(found)


def consistency(counts: Sequence[int]) -> float:
    """Share of pairs of answers to one question that agree; each pair counts once.

    Args:
        counts: How often each answer was given.

    Raises:
        ValueError: fewer than 2 answers, or a count below 0.
    """
    total = sum(counts)
    if total < 2 or min(counts) < 0:
        raise ValueError(f"pairs need at least 2 answers, not counts of {list(counts)}")
    return sum(comb(count, 2) for count in counts) / comb(total, 2)


def _of(shares: NDArray[np.float64]) -> float:
    return max(0.0, float(special.entr(shares).sum()))


def _greedy(alike: NDArray[np.bool_]) -> list[int]:
    found = [-1] * len(alike)
    for place in range(len(alike)):
        if found[place] < 0:
            for later in np.flatnonzero(alike[place, place:]) + place:
                found[int(later)] = place
    return found


def _inside(n: int, one: int, other: int) -> None:
    if not (0 <= one < n and 0 <= other < n):
        raise ValueError(f"places lie in 0 to {n - 1}, not {one} and {other}")
