"""What one use of one layer adds to the gradient of one parameter, record by record or summed.

Each share knows only what the layer was given and the gradient of what it returned. It can tell the gradient of each
record (`whole`), or, without forming it, norms or inner products (`norms`, `meet`) and a weighted sum over records
(`blend`). The first needs memory of the parameter's size for each record; the others do not.

Linear layers and embeddings: Li et al. (2021), arXiv:2110.05679, section 4; choosing layer by layer: Bu et al. (2022),
arXiv:2205.10683; the weighted sum without a second backward pass: Bu et al. (2022), arXiv:2210.00038.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Outer", "Patches", "Share", "Whole", "add", "merge"]

# Rounding in a sum of products is bounded by a multiple of the sum of their sizes. Squared norms are rounded up by
# this multiple, so that where terms cancel a record is clipped a little too much and never too little.
ROUND_UP = 4 * torch.finfo(torch.float32).eps

LOOPED = 700
"""Places above which the records of a convolution are taken one at a time."""


class Share(Protocol):
    """What one use of one layer adds to the gradient of one parameter."""

    def whole(self) -> Tensor:
        """The gradient of each record, ``[batch, *parameter.shape]``."""

    def blend(self, factors: Tensor) -> Tensor:
        """Sum over records of ``factors[record]`` times its gradient, of the parameter's shape."""


def _squared(product: Tensor) -> Tensor:
    """Sum of ``product`` over all but the first axis, rounded up."""
    flat = product.flatten(1)
    return flat.sum(1) + ROUND_UP * flat.abs().sum(1)


@dataclass(frozen=True, slots=True)
class Whole:
    """A gradient that was formed for each record: ``[batch, *parameter.shape]``."""

    grads: Tensor

    def whole(self) -> Tensor:
        """The gradient of each record."""
        return self.grads

    def norms(self) -> Tensor:
        """Squared norm of each record's gradient, ``[batch]``."""
        laid, _ = self._as_it_lies()
        return torch.linalg.vector_norm(laid.flatten(1), dim=1).square()

    def blend(self, factors: Tensor) -> Tensor:
        """Weighted sum over records."""
        laid, back = self._as_it_lies()
        return (factors @ laid.flatten(1)).view(laid.shape[1:]).permute(back)

    def _as_it_lies(self) -> tuple[Tensor, tuple[int, ...]]:
        """The gradients with axes in the order of memory, so that flattening copies nothing, and the way back."""
        if self.grads.is_contiguous():
            return self.grads, tuple(range(self.grads.dim() - 1))
        axes = sorted(range(1, self.grads.dim()), key=lambda axis: -self.grads.stride(axis))
        back = tuple(axes.index(axis) for axis in range(1, self.grads.dim()))
        return self.grads.permute(0, *axes), back


@dataclass(frozen=True, slots=True)
class Outer:
    """A matrix whose gradient is, for each record, a sum of outer products over places: linear layers, embeddings.

    Attributes:
        left: ``[batch, places, rows]``; or, for an embedding, row numbers ``[batch, places]``: one-hot vectors.
        right: ``[batch, places, columns]``.
        rows: Rows of the matrix.
    """

    left: Tensor
    right: Tensor
    rows: int

    def whole(self) -> Tensor:
        """The gradient of each record, ``[batch, rows, columns]``."""
        if self.left.is_floating_point():
            return torch.bmm(self.left.transpose(1, 2), self.right)
        batch, columns = len(self.right), self.right.shape[2]
        at = self.left + torch.arange(batch, device=self.left.device)[:, None] * self.rows
        flat = self.right.new_zeros(batch * self.rows, columns)
        return flat.index_add_(0, at.flatten(), self.right.flatten(0, 1)).view(batch, self.rows, columns)

    def meet(self, other: Outer) -> Tensor:
        """Inner product of both gradients for each record, ``[batch]``, from inner products between places."""
        product = _between(self.left, other.left).mul_(torch.bmm(self.right, other.right.transpose(1, 2)))
        return _squared(product)

    def blend(self, factors: Tensor) -> Tensor:
        """Weighted sum over records, ``[rows, columns]``: one matrix product, as in an ordinary backward pass."""
        if not self.left.is_floating_point():
            scaled = (self.right * factors[:, None, None]).flatten(0, 1)
            return scaled.new_zeros(self.rows, scaled.shape[1]).index_add_(0, self.left.flatten(), scaled)
        left, right = self.left, self.right
        if left.shape[2] < right.shape[2]:
            left = left * factors[:, None, None]
        else:
            right = right * factors[:, None, None]
        return left.flatten(0, 1).T @ right.flatten(0, 1)

    def folds(self) -> bool:
        """Whether inner products between places are less work, and less memory, than the gradients themselves."""
        places, rows, columns = self.right.shape[1], self.rows, self.right.shape[2]
        across = rows + columns if self.left.is_floating_point() else columns
        return bool(places * across <= rows * columns)


