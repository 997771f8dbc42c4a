"""Small pictures to train on, the gradient of each record, and a classifier that has only seen real digits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from harness.canonical import digest
from harness.data.examples import Examples
from harness.training.split import Role


@pytest.fixture(scope="session")
def pictures():
    """Return a function that makes random pictures: how many, of which side and channels, with classes or without."""

    def make(n=6, *, size=8, channels=1, classes=("cat", "dog", "owl"), height=None):
        source = np.random.default_rng(7)
        images = source.integers(0, 256, (n, height or size, size, channels), dtype=np.uint8)
        labels = np.arange(n, dtype=np.int64) % len(classes) if classes else None
        ids = tuple(f"made/{row}" for row in range(n))
        return Examples("made", digest("made"), ids, ids, images=images, labels=labels, classes=tuple(classes))

    return make


@pytest.fixture(scope="session")
def gradients_of_records():
    """Return a function: network and losses -> each record's gradient, by parameter name, from Opacus' hooks."""
    from opacus.grad_sample import GradSampleHooks

    def measure(network, losses, **options):
        network.train()
        hooks = GradSampleHooks(network, loss_reduction="sum", **options)
        hooks.enable_hooks()
        with warnings.catch_warnings():
            # The first layer's input is data, which needs no gradient; Opacus' hook on it is right all the same.
            warnings.filterwarnings("ignore", "Full backward hook is firing", UserWarning)
            losses().sum().backward()
        found = {name: parameter.grad_sample.clone() for name, parameter in network.named_parameters()}
        hooks.cleanup()
        network.zero_grad()
        return found

    return measure


@pytest.fixture(scope="session")
def trained_on_digits(tmp_path_factory):
    """Return a function that trains a shipped smoke recipe on the CPU: kind and changes -> checkpoint."""
    from harness.training.job import run
    from harness.training.recipe_files import complete
    from harness.training.watch import Silent

    def train(kind, **changes):
        recipe = complete(kind, "smoke", changes)
        folder = tmp_path_factory.mktemp(kind) / "out"
        return run(recipe, folder, watch=Silent(), device="cpu", stop=lambda: False)

    return train


@pytest.fixture(scope="session")
def membership_auc():
    """Return a function: how well the first loss tells members from the rest of a checkpoint; 0.5 is chance."""

    def measure(checkpoint):
        generator, examples = checkpoint.generator(), checkpoint.examples()
        member = torch.tensor([role == Role.MEMBER for role in checkpoint.split().roles])
        loss = next(iter(generator.losses(generator.prepare(examples), seed=5).values()))
        return float((loss[member][:, None] < loss[~member][None]).double().mean())

    return measure
