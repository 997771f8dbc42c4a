"""What is done with a whole network around a call."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from harness.models.blocks import AT_ONCE, in_passes


@given(st.integers(1, 2000))
def test_passes_cover_every_row_once_in_order_and_none_is_larger_than_it_may_be(n):
    rows, network, seen = torch.arange(n, dtype=torch.float32), nn.Linear(1, 1), []

    def through(at, some):
        assert torch.equal(some, rows[at])
        assert not network.training
        seen.append(len(some))
        return some

    assert torch.equal(in_passes(network, through, rows), rows)
    assert max(seen) <= AT_ONCE
    assert network.training