def _between(one: Tensor, other: Tensor) -> Tensor:
    """Inner products of the vectors at each pair of places, ``[batch, places, places]``; row numbers are one-hot."""
    if one.is_floating_point() and other.is_floating_point():
        return torch.bmm(one, other.transpose(1, 2))
    if one.is_floating_point():
        return one.gather(2, other[:, None, :].expand(-1, one.shape[1], -1))
    if other.is_floating_point():
        return _between(other, one).transpose(1, 2).clone()
    return (one[:, :, None] == other[:, None, :]).to(torch.float32)


@dataclass(frozen=True, slots=True)
class Patches:
    """The kernel of a two-dimensional convolution: correlations of ``signal`` with shifted views of ``image``.

    In a convolution the image is the input and the signal the output's gradient; transposed, the other way round.

    Attributes:
        layer: The layer; without groups, padded with zeros.
        image: ``[batch, uses, channels, height, width]``.
        signal: ``[batch, uses, channels, height, width]``, the shape that convolving ``image`` would give.
    """

    layer: nn.Conv2d | nn.ConvTranspose2d
    image: Tensor
    signal: Tensor

    def _correlate(self, image: Tensor, signal: Tensor) -> Tensor:
        """The kernel's gradient, summed over the first axis of both: ``[rows, channels, height, width]``."""
        layer, only = self.layer, (False, True, False)
        # Of the weight only its shape is read; a graph from it would keep image and signal in memory.
        weight = layer.weight.detach()
        found: Sequence[Tensor] = torch.ops.aten.convolution_backward(
            signal, image, weight, None, layer.stride, _padding(layer), layer.dilation, False, (0, 0), 1, only
        )
        return found[1]

    def whole(self) -> Tensor:
        """The gradient of each record, ``[batch, *weight.shape]``."""
        layer, batch, places = self.layer, len(self.image), self.signal[0, 0, 0].numel()
        if self.image.device.type == "cpu" and places > LOOPED:
            # On processors the library's kernel, one record at a time, then needs up to a third less.
            grads = self.image.new_empty(batch, *layer.weight.shape)
            for into, image, signal in zip(grads, self.image, self.signal, strict=True):
                into.copy_(self._correlate(image, signal))
            return grads
        signals = self.signal.flatten(3).transpose(1, 2).flatten(2)
        # One product for each row of the kernel.
        found = torch.stack([torch.bmm(signals, seen) for seen in self._seen_by_rows()], 2)
        rows, channels, high, wide = layer.weight.shape
        return found.view(batch, rows, high, wide, channels).permute(0, 1, 4, 2, 3)

    def _seen_by_rows(self) -> Iterator[Tensor]:
        """What each row of the kernel sees at each place, ``[batch, uses * places, kernel width * channels]``.

        Channels last: then whole runs of memory are copied, which is up to three times as fast as unfolding. They are
        copied for one row of the kernel alone: the others see the same, further up or down.
        """
        layer, (up, left) = self.layer, _padding(self.layer)
        image = functional.pad(self.image.flatten(0, 1).permute(0, 2, 3, 1), (0, 0, left, left, up, up)).contiguous()
        (down, across), (apart, aside) = layer.stride, layer.dilation
        (high, wide), (count, height, _, channels) = self.signal.shape[3:], image.shape
        one, row, column, channel = image.stride()
        shape, strides = (wide, layer.kernel_size[1], channels), (column * across, column * aside, channel)
        seen = image.as_strided((count, height, *shape), (one, row, *strides)).contiguous().flatten(3)
        for first in range(0, layer.kernel_size[0] * apart, apart):
            yield seen[:, first : first + down * (high - 1) + 1 : down].reshape(len(self.image), -1, seen.shape[3])

    def norms(self) -> Tensor:
        """Squared norm of each record's gradient for a single use, ``[batch]``, from inner products between places.

        The inner product of two shifted views is a sum, over the kernel's cells, of inner products of pixels.
        """
        flat, (height, width), (high, wide) = self.image[:, 0].flatten(2), self.image.shape[3:], self.signal.shape[3:]
        # Records last, so that the additions run over contiguous memory.
        pixels = torch.bmm(flat.transpose(1, 2), flat).flatten(1).T.contiguous()
        rows = _shifted(pixels.view(height, width, height, width, -1), 0, high, self.layer)
        views = _shifted(rows, 1, wide, self.layer).flatten(0, 3)
        flat = self.signal[:, 0].flatten(2)
        return _squared(torch.bmm(flat.transpose(1, 2), flat).flatten(1).mul_(views.T))

    def blend(self, factors: Tensor) -> Tensor:
        """Weighted sum over records, of the kernel's shape: one call, as in an ordinary backward pass."""
        scale = factors[:, None, None, None, None]
        if self.signal[0].numel() < self.image[0].numel():
            return self._correlate(self.image.flatten(0, 1), (self.signal * scale).flatten(0, 1))
        return self._correlate((self.image * scale).flatten(0, 1), self.signal.flatten(0, 1))

    def folds(self) -> bool:
        """Whether inner products between places are less work than the gradients themselves."""
        places, pixels = self.signal[0, 0, 0].numel(), self.image[0, 0, 0].numel()
        # Besides the products, each pair of places is read and written some thirty times.
        folded = pixels**2 * (self.image.shape[2] + 30) + places**2 * (self.signal.shape[2] + 30)
        return self.image.shape[1] == 1 and bool(2 * folded <= places * self.layer.weight.numel())


