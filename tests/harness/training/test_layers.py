"""Every formula for the gradients of single records, beside the record alone; and what must not be given one."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.pytorch_utils import Conv1D

from harness.training.layers import can_fold, has_formula, layers_of
from harness.training.per_record import Tape


class Sine(nn.Module):
    """A layer that nobody has a formula for."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6))

    def forward(self, x):
        return torch.sin(x) * self.weight


def whole_numbers(*shape):
    return torch.randint(0, 7, shape, generator=torch.Generator().manual_seed(1))


def image(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


# Layer and input of five records.
LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), image(5, 6)),
    "linear over places": (lambda: nn.Linear(6, 4), image(5, 3, 6)),
    "linear over a grid of places": (lambda: nn.Linear(6, 4, bias=False), image(5, 2, 3, 6)),
    "linear, wide, over few places": (lambda: nn.Linear(60, 40), image(5, 2, 60)),
    "linear of transformers' gpt2": (lambda: Conv1D(4, 6), image(5, 3, 6)),
    "embedding": (lambda: nn.Embedding(7, 4), whole_numbers(5, 3)),
    "embedding of one place": (lambda: nn.Embedding(7, 4), whole_numbers(5)),
    "embedding with padding": (lambda: nn.Embedding(7, 4, padding_idx=2), whole_numbers(5, 6)),
    "embedding, wide": (lambda: nn.Embedding(7, 300), whole_numbers(5, 2)),
    "layer norm": (lambda: nn.LayerNorm(6), image(5, 3, 6)),
    "layer norm over two axes": (lambda: nn.LayerNorm((3, 6)), image(5, 3, 6)),
    "layer norm without bias": (lambda: nn.LayerNorm(6, bias=False), image(5, 6)),
    "root mean square": (lambda: LlamaRMSNorm(6), image(5, 3, 6)),
    "group norm": (lambda: nn.GroupNorm(2, 6), image(5, 6, 4, 4)),
    "instance norm": (lambda: nn.InstanceNorm2d(6, affine=True), image(5, 6, 4, 4)),
    "convolution": (lambda: nn.Conv2d(2, 3, 3, padding=1), image(5, 2, 8, 8)),
    "convolution with strides": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), image(5, 2, 9, 7)),
    "convolution with holes": (lambda: nn.Conv2d(2, 3, (3, 2), padding=2, dilation=2), image(5, 2, 8, 8)),
    "convolution of single cells": (lambda: nn.Conv2d(2, 3, 1, bias=False), image(5, 2, 8, 8)),
    "convolution, many channels, few places": (lambda: nn.Conv2d(64, 64, 3, padding=1), image(5, 64, 2, 2)),
    "convolution over many places": (lambda: nn.Conv2d(1, 2, 3, padding=1), image(5, 1, 28, 28)),
    "transposed convolution": (lambda: nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), image(5, 3, 4, 4)),
    "transposed, many channels": (lambda: nn.ConvTranspose2d(64, 64, 3, padding=1), image(5, 64, 2, 2)),
    "convolution in groups": (lambda: nn.Conv2d(4, 4, 3, padding=1, groups=2), image(5, 4, 6, 6)),
    "convolution that reflects": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), image(5, 2, 6, 6)),
    "convolution with padding by name": (lambda: nn.Conv2d(2, 3, 3, padding="same"), image(5, 2, 6, 6)),
    "convolution of one axis": (lambda: nn.Conv1d(2, 3, 3, padding=1), image(5, 2, 8)),
    "no formula": (Sine, image(5, 3, 6)),
}


def alone(layer, x, weigh):
    for place in range(len(x)):
        loss = weigh(layer(x[place : place + 1]))[0]
        yield torch.autograd.grad(loss, list(layer.parameters()))


def weigh(output):
    """A loss of each record whose gradient differs from place to place."""
    flat = output.flatten(1)
    return (flat * torch.linspace(-1, 2, flat.shape[1])).sum(1) + flat.square().sum(1)


