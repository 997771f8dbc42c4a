"""What one use of a layer adds: formed or not, the same gradients; and norms that rounding never makes too small."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harness.training.shares import Outer, Patches, Whole, add, merge

numbers = st.integers(1, 4)


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(sizes=st.tuples(numbers, numbers, numbers, numbers), seed=st.integers(0, 99), looked_up=st.booleans())
def test_sums_of_outer_products_need_not_be_formed(sizes, seed, looked_up):
    batch, places, rows, columns = sizes
    source = torch.Generator().manual_seed(seed)
    left = (
        torch.randint(rows, (batch, places), generator=source)
        if looked_up
        else torch.randn(batch, places, rows, generator=source)
    )
    one = Outer(left, drawn(seed + 1, batch, places, columns), rows)
    other = Outer(drawn(seed + 2, batch, 2, rows), drawn(seed + 3, batch, 2, columns), rows)
    hot = nn.functional.one_hot(left, rows).float() if looked_up else left
    formed = torch.einsum("bpr,bpc->brc", hot, one.right)
    torch.testing.assert_close(one.whole(), formed)
    torch.testing.assert_close(one.meet(one), formed.square().sum((1, 2)), rtol=1e-4, atol=1e-5)
    crossed = (formed * other.whole()).sum((1, 2))
    torch.testing.assert_close(one.meet(other), crossed, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(other.meet(one), crossed, rtol=1e-4, atol=1e-4)
    factors = drawn(seed + 4, batch)
    torch.testing.assert_close(one.blend(factors), torch.einsum("b,brc->rc", factors, formed), rtol=1e-4, atol=1e-5)


def test_a_norm_whose_terms_cancel_is_rounded_up():
    # Two places whose outer products all but cancel: the true squared norm is far below what rounding may do.
    left = torch.tensor([[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]])
    right = torch.tensor([[[1000.0, 500.0], [-1000.0, -500.0 + 2**-14]]])
    outer = Outer(left, right, 3)
    exact = torch.einsum("bpr,bpc->brc", left.double(), right.double()).square().sum()
    assert float(outer.meet(outer)) >= float(exact) > 0


@settings(max_examples=60)
@given(
    size=st.integers(5, 9),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    margin=st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 2), st.integers(1, 2)),
    kind=st.sampled_from([nn.Conv2d, nn.ConvTranspose2d]),
)
def test_convolutions_need_not_be_formed(size, kernel, stride, margin, kind):
    padding, dilation, transposed = margin[:2], margin[2:], kind is nn.ConvTranspose2d
    padding = tuple(min(one, other - 1) for one, other in zip(padding, kernel, strict=True))
    layer = kind(3, 2, kernel, stride=stride, padding=padding, dilation=dilation)
    x = drawn(1, 4, 3, size, size)
    output = layer(x)
    grads = drawn(2, *output.shape)
    expected = torch.stack(
        [
            torch.autograd.grad((layer(x[row : row + 1]) * grads[row : row + 1]).sum(), layer.weight)[0]
            for row in range(4)
        ]
    )
    image, signal = (grads, x) if transposed else (x, grads)
    share = Patches(layer, image.unsqueeze(1), signal.unsqueeze(1))
    torch.testing.assert_close(share.whole(), expected, rtol=1e-4, atol=1e-4)
    squares = expected.square().flatten(1).sum(1)
    torch.testing.assert_close(share.norms(), squares, rtol=1e-4, atol=1e-4)
    assert bool((share.norms() >= squares * (1 - 1e-6)).all())
    factors = drawn(3, 4)
    blended = torch.einsum("b,b...->...", factors, expected)
    torch.testing.assert_close(share.blend(factors), blended, rtol=1e-4, atol=1e-4)


def test_gradients_are_read_as_they_lie_in_memory():
    grads = drawn(1, 4, 2, 3, 5).permute(0, 2, 3, 1)
    assert not grads.is_contiguous()
    share = Whole(grads)
    torch.testing.assert_close(share.norms(), grads.square().flatten(1).sum(1))
    factors = drawn(2, 4)
    torch.testing.assert_close(share.blend(factors), torch.einsum("b,b...->...", factors, grads))


def test_uses_of_one_kind_are_laid_side_by_side():
    layer = nn.Conv2d(2, 3, 3)
    one, two = (Outer(drawn(n, 4, 2, 5), drawn(n + 9, 4, 2, 3), 5) for n in (1, 2))
    patches = [Patches(layer, drawn(n, 4, 1, 2, 6, 6), drawn(n, 4, 1, 3, 4, 4)) for n in (3, 4)]
    wholes = [Whole(drawn(n, 4, 5, 3)) for n in (5, 6)]
    looked_up = Outer(torch.zeros(4, 2, dtype=torch.int64), drawn(8, 4, 2, 3), 5)
    merged = merge([one, wholes[0], looked_up, two, wholes[1]])
    assert [type(each) for each in merged] == [Outer, Whole, Outer]
    together = add(each.whole() for each in merged)
    torch.testing.assert_close(together, add(each.whole() for each in (one, two, looked_up, *wholes)))
    (joined,) = merge(patches)
    torch.testing.assert_close(joined.whole(), patches[0].whole() + patches[1].whole(), rtol=1e-4, atol=1e-4)
    assert merge([one]) == [one]


@pytest.mark.parametrize(
    ("places", "rows", "columns", "folds"),
    [(1, 64, 64, True), (8, 64, 64, True), (33, 64, 64, False), (4, 2, 2, False)],
)
def test_outer_products_are_left_unformed_where_that_is_less_work(places, rows, columns, folds):
    assert Outer(torch.zeros(1, places, rows), torch.zeros(1, places, columns), rows).folds() == folds
