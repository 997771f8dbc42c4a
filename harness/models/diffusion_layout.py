"""How tensors lie in memory on their way through networks of diffusers."""

from __future__ import annotations

from typing import Any

from torch import nn

__all__ = ["lay_in_order"]


def lay_in_order(network: nn.Module) -> None:
    """Have every convolution of ``network`` see its input in the usual order in memory.

    Attention hands on pictures whose channels lie innermost. To a convolution that is all the same; but Opacus 1.6.0
    unfolds what it was given as if the width lay innermost, and so gets gradients of single records wrong, silently.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(_in_order)


def _in_order(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
    image, *others = given
    return image.contiguous(), *others
