"""Whether the records of a network can be told apart, and how: what is refused, and which mode is chosen."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from harness.errors import UsageError
from harness.models.generator import Player
from harness.training.layers import can_fold, has_formula, layers_of
from harness.training.recipe import Mode

__all__ = ["Untouched", "choose", "reasons_against", "refuse", "refuse_other_parameters"]


def refuse(player: Player) -> None:
    """Refuse a player whose records cannot be told apart.

    Raises:
        UsageError: names every layer that couples records or changes by itself, and what to use instead.
    """
    if player.record_losses is None:
        raise UsageError(f"The player {player.name!r} sees no records: it needs no private step.")
    if reasons := reasons_against(player.network):
        raise UsageError(f"The network {player.name!r} cannot be trained with privacy: {'; '.join(reasons)}.")
    if not any(parameter.requires_grad for parameter in player.network.parameters()):
        raise UsageError(f"The network {player.name!r} has no parameter to train: every one is frozen.")


def reasons_against(network: nn.Module) -> list[str]:
    """Why records cannot be told apart in ``network``, as it stands; empty where nothing is known against it."""
    named = {name: reason for name, module in network.named_modules() if (reason := _reason(module))}
    for name, layer in layers_of(network):
        inside = any(reason == name or reason.startswith(f"{name}.") for reason in named)
        if not has_formula(layer) and next(layer.buffers(), None) is not None and not inside:
            named[name] = "has trained weights, no formula, and buffers"
    modules = dict(network.named_modules())
    return [f"{name or 'it'} ({type(modules[name]).__name__}) {reason}" for name, reason in named.items()]


def _reason(module: Any) -> str:
    """Why this module itself is refused; empty where it is not."""
    if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  the one class all of them have in common
        # With frozen statistics it treats each record alone; whether it has weights makes no difference.
        couples = module.training or module.running_mean is None
        return "computes each record from the statistics of its batch: use GroupNorm" if couples else ""
    if isinstance(module, nn.modules.instancenorm._InstanceNorm):  # noqa: SLF001  likewise
        return "keeps statistics of the records: set track_running_stats=False" if module.track_running_stats else ""
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        return "uses its weights outside of layers: use those of opacus.layers, or attention made of Linear"
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        if module.max_norm is not None:
            return "rescales its weights in passing, outside of the private optimizer: set max_norm=None"
        if module.scale_grad_by_freq:
            return "divides gradients by counts over the batch: set scale_grad_by_freq=False"
    hooks = {type(hook).__name__ for hook in module._forward_pre_hooks.values()}  # noqa: SLF001  the older form of it
    if type(module).__name__ == "_SpectralNorm" or "SpectralNorm" in hooks:
        return "has spectral normalisation, whose buffers change with each pass: use weight_norm"
    return ""


def choose(network: nn.Module, expected_batch: float, mode: Mode) -> tuple[Mode, str]:
    """The mode for ``network``, and why.

    ghost: a layer's gradients are formed for each record only where inner products between the places of a record
    would be more work or memory; norms do without them. hooks: they are formed at every layer. functorch: they are
    formed, and ``torch.func`` finds them, whatever the layer. All three give the same sums.

    Raises:
        UsageError: ghost is asked for, and no layer can do without.
    """
    layers = [layer for _, layer in layers_of(network)]
    folding = sum(can_fold(layer) for layer in layers)
    weights = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    size = f"{4 * weights * max(1.0, expected_batch) / 2**20:.0f} MiB"
    if mode == "ghost" and not folding:
        raise UsageError("No layer of this network has norms without gradients (ghost). Use the mode hooks or auto.")
    if mode != "auto":
        return mode, "as asked for"
    if folding:
        return "ghost", f"{folding} of {len(layers)} layers can do without forming gradients, {size} for a whole batch"
    if any(has_formula(layer) for layer in layers):
        return "hooks", f"gradients of a whole batch, {size}, are formed from formulas: no layer has norms without"
    return "functorch", "no layer has a formula"


def refuse_other_parameters(player: Player, optimizer: torch.optim.Optimizer) -> None:
    """Refuse an optimizer that does not hold exactly the trained parameters of the player's network.

    Raises:
        UsageError: says how many are too many and too few.
    """
    held = {id(each) for group in optimizer.param_groups for each in group["params"] if each.requires_grad}
    own = {id(parameter) for parameter in player.network.parameters() if parameter.requires_grad}
    if held != own:
        raise UsageError(
            f"The optimizer of {player.name!r} holds {len(held - own)} trained parameters that its network has not, and"
            f" lacks {len(own - held)} that it has: give it exactly those, so that none changes without noise."
        )


class Untouched:
    """Watches weights and buffers of a network for changes; made once, so that each look is quick.

    Args:
        player: Whose network.
    """

    def __init__(self, player: Player) -> None:
        self._player = player.name
        self._places: list[tuple[str, dict[str, Any], str]] = [
            (f"{where}.{name}".lstrip("."), held, name)
            for where, module in player.network.named_modules()
            for held in (module._parameters, module._buffers)  # noqa: SLF001  where a tensor may be replaced
            for name, tensor in held.items()
            if tensor is not None
        ]

    def look(self) -> list[tuple[int, int]]:
        """Which tensors are there, and how often each was written to."""
        found = (held[name] for _, held, name in self._places)
        return [(id(each), each._version) for each in found]  # noqa: SLF001  torch has no public count

    def refuse_changes(self, before: list[tuple[int, int]]) -> None:
        """Refuse losses that changed the network since ``before``.

        Raises:
            UsageError: names what was changed.
        """
        after = self.look()
        if after != before:
            changed = [place[0] for place, one, other in zip(self._places, before, after, strict=True) if one != other]
            raise UsageError(
                f"Computing the losses of {self._player!r} changes {', '.join(changed[:5])}: what depends on the"
                " records may change by private steps alone. Use layers without running statistics."
            )
