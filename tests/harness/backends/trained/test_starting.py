from __future__ import annotations

from itertools import pairwise

import pytest

from harness.backends.trained.starting import starting_noise
from harness.records import DrawAsk

torch = pytest.importorskip("torch")


class Drawing:
    """Noise of a generator of pictures of 3 by 16 by 16."""

    def initial_noise(self, seeds):
        return torch.stack([torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def noise(jitter, seeds=range(64)):
    return starting_noise(Drawing(), [DrawAsk(seed, jitter=jitter) for seed in seeds])


def correlation(one, other):
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


@pytest.mark.parametrize("jitter", [0.0, 0.05, 0.2, 0.5, 0.9, 1.0])
def test_it_is_standard_normal_at_any_jitter(jitter):
    values = noise(jitter).flatten()
    error = len(values) ** -0.5
    # Moments of a normal: 0, 1, 0 and 3, with variances of 1, 2, 15 and 96 over n.
    assert abs(values.mean()) < 4 * error
    assert abs(values.var() - 1) < 4 * 2**0.5 * error
    assert abs((values**3).mean()) < 4 * 15**0.5 * error
    assert abs((values**4).mean() - 3) < 4 * 96**0.5 * error


@pytest.mark.parametrize("jitter", [0.05, 0.2, 0.5, 0.9])
def test_it_keeps_of_the_seeds_own_noise_what_the_jitter_leaves(jitter):
    own, other = noise(0.0), noise(1.0)
    kept = (1 - jitter**2) ** 0.5
    assert correlation(noise(jitter), own) == pytest.approx(kept, abs=0.02)
    assert torch.allclose(noise(jitter), own * kept + other * jitter, atol=1e-6)
    moved = (noise(jitter) - own).norm() / (other - own).norm()
    assert float(moved) == pytest.approx((1 - kept) ** 0.5, rel=0.02)


def test_without_jitter_it_is_the_seeds_own_bit_for_bit_even_beside_others_with_jitter():
    own = Drawing().initial_noise(range(4))
    assert torch.equal(noise(0.0, range(4)), own)
    mixed = starting_noise(Drawing(), [DrawAsk(0), DrawAsk(1, jitter=0.3), DrawAsk(2), DrawAsk(3, jitter=1.0)])
    assert torch.equal(mixed[::2], own[::2])


def test_full_jitter_leaves_nothing_of_it_and_differs_between_seeds():
    other = noise(1.0, range(4))
    assert all(abs(correlation(one, own)) < 0.15 for one, own in zip(other, noise(0.0, range(4)), strict=True))
    assert all(abs(correlation(one, next_)) < 0.15 for one, next_ in pairwise(other))


def test_each_depends_on_its_own_ask_alone():
    asks = [DrawAsk(seed, jitter=jitter) for seed, jitter in ((0, 0.2), (5, 0.0), (2**63 - 1, 0.7), (0, 1.0))]
    whole = starting_noise(Drawing(), asks)
    assert torch.equal(whole, torch.cat([starting_noise(Drawing(), [ask]) for ask in asks]))
    assert torch.equal(whole, starting_noise(Drawing(), asks[::-1]).flip(0))
