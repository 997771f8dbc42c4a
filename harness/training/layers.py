"""Which formula gives the gradients of single records at a layer.

Layers without a formula here go through Opacus: its registered samplers where one holds, else ``torch.func``, which
runs the layer again for each record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from opacus.grad_sample import GradSampleHooks
from opacus.grad_sample.functorch import ft_compute_per_sample_gradient
from torch import Tensor, nn
from torch.nn import functional

from harness.training.shares import Outer, Patches, Share, Whole

__all__ = ["can_fold", "has_formula", "layers_of", "shares_of"]

Pair = tuple[nn.Parameter, Share]


def _is_linear_transposed(layer: nn.Module) -> bool:
    """GPT-2's linear layer keeps its matrix the other way round; named, so that transformers need not be imported."""
    return (type(layer).__module__, type(layer).__name__) == ("transformers.pytorch_utils", "Conv1D")


def _is_root_mean_square(layer: nn.Module) -> bool:
    """The normalisation of Llama and its kin in transformers: all have one formula, and ``variance_epsilon``."""
    kin = {"LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm", "SmolLM3RMSNorm"}
    return type(layer).__module__.startswith("transformers.models.") and type(layer).__name__ in kin


def _is_plain_convolution(layer: nn.Module) -> bool:
    return (
        type(layer) in {nn.Conv2d, nn.ConvTranspose2d}
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )


def _is_embedding(layer: nn.Module) -> bool:
    return type(layer) is nn.Embedding and layer.max_norm is None and not layer.scale_grad_by_freq


def _sampled_by_opacus(layer: nn.Module) -> bool:
    """Whether Opacus has a formula that holds for this very layer: it overlooks padding modes and absent biases."""
    if getattr(layer, "padding_mode", "zeros") != "zeros":
        return False
    if type(layer) in {nn.Embedding, nn.EmbeddingBag}:
        return False
    return type(layer) in GradSampleHooks.GRAD_SAMPLERS


def has_formula(layer: nn.Module, *, functorch: bool = False) -> bool:
    """Whether the gradients of ``layer`` come from a formula; if not, ``torch.func`` runs it record by record.

    With ``functorch`` only embeddings do: Opacus takes whole numbers as input for a request of mixed precision.
    """
    if functorch or _is_embedding(layer):
        return _is_embedding(layer)
    own = type(layer) in {nn.Linear, nn.LayerNorm} or _is_plain_convolution(layer)
    return own or _is_linear_transposed(layer) or _is_root_mean_square(layer) or _sampled_by_opacus(layer)


def can_fold(layer: nn.Module) -> bool:
    """Whether norms of the gradients of ``layer`` can be had without the gradients, where that is less work."""
    return (
        type(layer) is nn.Linear or _is_linear_transposed(layer) or _is_embedding(layer) or _is_plain_convolution(layer)
    )


def layers_of(network: nn.Module, *, functorch: bool = False) -> Iterator[tuple[str, nn.Module]]:
    """Modules that hold trained parameters themselves, by name; what is inside a layer without a formula is its own."""
    yield from _layers("", network, functorch=functorch)


def _layers(name: str, module: nn.Module, *, functorch: bool) -> Iterator[tuple[str, nn.Module]]:
    if any(parameter.requires_grad for parameter in module.parameters(recurse=False)):
        yield name, module
        if not has_formula(module, functorch=functorch):
            return
    for child, inner in module.named_children():
        yield from _layers(f"{name}.{child}" if name else child, inner, functorch=functorch)


def shares_of(layer: nn.Module, given: Sequence[Any], grads: Tensor, *, functorch: bool) -> Iterator[Pair]:
    """What one use of ``layer`` adds to the gradients of its parameters with ``requires_grad``.

    Args:
        layer: The layer.
        given: Its positional inputs, detached, records along the first axis.
        grads: Gradient of the summed losses by its output, records along the first axis.
        functorch: As for `has_formula`.
    """
    for parameter, share in _shares(layer, given, grads, functorch=functorch):
        if parameter is not None and parameter.requires_grad:
            yield parameter, share


def _shares(layer: Any, given: Sequence[Any], grads: Tensor, *, functorch: bool) -> Iterator[Any]:
    if not has_formula(layer, functorch=functorch):
        found = ft_compute_per_sample_gradient(layer, list(given), grads)
        yield from ((parameter, Whole(each)) for parameter, each in found.items())
    elif type(layer) is nn.Linear:
        yield layer.weight, Outer(_places(grads), _places(given[0]), layer.out_features)
        yield layer.bias, Whole(_places(grads).sum(1))
    elif _is_linear_transposed(layer):
        yield layer.weight, Outer(_places(given[0]), _places(grads), layer.weight.shape[0])
        yield layer.bias, Whole(_places(grads).sum(1))
    elif _is_embedding(layer):
        yield layer.weight, _looked_up(layer, given[0], grads)
    elif _is_plain_convolution(layer):
        image, signal = (grads, given[0]) if isinstance(layer, nn.ConvTranspose2d) else (given[0], grads)
        yield layer.weight, Patches(layer, image.unsqueeze(1), signal.unsqueeze(1))
        yield layer.bias, Whole(grads.sum((2, 3)))
    elif type(layer) is nn.LayerNorm:
        scaled = functional.layer_norm(given[0], layer.normalized_shape, eps=layer.eps) * grads
        kept = len(layer.normalized_shape)
        yield layer.weight, Whole(_all_but(scaled, kept))
        yield layer.bias, Whole(_all_but(grads, kept))
    elif _is_root_mean_square(layer):
        yield layer.weight, Whole(_all_but(_normalised(given[0], layer.variance_epsilon) * grads, 1))
    else:
        found = GradSampleHooks.GRAD_SAMPLERS[type(layer)](layer, list(given), grads)
        yield from ((parameter, Whole(each)) for parameter, each in found.items())


def _places(values: Tensor) -> Tensor:
    """``[batch, …, n]`` as ``[batch, places, n]``."""
    return values.unsqueeze(1) if values.dim() == 2 else values.flatten(1, -2)


def _all_but(values: Tensor, kept: int) -> Tensor:
    """Sum over the axes between the records and the last ``kept`` ones."""
    over = tuple(range(1, values.dim() - kept))
    return values.sum(over) if over else values


def _normalised(values: Tensor, epsilon: float) -> Tensor:
    return values * torch.rsqrt(values.pow(2).mean(-1, keepdim=True) + epsilon)


def _looked_up(layer: nn.Embedding, rows: Tensor, grads: Tensor) -> Outer:
    rows = rows.flatten(1) if rows.dim() > 1 else rows.unsqueeze(1)
    right = grads.reshape(len(rows), rows.shape[1], -1)
    if layer.padding_idx is not None:
        right = right * (rows != layer.padding_idx).unsqueeze(2)
    return Outer(rows, right, layer.num_embeddings)
