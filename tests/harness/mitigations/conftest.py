"""A tiny language model that knows its canaries by heart, for whoever makes it forget them."""

from __future__ import annotations

from random import Random

import pytest

WORDS = ["the", "cat", "dog", "sat", "ran", "under", "over", "house", "mat", "red", "blue", "slow"]


@pytest.fixture(scope="session")
def memorising(tmp_path_factory):
    """A model of single bytes, trained on 200 passages and on four canaries sixteen times over; shared."""
    torch = pytest.importorskip("torch")
    from harness.backends.local import Local
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    del torch
    folder, picks = tmp_path_factory.mktemp("memorising"), Random(0)
    book = folder / "book.txt"
    passages = (" ".join(picks.choice(WORDS) for _ in range(9)) for _ in range(200))
    book.write_text("\n\n".join(f"{passage}." for passage in passages))
    sizes = {"layers": 1, "width": 32, "heads": 2, "context": 96}
    canaries = {"repeats": (16,), "per_level": 4}
    shape = {"kind": "language", "data": str(book), "model": sizes, "canaries": canaries}
    recipe = Recipe(**shape, steps=120, batch=16, learning_rate=1e-2, max_grad_norm=1.0)
    run(recipe, folder / "model", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "model"), device="cpu")


@pytest.fixture(scope="session")
def preference():
    """Return a function: by how many nats a model prefers the endings of its canaries to others, on average."""
    from harness.data.canaries import reference_fills
    from harness.training.checkpoint import open_checkpoint

    def nats(model, text, start):
        [found] = model.token_logprobs([text])
        return -sum(one for place, one in zip(found.starts, found.logprobs, strict=True) if place >= start)

    def measure(folder):
        checkpoint = open_checkpoint(folder)
        model, canaries = checkpoint.generator(), checkpoint.split().canaries
        gaps = []
        for canary in canaries:
            start = len(canary.template)
            others = [nats(model, text, start) for text in reference_fills(canary, 10, seed=1)]
            gaps.append(sum(others) / len(others) - nats(model, canary.text, start))
        return sum(gaps) / len(gaps)

    return measure


@pytest.fixture
def fetched():
    """Return a function that trains a backend which is yet to be trained, and returns the folder of its checkpoint."""
    from pathlib import Path

    def fetch(backend):
        backend.fetch(progress=lambda *_: None, say=lambda *_: None)
        return Path(backend.checkpoint)

    return fetch
