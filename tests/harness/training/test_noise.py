"""Where noise comes from: the operating system, the whole state of the generator, and no seed."""

from __future__ import annotations

import pytest
import torch
from scipy import stats

from harness.training.noise import fresh_noise


def test_two_sources_of_noise_that_share_a_seed_of_32_bits_still_differ():
    # Torch keeps the lowest 32 bits of a seed: few enough to try. So the whole state is filled.
    assert torch.equal(
        torch.randn(9, generator=torch.Generator().manual_seed(3)),
        torch.randn(9, generator=torch.Generator().manual_seed(3 + 2**32)),
    )
    states = [fresh_noise(torch.device("cpu")).get_state() for _ in range(2)]
    differing = (states[0] != states[1]).reshape(-1, 8)[3 : 3 + 624, :4]
    assert float(differing.float().mean()) == pytest.approx(255 / 256, abs=0.02)
    assert len({generator.initial_seed() for generator in (fresh_noise(torch.device("cpu")) for _ in range(4))}) == 4


def test_fresh_noise_is_normal_and_neighbours_in_it_are_not_related():
    drawn = torch.randn(200_000, generator=fresh_noise(torch.device("cpu")), dtype=torch.float64)
    assert stats.kstest(drawn.numpy(), "norm").pvalue > 1e-6
    for lag in (1, 2, 624):
        correlation = float((drawn[lag:] * drawn[:-lag]).mean())
        assert abs(correlation) * len(drawn) ** 0.5 < 5.5


def test_it_leaves_torch_s_own_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    fresh_noise(torch.device("cpu"))
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_it_is_fresh_too():
    device = torch.device("cuda")
    one, two = (torch.randn(100_000, generator=fresh_noise(device), device=device) for _ in range(2))
    assert not torch.equal(one, two)
    assert stats.kstest(one.cpu().numpy(), "norm").pvalue > 1e-6
