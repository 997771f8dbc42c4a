import numpy as np
import pytest
import torch

from harness.watermark.torch_stream import coins, head_of_permutation, in_head, swaps, words

SEEDS = [0, 1, 15485863, 2**31, 2**32 + 5, 2**64 - 2]


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_coins_are_torchs(seed):
    assert (coins(seed, 3000) == torch.randint(0, 2, (3000,), generator=generator(seed)).numpy()).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("total", "count"), [(1, 1), (2, 1), (2, 2), (50, 12), (1003, 1003), (49152, 12288)])
def test_the_head_of_a_permutation_is_torchs(seed, total, count):
    theirs = torch.randperm(total, generator=generator(seed)).numpy()[:count]
    assert head_of_permutation(seed, total, count).tolist() == theirs.tolist()


@pytest.mark.parametrize(("total", "count"), [(2, 1), (50, 12), (50, 49), (50, 50), (600, 150)])
def test_what_is_in_the_head_is_told_without_making_the_permutation(total, count):
    for seed in range(20):
        head = set(torch.randperm(total, generator=generator(seed)).tolist()[:count])
        swapped = swaps(seed, total, count)
        assert {entry for entry in range(total) if in_head(entry, swapped)} == head


def test_a_generator_that_is_used_again_gives_the_same():
    shared = np.random.RandomState(9)
    assert words(5, 10, shared).tolist() == words(5, 10).tolist() == words(5, 10, shared).tolist()
