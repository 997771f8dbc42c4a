"""Convolutional blocks of the image networks, and what is done with a whole network around a call.

Every layer treats each record alone, so that gradients of single records exist: groups, never batches, are normalised.
Upsampling is by repetition before an ordinary convolution; it leaves no chequerboard (a transposed convolution does),
and private training has a fast formula for it. Sizes are halved twice, so that any side divisible by 4 fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import gcd

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "device_of",
    "evaluating",
    "frozen",
    "halve",
    "in_passes",
    "one_hot",
    "project",
    "seeded_noise",
    "to_picture",
]

AT_ONCE = 256
"""Images in one pass; the memory of a pass does not grow with how many are asked for."""


def halve(wide: int, out: int) -> nn.Sequential:
    """From ``[n, wide, side, side]`` to ``[n, out, side / 2, side / 2]``, normalised and bent."""
    return nn.Sequential(nn.Conv2d(wide, out, 4, stride=2, padding=1), _normalise(out), nn.SiLU())


def project(length: int, wide: int, side: int) -> nn.Sequential:
    """From vectors ``[n, length]`` to ``[n, wide, side, side]``, normalised and bent."""
    return nn.Sequential(
        nn.Linear(length, wide * side * side), nn.Unflatten(1, (wide, side, side)), _normalise(wide), nn.SiLU()
    )


def to_picture(widths: tuple[int, int, int], channels: int) -> nn.Sequential:
    """From ``[n, widths[0], side, side]`` to pictures ``[n, channels, 4 side, 4 side]`` in [-1, 1]."""
    return nn.Sequential(
        _double(widths[0], widths[1]),
        _double(widths[1], widths[2]),
        nn.Conv2d(widths[2], channels, 3, padding=1),
        nn.Tanh(),
    )


def one_hot(labels: Tensor | None, classes: int, *, like: Tensor) -> Tensor:
    """Class numbers ``[n]`` as ``[n, classes]`` of zeros and ones; ``[n, 0]`` where there are no classes.

    Args:
        labels: Class numbers; None where there are no classes.
        classes: How many classes there are.
        like: ``[n, ...]``: the records they belong to; gives the number of rows, type and device.
    """
    if labels is None:
        return like.new_zeros((len(like), 0))
    return functional.one_hot(labels.to(like.device), classes).to(like.dtype)


def device_of(network: nn.Module) -> torch.device:
    """Where the weights are."""
    return next(network.parameters()).device


@contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Within it the networks are in evaluation mode and gradients are off; afterwards each is as it was."""
    modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for network, mode in zip(networks, modes, strict=True):
            network.train(mode)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Within it what passes through ``network`` gives its weights no gradient, though its inputs get theirs."""
    stepped = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in stepped:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in stepped:
            parameter.requires_grad_(True)


def _double(wide: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(wide, out, 3, padding=1), _normalise(out), nn.SiLU())


def _normalise(wide: int) -> nn.GroupNorm:
    return nn.GroupNorm(gcd(8, wide), wide)


def seeded_noise(seeds: Sequence[int], shape: Sequence[int]) -> Tensor:
    """Standard normal noise ``[n, *shape]`` on the CPU; each row depends on its own seed alone.

    It is what a pipeline of diffusers draws when it is handed one CPU generator for each image.
    """
    source = torch.Generator()
    rows = [torch.randn((1, *shape), generator=source.manual_seed(seed)) for seed in seeds]
    return torch.cat(rows) if rows else torch.empty((0, *shape))


def in_passes(network: nn.Module, through: Callable[[slice, Tensor], Tensor], rows: Tensor) -> Tensor:
    """``through(places, rows[places])`` for all of ``rows``, joined, on the CPU; at most `AT_ONCE` in a pass.

    Args:
        network: That is put in evaluation mode meanwhile, without gradients; rows are moved to its device.
        through: Given the places of some rows and these rows, one result for each.
        rows: ``[n, ...]``, at least one.
    """
    device = device_of(network)
    with evaluating(network):
        places = (slice(first, first + AT_ONCE) for first in range(0, len(rows), AT_ONCE))
        return torch.cat([through(at, rows[at].to(device)).cpu() for at in places])
