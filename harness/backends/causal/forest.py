"""Packed rows → log-probabilities: what is shared is read once, logits are made only where something is scored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.backends.causal.loading import Loaded
from harness.backends.causal.moments import distribution
from harness.backends.causal.scores import Scores, Spelled
from harness.backends.causal.tree import Branch, Packed, Row, pack, visible

if TYPE_CHECKING:
    import torch

__all__ = ["TreeScorer"]

PRIMERS_KEPT = 4
PRIMER_TOKENS_KEPT = 4096
"""Primers stay for the next calls up to this number, and up to this many tokens in all."""


@dataclass(slots=True)
class TreeScorer:
    """Scores packed rows in one pass each, behind primers that are kept.

    Attributes:
        loaded: The model.
        row_width: Nodes that fill a row: wider rows spend more on masked attention, narrower ones repeat more.
        forward_nodes: Nodes, padding included, in one forward pass.
        head_columns: Nodes whose logits are made at a time: 128 of them with a vocabulary of 49152 fit a CPU's last
            cache in float32.
    """

    loaded: Loaded
    row_width: int = 128
    forward_nodes: int = 512
    head_columns: int = 128
    _primers: OrderedDict[tuple[int, ...], Any] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        if self.loaded.device.type != "cpu":  # an accelerator wants more work at a time than a core's cache holds
            self.row_width, self.forward_nodes, self.head_columns = 256, 8192, 1024

    def score(self, asks: Sequence[Sequence[Branch]], *, moments: bool = False) -> Scores:
        """Score every branch of every ask, in order."""
        import torch

        scores: dict[tuple[int, int], Spelled] = {}
        head = self.loaded.model.get_output_embeddings()
        with torch.inference_mode():
            for rows, hidden in self._read(asks):
                nodes, targets = _nodes(rows), np.concatenate([row.targets for row in rows])
                told = _logprobs(head, hidden, nodes, targets, most=self.head_columns, moments=moments)
                _deal(rows, told, scores)
        return [[scores[ask, number] for number in range(len(branches))] for ask, branches in enumerate(asks)]

    def states(self, asks: Sequence[Sequence[Branch]]) -> list[list[torch.Tensor]]:
        """Last hidden states that predict the scored tokens of every branch of every ask, [tokens, size] each."""
        import torch

        found: dict[tuple[int, int], torch.Tensor] = {}
        with torch.inference_mode():
            for rows, hidden in self._read(asks):
                begin, here = 0, hidden[torch.from_numpy(_nodes(rows)).to(hidden.device)]
                for twig in (twig for row in rows for twig in row.twigs):
                    end = begin + len(twig.branch.tokens) - twig.branch.start
                    found[twig.ask, twig.continuation] = here[begin:end]
                    begin = end
        return [[found[ask, number] for number in range(len(branches))] for ask, branches in enumerate(asks)]

    def _read(self, asks: Sequence[Sequence[Branch]]) -> Iterator[tuple[list[Row], torch.Tensor]]:
        """Pass after pass: its rows, and the last hidden states of their nodes, [rows * longest, size]."""
        for packed in pack(asks, width=self.row_width, breaks_line=self.loaded.tokens.breaks_line):
            past = self._past(packed.primer)
            for rows in _passes(packed, self.forward_nodes):
                yield rows, self._forward(rows, past)

    def _past(self, primer: tuple[int, ...]) -> Any:
        """Keys and values of the primer, one pair of tensors [1, heads, tokens, size] per layer.

        They are always computed by a pass over the primer alone, so that it makes no difference to the bit whether
        they were kept or are computed anew.
        """
        import torch
        from transformers import DynamicCache

        if not primer:
            return None
        if primer not in self._primers:
            cache = DynamicCache()
            ids = torch.tensor([primer], device=self.loaded.device)
            self.loaded.model.base_model(input_ids=ids, cache=cache, use_cache=True)
            self._primers[primer] = [(layer.keys, layer.values) for layer in cache.layers]
        self._primers.move_to_end(primer)
        while len(self._primers) > 1 and (
            len(self._primers) > PRIMERS_KEPT or sum(map(len, self._primers)) > PRIMER_TOKENS_KEPT
        ):
            self._primers.popitem(last=False)
        return self._primers[primer]

    def _forward(self, rows: Sequence[Row], past: Any) -> torch.Tensor:
        """One pass; last hidden states of all nodes, padding included, row after row."""
        import torch
        from transformers import DynamicCache

        device, width = self.loaded.device, max(map(len, rows))
        ids, positions = np.zeros((2, len(rows), width), dtype=np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row.tokens
            positions[number, : len(row)] = row.depths
        mask = torch.from_numpy(visible(rows, width))[:, None].to(device)  # [rows, 1, width, width]
        cache = None
        if past is not None:
            cache = DynamicCache()
            for layer, (keys, values) in enumerate(past):
                cache.update(keys.expand(len(rows), -1, -1, -1), values.expand(len(rows), -1, -1, -1), layer)
            mask = torch.nn.functional.pad(mask, (rows[0].past, 0), value=True)
        hidden: torch.Tensor = self.loaded.model.base_model(
            input_ids=torch.from_numpy(ids).to(device),
            attention_mask=mask,
            position_ids=torch.from_numpy(positions).to(device),
            cache=cache,
            use_cache=cache is not None,
        ).last_hidden_state  # [rows, width, size]
        return hidden.flatten(0, 1)


def _passes(packed: Packed, most: int) -> Iterator[list[Row]]:
    """Cut the rows, longest first, where a pass would have more than ``most`` nodes with its padding."""
    passing: list[Row] = []
    for row in sorted(packed.rows, key=len, reverse=True):
        if passing and (len(passing) + 1) * len(passing[0]) > most:
            yield passing
            passing = []
        passing.append(row)
    if passing:
        yield passing


def _nodes(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Of each scored token, in row order, the node that predicts it, counted over all rows with their padding."""
    width = max(map(len, rows))
    return np.concatenate([number * width + np.asarray(row.nodes) for number, row in enumerate(rows)])


