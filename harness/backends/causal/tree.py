"""Continuations as packed rows, in which every token that several of them share stands once.

A *branch* is the tokens of one continuation after its context. Branches that begin alike form a tree; a *row* is
such a tree written depth first, so that the subtree of a node is the run of nodes behind it, and a node's ancestors
are the nodes whose run covers it. A row is read by a model in one pass, with a mask that lets each node see its
ancestors and itself, at its own depth. Several asks share a row, which leaves little to pad.

Pure: token ids in, plans out. Which rows come out depends on the asks alone, never on earlier ones, so that a run
that was killed and resumed computes the same numbers to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_PRIMER", "Branch", "Packed", "Row", "Twig", "pack", "shared_length", "visible"]

MIN_PRIMER = 32
"""Fewest tokens for which a forward pass of their own pays."""

LOOK_BACK = 64
"""How far back from the end of what asks share a line break is looked for."""

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One continuation in its context.

    Attributes:
        tokens: Context, then continuation.
        start: Number of context tokens, at least 1 and less than ``len(tokens)``.
    """

    tokens: Tokens
    start: int


@dataclass(frozen=True, slots=True)
class Twig:
    """A branch, and the place its scores go to: which ask, which of its continuations."""

    ask: int
    continuation: int
    branch: Branch


@dataclass(slots=True)
class Row:
    """A tree of tokens, depth first; all lists but the last four are parallel.

    Attributes:
        past: Number of tokens before the row, which are the same for all its branches.
        tokens: Token id of each node.
        depths: Position of each node, counted from the start of the text.
        ends: For each node, the first node after its subtree.
        nodes, targets: One per scored token: the node that predicts it, and its id.
        twigs: The branches of the row, in the order their scored tokens stand.
    """

    past: int
    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    twigs: list[Twig] = field(default_factory=list)
    _path: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tokens)

    def new_nodes(self, asks: Sequence[Twig]) -> int:
        """How many nodes adding these twigs, in order, would add."""
        total, last = 0, self.twigs[-1].branch if self.twigs else None
        for twig in asks:
            total += _inputs(twig.branch) - self._kept(last, twig.branch)
            last = twig.branch
        return total

    def _kept(self, last: Branch | None, branch: Branch) -> int:
        """Depth down to which ``branch`` goes along the nodes of the branch before it."""
        if last is None:
            return self.past
        return shared_length(last.tokens, branch.tokens, self.past, min(_inputs(last), _inputs(branch)))

    def add(self, twig: Twig) -> None:
        """Append a branch; branches that begin alike must come one after another."""
        tokens, inputs = twig.branch.tokens, _inputs(twig.branch)
        kept = self._kept(self.twigs[-1].branch if self.twigs else None, twig.branch)
        for closed in self._path[kept - self.past :]:
            self.ends[closed] = len(self.tokens)
        del self._path[kept - self.past :]
        for depth in range(kept, inputs):
            self._path.append(len(self.tokens))
            self.tokens.append(tokens[depth])
            self.depths.append(depth)
            self.ends.append(-1)
        for place in range(twig.branch.start, len(tokens)):
            self.nodes.append(self._path[place - 1 - self.past])
            self.targets.append(tokens[place])
        self.twigs.append(twig)

    def close(self) -> Row:
        """Say that no branch follows."""
        for node in self._path:
            self.ends[node] = len(self.tokens)
        self._path.clear()
        return self


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows behind a common past.

    Attributes:
        primer: Tokens all its branches begin with, to be read once; empty where none are worth it.
        rows: Closed rows, in the order of their branches.
    """

    primer: Tokens
    rows: tuple[Row, ...]


def _inputs(branch: Branch) -> int:
    """Number of tokens that must be read: the last one predicts nothing that is scored."""
    return len(branch.tokens) - 1


def shared_length(left: Tokens, right: Tokens, begin: int, end: int) -> int:
    """Length of the common beginning of both, known to be at least ``begin``, and of interest up to ``end``."""
    end = min(end, len(left), len(right))
    if left[begin:end] == right[begin:end]:
        return max(begin, end)
    return next(place for place in range(begin, end) if left[place] != right[place])


def visible(rows: Sequence[Row], width: int) -> NDArray[np.bool_]:
    """Which node sees which, shape [rows, width, width]; padding nodes see themselves only."""
    ends = np.zeros((len(rows), width), dtype=np.int64)
    for number, row in enumerate(rows):
        ends[number, : len(row)] = row.ends
    place = np.arange(width)
    inside = (place[None, None, :] <= place[None, :, None]) & (place[None, :, None] < ends[:, None, :])
    return inside | np.eye(width, dtype=bool)[None]


def pack(asks: Sequence[Sequence[Branch]], *, width: int, breaks_line: Callable[[int], bool]) -> list[Packed]:
    """Plan how ``asks`` are read.

    Args:
        asks: The branches of each ask; those of one ask have the same context.
        width: Nodes that fill a row. A row is longer only where a single branch is.
        breaks_line: Whether a token id ends a line. What asks share by accident ("Q: Wh") differs from batch
            to batch; up to the last line break it does not, so that the primer can be reused.

    Returns:
        One `Packed` per primer; every branch of every ask is in exactly one row.
    """
    order = sorted(range(len(asks)), key=lambda ask: (min(branch.tokens for branch in asks[ask]), ask))
    packed: list[Packed] = []
    alone: list[Row] = []
    loose: list[list[Twig]] = []
    for group in _alike(asks, order):
        twigs = [_twigs(asks[ask], ask) for ask in group]
        primer = _primer(asks, group, breaks_line)
        rows = _fill(twigs, len(primer), width) if primer else []
        if len(rows) > 1:
            packed.append(Packed(primer, tuple(rows)))
        elif rows:  # a single row reads what its branches share once anyway
            alone += _fill(twigs, 0, len(primer) + width)
        else:
            loose += twigs
    rest = (*alone, *_fill(loose, 0, width))
    return [*packed, Packed((), rest)] if rest else packed


def _twigs(branches: Sequence[Branch], ask: int) -> list[Twig]:
    twigs = [Twig(ask, number, branch) for number, branch in enumerate(branches)]
    return sorted(twigs, key=lambda twig: (twig.branch.tokens, twig.continuation))


def _alike(asks: Sequence[Sequence[Branch]], order: Sequence[int]) -> Iterator[list[int]]:
    """Cut the sorted asks where neighbours have less than a primer in common."""
    group = list(order[:1])
    for one, other in pairwise(order):
        if shared_length(asks[one][0].tokens, asks[other][0].tokens, 0, MIN_PRIMER) < MIN_PRIMER:
            yield group
            group = []
        group.append(other)
    if group:
        yield group


def _primer(asks: Sequence[Sequence[Branch]], group: Sequence[int], breaks_line: Callable[[int], bool]) -> Tokens:
    """What all contexts of the group begin with, up to its last line break; empty where it is short."""
    first, last = asks[group[0]][0].tokens, asks[group[-1]][0].tokens
    # One context token stays in the row: it predicts the first token of the continuation.
    most = min(asks[ask][0].start for ask in group) - 1
    length = shared_length(first, last, 0, most)  # sorted, so the outermost two differ soonest
    nearest = range(length, max(MIN_PRIMER - 1, length - LOOK_BACK), -1)
    length = next((end for end in nearest if breaks_line(first[end - 1])), length)
    return first[:length] if length >= MIN_PRIMER else ()


def _fill(asks: Sequence[Sequence[Twig]], past: int, width: int) -> list[Row]:
    """Put asks into rows, in order; an ask is split only where its continuations outweigh its context."""
    rows: list[Row] = []
    row = Row(past)
    for twigs in asks:
        most = max(width, 2 * (twigs[0].branch.start - past))
        if row.twigs and len(row) + row.new_nodes(twigs) > width:
            rows.append(row.close())
            row = Row(past)
        for twig in twigs:
            if row.twigs and len(row) + row.new_nodes([twig]) > most:
                rows.append(row.close())
                row = Row(past)
            row.add(twig)
    return [*rows, row.close()] if row.twigs else rows