def _shifted(pairs: Tensor, axis: int, size: int, layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    """Sum over the kernel's cells along one axis of ``pairs`` moved to where the cell looks, with zeros around.

    Args:
        pairs: ``[rows, columns, rows, columns, batch]``: a number for each pair of pixels.
        axis: 0 for rows, 1 for columns.
        size: Places of the output along the axis.
        layer: Gives kernel, stride, padding and dilation.
    """
    shape = list(pairs.shape)
    length, shape[axis], shape[axis + 2] = shape[axis], size, size
    total = pairs.new_zeros(shape)
    stride, padding, dilation = layer.stride[axis], _padding(layer)[axis], layer.dilation[axis]
    for cell in range(layer.kernel_size[axis]):
        offset = cell * dilation - padding
        first, last = max(0, -(offset // stride)), min(size - 1, (length - 1 - offset) // stride)
        if first <= last:
            count, start = last - first + 1, first * stride + offset
            end = start + (count - 1) * stride + 1
            into, source = slice(first, last + 1), slice(start, end, stride)
            if axis == 0:
                total[into, :, into] += pairs[source, :, source]
            else:
                total[:, into, :, into] += pairs[:, source, :, source]
    return total


def _padding(layer: nn.Conv2d | nn.ConvTranspose2d) -> tuple[int, int]:
    up, left = layer.padding
    return int(up), int(left)


def merge(shares: Sequence[Share]) -> list[Share]:
    """The same sum from fewer shares: uses of one kind are laid side by side, as more places or images."""
    alike: dict[tuple[object, ...], list[Share]] = {}
    for share in shares:
        alike.setdefault(_kind(share), []).append(share)
    return [its[0] if len(its) == 1 else _joined(its) for its in alike.values()]


def _kind(share: Share) -> tuple[object, ...]:
    if isinstance(share, Outer):
        return Outer, share.left.is_floating_point()
    return (Patches, id(share.layer), share.image.shape[2:]) if isinstance(share, Patches) else (Whole,)


def _joined(shares: Sequence[Share]) -> Share:
    first = shares[0]
    outers = [share for share in shares if isinstance(share, Outer)]
    patches = [share for share in shares if isinstance(share, Patches)]
    if isinstance(first, Outer):
        left, right = torch.cat([one.left for one in outers], 1), torch.cat([one.right for one in outers], 1)
        return Outer(left, right, first.rows)
    if isinstance(first, Patches):
        image, signal = torch.cat([one.image for one in patches], 1), torch.cat([one.signal for one in patches], 1)
        return Patches(first.layer, image, signal)
    return Whole(add(share.whole() for share in shares))


def add(parts: Iterable[Tensor]) -> Tensor:
    """Sum of one tensor or more, without the zero that `sum` would start from."""
    each = iter(parts)
    total = next(each)
    for part in each:
        total = total + part
    return total