@pytest.mark.parametrize("functorch", [False, True], ids=["formulas", "functorch"])
@pytest.mark.parametrize("fold", [False, True], ids=["formed", "folded"])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_and_norms_of_a_layer_are_those_of_each_record_alone(name, fold, functorch):
    make, x = LAYERS[name]
    torch.manual_seed(2)
    net = nn.Sequential(make())
    tape = Tape(net, functorch=functorch)
    with tape.on(5):
        losses = weigh(net(x))
    found = tape.gradients(losses, fold=fold, check=True)
    tape.close()
    factors = torch.tensor([0.0, 1.0, 0.5, 2.0, 1.0])
    singles = list(alone(net[0], x, weigh))
    for number, parameter in enumerate(net.parameters()):
        expected = torch.stack([single[number] for single in singles])
        scale = float(expected.abs().max())
        assert scale > 0
        assert float((found.whole(parameter) - expected).abs().max()) < 1e-5 * max(1.0, scale)
        blended = torch.einsum("b,b...->...", factors, expected)
        assert float((found.blend(factors)[parameter] - blended).abs().max()) < 3e-5 * max(1.0, scale)
    norms = torch.stack([torch.cat([part.flatten() for part in single]).norm() for single in singles])
    torch.testing.assert_close(found.squared_norms().sqrt(), norms, rtol=1e-4, atol=1e-5)
    assert bool((found.squared_norms().sqrt() >= norms * (1 - 1e-6)).all())
    # A graph would keep every micro-batch in memory until the last one is added up.
    assert not any(each.requires_grad for each in found.blend(factors).values())


@pytest.mark.parametrize("fold", [False, True], ids=["formed", "folded"])
def test_several_passes_through_one_layer_add_up_record_by_record(fold):
    torch.manual_seed(2)
    layer, table = nn.Linear(6, 40), nn.Embedding(9, 6)
    net = nn.ModuleDict({"layer": layer, "table": table})
    x, rows = image(5, 2, 6), whole_numbers(5, 2)

    def losses(of=slice(None)):
        seen = layer(x[of]) + layer(table(rows[of])) * 0.5
        # The table once more, as tied embeddings are: as the matrix that predicts.
        return weigh(seen) + weigh(table((rows[of] + 1) % 9))

    tape = Tape(net, functorch=False)
    with tape.on(5):
        together = losses()
    found = tape.gradients(together, fold=fold, check=True)
    tape.close()
    squares = torch.zeros(5)
    for place in range(5):
        single = torch.autograd.grad(losses(slice(place, place + 1))[0], list(net.parameters()))
        for parameter, expected in zip(net.parameters(), single, strict=True):
            torch.testing.assert_close(found.whole(parameter)[place], expected, rtol=1e-4, atol=1e-4)
            squares[place] += expected.square().sum()
    torch.testing.assert_close(found.squared_norms(), squares, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Embedding(4, 4, max_norm=1.0),
        nn.Embedding(4, 4, scale_grad_by_freq=True),
        nn.EmbeddingBag(4, 4),
        Sine(),
        nn.LSTM(4, 4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_whose_formula_would_not_hold_is_not_folded(layer):
    assert not can_fold(layer)


def test_a_class_of_the_same_name_elsewhere_is_not_taken_for_the_library_s():
    class Conv1D(nn.Linear):
        """Not the one of transformers."""

    class LlamaRMSNorm(nn.LayerNorm):
        """Likewise."""

    assert not has_formula(Conv1D(3, 3))
    assert not has_formula(LlamaRMSNorm(3))


def test_layers_are_those_that_hold_trained_weights_and_what_is_inside_of_one_without_a_formula_is_its_own():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))
            self.inner = nn.Linear(3, 3)

    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), Own(), nn.Linear(3, 3).requires_grad_(False))
    assert [name for name, _ in layers_of(net)] == ["0", "2"]
    assert [name for name, _ in layers_of(nn.Sequential(nn.Embedding(3, 3), nn.Linear(3, 3)), functorch=True)] == [
        "0",
        "1",
    ]
