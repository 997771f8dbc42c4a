"""Gradients of single records in one backward pass: noted at the layers, measured, clipped and summed.

Opacus runs the whole ordinary backward pass beside its own work and throws its result away. Here the pass stops at the
layers' outputs: what the layers were given and the gradients of what they returned suffice for everything else, so the
ordinary gradient of the batch is never formed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import torch
from opacus.grad_sample.functorch import prepare_layer
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge

from harness.errors import UsageError
from harness.training.layers import has_formula, layers_of, shares_of
from harness.training.shares import Outer, Patches, Share, Whole, add, merge

__all__ = ["Gradients", "Tape"]

SMALL = 512
"""Numbers in a parameter up to which the gradients of single records are joined with those of others."""


@dataclass(frozen=True, slots=True)
class _Use:
    """One call of one layer: what it was given, and where its output entered the graph."""

    name: str
    layer: nn.Module
    given: tuple[Any, ...]
    versions: tuple[int, ...]
    output: GradientEdge


@dataclass(slots=True)
class Tape:
    """Hooks on the layers of one network that note each use between ``with tape`` and its end.

    The network itself is not wrapped and not changed; `close` takes the hooks away.

    Attributes:
        network: The network.
        functorch: Run every layer through ``torch.func``.
    """

    network: nn.Module
    functorch: bool
    _uses: list[_Use] = field(default_factory=list)
    _hooks: list[Any] = field(default_factory=list)
    _on: bool = False
    _batch: int = 0

    def __post_init__(self) -> None:
        for name, layer in layers_of(self.network, functorch=self.functorch):
            if not has_formula(layer, functorch=self.functorch):
                prepare_layer(layer)  # Copies the layer, so before the hook is on it.
            self._hooks.append(layer.register_forward_hook(self._noter(name)))

    def _noter(self, name: str) -> Any:
        def note(layer: nn.Module, given: tuple[Any, ...], output: Any) -> None:
            if self._on and torch.is_grad_enabled():
                self._note(name, layer, given, output)

        return note

    def _note(self, name: str, layer: nn.Module, given: tuple[Any, ...], output: Any) -> None:
        if not isinstance(output, Tensor) or not given or not isinstance(given[0], Tensor):
            raise UsageError(
                f"The layer {name!r} ({type(layer).__name__}) does not turn one tensor into one tensor, so the"
                " gradients of single records cannot be told apart. Replace it, or train without privacy."
            )
        if not output.requires_grad:
            return
        for what, axis in (("input", given[0].shape[:1]), ("output", output.shape[:1])):
            if tuple(axis) != (self._batch,):
                raise UsageError(
                    f"The {what} of the layer {name!r} ({type(layer).__name__}) has {axis[0] if axis else 'no'} rows"
                    f" for {self._batch} records: every pass through a private network has one row for each record."
                    " Position numbers are given for each record; generated samples go into the free loss."
                )
        tensors = [each for each in given if isinstance(each, Tensor)]
        kept = tuple(each.detach() if isinstance(each, Tensor) else each for each in given)
        self._uses.append(_Use(name, layer, kept, _writes(tensors), get_gradient_edge(output)))

    def on(self, batch: int) -> Self:
        """Note the uses of the next ``with`` block, for ``batch`` records."""
        self._batch = batch
        return self

    def __enter__(self) -> Self:
        self._on = True
        self._uses.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on = False
        if kind is not None:
            self._uses.clear()

    def gradients(self, losses: Tensor, *, fold: bool, check: bool = False) -> Gradients:
        """Run backward from ``losses`` to the layers noted, and forget them.

        Args:
            losses: ``[batch]``, computed while the tape was on.
            fold: Use inner products between places where that is less work than the gradients themselves.
            check: Compare the sum over records with the ordinary gradient: costs one ordinary backward pass more.

        Raises:
            UsageError: an input was overwritten, the losses do not go through the network, or ``check`` found
                parameters whose gradient does not come through the layers.
        """
        uses, self._uses = self._uses, []
        if not uses or not losses.requires_grad:
            raise UsageError("The losses do not go through the network that they are to train.")
        for use in uses:
            _unchanged(use)
        total = losses.sum()
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        ordinary = torch.autograd.grad(total, trained, retain_graph=True, allow_unused=True) if check else ()
        found = torch.autograd.grad(total, [use.output for use in uses], allow_unused=True)
        shares: dict[nn.Parameter, list[Share]] = {parameter: [] for parameter in trained}
        with torch.no_grad():
            for use, grads in zip(uses, found, strict=True):
                if grads is not None:
                    for parameter, share in shares_of(use.layer, use.given, grads, functorch=self.functorch):
                        shares[parameter].append(share)
            gradients = Gradients(shares, len(losses), fold=fold)
            if check:
                gradients.compare(ordinary, {p: name for name, p in self.network.named_parameters()})
        return gradients

    def close(self) -> None:
        """Take every hook and attribute off the network."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._uses.clear()
        for module in self.network.modules():
            vars(module).pop("ft_compute_sample_grad", None)