class Tokenwise(NamedTuple):
    """What is told of each scored token, parallel; moments are empty where they are not wanted."""

    values: NDArray[np.float64]
    best: NDArray[np.bool_]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]


def _logprobs(
    head: Any,
    hidden: torch.Tensor,
    nodes: NDArray[np.int64],
    targets: NDArray[np.int64],
    *,
    most: int,
    moments: bool,
) -> Tokenwise:
    """Log-softmax of the head at ``nodes``, gathered at ``targets``.

    Args:
        head: Linear layer, weight [vocabulary, size].
        hidden: Last hidden states, [places, size].
        nodes: Place that predicts, one per scored token.
        targets: Token id that is scored.
        most: Places whose logits are made at a time.
        moments: Whether those of each place are wanted.
    """
    import torch

    values, best = np.empty(len(nodes)), np.empty(len(nodes), dtype=bool)
    means, deviations = np.empty((2, len(nodes) if moments else 0))
    places, columns = np.unique(nodes, return_inverse=True)
    weight = head.weight
    buffer = torch.empty(weight.shape[0] * min(most, len(places)), dtype=weight.dtype, device=weight.device)
    for begin in range(0, len(places), most):
        chosen = hidden[torch.from_numpy(places[begin : begin + most]).to(hidden.device)]
        # Weight times states, not states times weight: one and a half times as fast on a CPU.
        logits = buffer[: weight.shape[0] * len(chosen)].view(weight.shape[0], len(chosen))
        torch.mm(weight, chosen.T, out=logits)
        if head.bias is not None:
            logits += head.bias[:, None]
        here = np.flatnonzero((columns >= begin) & (columns < begin + len(chosen)))
        column = torch.from_numpy(columns[here] - begin).to(hidden.device)
        target = torch.from_numpy(targets[here]).to(hidden.device)
        wanted = logits[target, column].float()
        if moments:
            spread = distribution(logits.float().log_softmax(dim=0), dim=0)
            means[here], deviations[here] = (each[column].cpu().numpy() for each in spread)
        top, first = logits.max(dim=0)
        # In place where the logits are float32 already; they are not needed again.
        total = top.float() + logits.float().sub_(top).exp_().sum(dim=0).log()
        values[here] = (wanted - total[column]).double().cpu().numpy()
        best[here] = (first[column] == target).cpu().numpy()
    # Rounding can lift a certain token's log-probability a last bit above 0; NaN stays NaN.
    return Tokenwise(np.minimum(values, 0.0), best, means, deviations)


def _deal(rows: Sequence[Row], told: Tokenwise, scores: dict[tuple[int, int], Spelled]) -> None:
    """Hand each branch its tokens' scores."""
    begin = 0
    for row in rows:
        for twig in row.twigs:
            its = slice(begin, begin + len(twig.branch.tokens) - twig.branch.start)
            values, means, deviations = (
                tuple(each[its].tolist()) for each in (told.values, told.means, told.deviations)
            )
            scores[twig.ask, twig.continuation] = Spelled(values, bool(told.best[its].all()), means, deviations)
            begin = its.stop
