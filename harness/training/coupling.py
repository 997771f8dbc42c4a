"""Whether one record's loss or gradient depends on another record: tried on actual records.

Clipping bounds what one record adds to a sum only if every record's gradient is its own. Here one record is left out
and the others are computed again with the very same random draws: their losses and gradients must not move. It finds
batch statistics, losses averaged over the tokens of a batch, negatives taken from the batch, and records paired with a
fixed number of generated samples, whatever the code looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from harness.errors import UsageError
from harness.models.generator import Player, Rows
from harness.training.apart import Untouched
from harness.training.per_record import Gradients, Tape

__all__ = ["Coupling", "find_coupling"]

TOLERANCE = 1e-4
"""Relative change that rounding may cause, some fifty times what it does cause in our kinds: sums are grouped otherwise
when a batch has one record less."""


class Coupling(StrEnum):
    """What keeps records from being apart."""

    RECORDS = "records"
    """One record's loss or gradient depends on another."""
    SAMPLES = "samples"
    """Records share a pass or a clipped loss with generated samples whose number is not theirs."""
    CHANGES = "changes"
    """Computing losses changes weights or buffers, outside of the private optimizer."""


class _Replay(TorchDispatchMode):  # type: ignore[misc]  # torch is not type-checked here
    """Records random draws; or replays them for fewer records, each keeping the draws it had.

    Args:
        kept: Rows whose draws are replayed; None to record.
        drawn: What was recorded.
    """

    def __init__(self, kept: Tensor | None = None, drawn: list[Tensor] | None = None) -> None:
        super().__init__()
        self.kept, self.drawn, self.at = kept, [] if drawn is None else drawn, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        random = torch.Tag.nondeterministic_seeded in func.tags
        # Fused layers are tagged for a dropout that is switched off; those that return several tensors are such.
        if not random or not isinstance(out, Tensor):
            return out
        if self.kept is None:
            self.drawn.append(out.detach().clone())
            return out
        if self.at == len(self.drawn):
            raise UsageError("The loss draws more random numbers for fewer records.")
        before = self.drawn[self.at]
        self.at += 1
        if func is torch.ops.aten.randperm.default and len(before) != len(out):
            raise UsageError("The loss puts the records into a random order.")
        aligned = before if before.shape == out.shape else before[self.kept.to(before.device)]
        if aligned.shape != out.shape:
            raise UsageError(
                f"The loss draws random numbers of the shape {tuple(out.shape)} for {len(self.kept)} records and"
                f" {tuple(before.shape)} for one more: they are not drawn record by record."
            )
        return out.copy_(aligned)


def find_coupling(player: Player, rows: Rows, *, left_out: int = 2) -> dict[Coupling, str]:
    """What couples the records of ``rows`` in the losses of ``player``; empty where nothing does.

    Args:
        player: One that sees records; its network in training mode. Weights and random state are left as they were.
        rows: At least 3 records, better such that differ in length.
        left_out: How many of them are left out, one at a time.
    """
    losses = player.record_losses
    n = len(next(iter(rows.values())))
    if losses is None or n < 3:
        raise ValueError("coupling is looked for among 3 records or more, of a player that sees records")
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    state = {name: value.detach().clone() for name, value in _tensors(player.network).items()}
    # Convolutions that round to 10 bits differ from batch to batch by more than some couplings do.
    with torch.random.fork_rng(devices), torch.backends.cudnn.flags(allow_tf32=False):
        try:
            return _find(player, losses, rows, n, min(left_out, n)) or _changed(player, state)
        finally:
            _restore(player.network, state)


def _find(player: Player, losses: Callable[[Rows], Tensor], rows: Rows, n: int, left_out: int) -> dict[Coupling, str]:
    name, untouched, passes = player.name, Untouched(player), _Passes(player.network)
    before = untouched.look()
    replay = _Replay()
    with torch.enable_grad(), replay, passes:
        found = losses(rows)
    if odd := [count for count in passes.rows if count != n]:
        return {
            Coupling.SAMPLES: f"the losses of {name!r} send {odd[0]} rows through its network for {n} records, so a"
            " record that leaves takes its place beside a generated sample with it. What sees no record goes into the"
            " free loss, which is neither clipped nor noised"
        }
    if tuple(found.shape) != (n,):
        return {Coupling.RECORDS: f"the losses of {name!r} have the shape {tuple(found.shape)} for {n} records"}
    try:
        untouched.refuse_changes(before)
    except UsageError as error:
        return {Coupling.CHANGES: str(error)}
    try:
        whole = _gradients(player, losses, rows, n, _Replay(torch.arange(n), replay.drawn))
        for out in range(left_out):
            kept = torch.tensor([row for row in range(n) if row != out])
            fewer = {key: values[kept.to(values.device)] for key, values in rows.items()}
            if moved := _moved(whole, _gradients(player, losses, fewer, n - 1, _Replay(kept, replay.drawn)), kept):
                return {Coupling.RECORDS: f"without record {out}, the {moved} of another record changes in {name!r}"}
    except UsageError as error:
        return {Coupling.RECORDS: f"the records of {name!r} cannot be told apart. {error}"}
    return {}


def _gradients(
    player: Player, losses: Callable[[Rows], Tensor], rows: Rows, n: int, replay: _Replay
) -> tuple[Tensor, Gradients]:
    tape = Tape(player.network, functorch=False)
    try:
        with torch.enable_grad(), tape.on(n), replay:
            found = losses(rows)
        return found.detach(), tape.gradients(found, fold=False, check=True)
    finally:
        tape.close()


def _moved(whole: tuple[Tensor, Gradients], fewer: tuple[Tensor, Gradients], kept: Tensor) -> str:
    """What moved beyond rounding: ``loss``, ``gradient``, or nothing."""
    at = kept.to(whole[0].device)
    before, after = whole[0][at], fewer[0]
    if ((before - after).abs() > TOLERANCE * (1 + before.abs())).any():
        return "loss"
    size, off = torch.zeros_like(after), torch.zeros_like(after)
    for parameter in whole[1].parameters:
        one, other = whole[1].whole(parameter)[at], fewer[1].whole(parameter)
        size += one.flatten(1).square().sum(1)
        off += (one - other).flatten(1).square().sum(1)
    return "gradient" if (off.sqrt() > TOLERANCE * (1e-6 + size.sqrt())).any() else ""


class _Passes:
    """Counts the rows of each pass through a network."""

    def __init__(self, network: nn.Module) -> None:
        self._network, self._handle = network, None  # type: Any, Any
        self.rows: list[int] = []

    def __enter__(self) -> Self:
        self._handle = self._network.register_forward_pre_hook(self._count, with_kwargs=True)
        return self

    def _count(self, module: nn.Module, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        del module
        tensors = [value for value in (*given, *named.values()) if isinstance(value, Tensor) and value.dim()]
        if tensors:
            self.rows.append(len(tensors[0]))

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.remove()


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every weight and buffer, those included that are not saved."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _changed(player: Player, state: Mapping[str, Tensor]) -> dict[Coupling, str]:
    """Changes by value: some kernels write to running statistics without leaving a trace that `Untouched` sees."""
    after = _tensors(player.network)
    names = [name for name, value in state.items() if not torch.equal(after[name], value)]
    if not names:
        return {}
    return {Coupling.CHANGES: f"computing the losses of {player.name!r} changes {', '.join(names[:5])}"}


def _restore(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in _tensors(network).items():
            if not torch.equal(value, state[name]):
                value.copy_(state[name])