def _unchanged(use: _Use) -> None:
    """Refuse inputs that were overwritten after the layer had read them: their formula would be wrong."""
    tensors = [each for each in use.given if isinstance(each, Tensor)]
    if _writes(tensors) != use.versions:
        raise UsageError(
            f"The input of the layer {use.name!r} was overwritten in place after the layer had read it, so the"
            " gradients of single records cannot be computed. Let what overwrites it return a new tensor instead."
        )


class Gradients:
    """The gradients of ``batch`` records by the parameters of one network, formed only where that is cheaper.

    Args:
        shares: For each parameter, what the uses of its layers add. None: the losses do not depend on it.
        batch: Number of records.
        fold: Use inner products between places where that is less work than the gradients themselves.
    """

    def __init__(self, shares: Mapping[nn.Parameter, Sequence[Share]], batch: int, *, fold: bool) -> None:
        self.batch = batch
        self._shares: dict[nn.Parameter, Sequence[Share]] = {}
        for parameter, uses in shares.items():
            its = merge(uses)
            folded = fold and _folds(its)
            self._shares[parameter] = its if folded or not its else [Whole(add(share.whole() for share in its))]
        # Small gradients side by side: what is done with each costs more than what it is done to.
        small = {
            parameter: its[0].grads.flatten(1)
            for parameter, its in self._shares.items()
            if its and isinstance(its[0], Whole) and parameter.numel() <= SMALL
        }
        self._small, self._joined = tuple(small), Whole(torch.cat([*small.values()], 1)) if small else None

    @property
    def parameters(self) -> tuple[nn.Parameter, ...]:
        """Every trained parameter of the network."""
        return tuple(self._shares)

    def whole(self, parameter: nn.Parameter) -> Tensor:
        """The gradient of each record by ``parameter``: ``[batch, *parameter.shape]``."""
        its = self._shares[parameter]
        return add(share.whole() for share in its) if its else parameter.new_zeros(self.batch, *parameter.shape)

    def squared_norms(self) -> Tensor:
        """Squared l2 norm of each record's gradient over all parameters, ``[batch]``, never below the true one."""
        found = [_squared_norm(its) for _, its in self._large() if its]
        if self._joined is not None:
            found.append(self._joined.norms())
        return torch.stack(found).sum(0)

    def blend(self, factors: Tensor) -> dict[nn.Parameter, Tensor]:
        """Sum over records of ``factors[record]`` times its gradient, by parameter."""
        found = {
            parameter: add(share.blend(factors).view(parameter.shape) for share in its)
            if its
            else torch.zeros_like(parameter)
            for parameter, its in self._large()
        }
        if self._joined is not None:
            sums = self._joined.blend(factors).split([parameter.numel() for parameter in self._small])
            found |= {parameter: its.view(parameter.shape) for parameter, its in zip(self._small, sums, strict=True)}
        return {parameter: found[parameter] for parameter in self._shares}

    def _large(self) -> list[tuple[nn.Parameter, Sequence[Share]]]:
        """Parameters whose gradients are not among those that were joined."""
        small = set(self._small)
        return [(parameter, its) for parameter, its in self._shares.items() if parameter not in small]

    def compare(self, ordinary: Sequence[Tensor | None], names: Mapping[nn.Parameter, str]) -> None:
        """Refuse parameters whose gradient is not the sum over records.

        Raises:
            UsageError: names them.
        """
        squares = self.squared_norms()
        # Where records pull apart, their sum has lost digits: what rounding may do goes by the sum of their norms.
        slack = 1e-5 * squares.sqrt().sum()
        wrong = []
        for (parameter, ours), theirs in zip(self.blend(torch.ones_like(squares)).items(), ordinary, strict=True):
            expected = torch.zeros_like(parameter) if theirs is None else theirs
            # A comparison that NaN fails is not a fault of the layers: records that are not finite are dropped later.
            if (ours - expected).norm() > 1e-3 * expected.norm() + slack:
                wrong.append(names[parameter])
        if wrong:
            raise UsageError(
                f"The gradient of {', '.join(wrong[:5])}{' and others' if wrong[5:] else ''} does not come through the"
                " layers that hold these parameters, so records cannot be told apart. Call each layer as a module, on"
                " the records, and use its parameters nowhere else."
            )


def _writes(tensors: Sequence[Tensor]) -> tuple[int, ...]:
    """How often each was written to."""
    return tuple(each._version for each in tensors)  # noqa: SLF001  torch has no public count


def _folds(shares: Sequence[Share]) -> bool:
    """Whether a parameter's gradients are better left unformed; several uses need inner products across them."""
    if len(shares) == 1 and isinstance(shares[0], Patches):
        return shares[0].folds()
    outers = [share for share in shares if isinstance(share, Outer)]
    return bool(outers) and len(outers) == len(shares) and all(share.folds() for share in outers)


def _squared_norm(shares: Sequence[Share]) -> Tensor:
    first = shares[0]
    if isinstance(first, Whole | Patches):
        return first.norms()
    outers = [share for share in shares if isinstance(share, Outer)]
    found = [
        outer.meet(other) if at == after else 2 * outer.meet(other)
        for at, outer in enumerate(outers)
        for after, other in enumerate(outers[at:], at)
    ]
    return add(found).clamp(min=0)
