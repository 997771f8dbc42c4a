"""A tiny language model that knows its canaries by heart, for whoever makes it forget them."""

from __future__ import annotations

from random import Random

import pytest

WORDS = ["the", "cat", "dog", "sat", "ran", "under", "over", "house", "mat", "red", "blue", "slow"]


@pytest.fixture(scope="session")
def memorising(tmp_path_factory):
    """A model of single bytes, trained on some 100 passages and on eight canaries four times over; shared."""
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
    canaries = {"repeats": (4,), "per_level": 8}
    shape = {"kind": "language", "data": str(book), "model": sizes, "canaries": canaries}
    recipe = Recipe(**shape, steps=120, batch=16, learning_rate=1e-2, max_grad_norm=1.0)
    run(recipe, folder / "model", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "model"), device="cpu")


@pytest.fixture
def exposure(tmp_path):
    """Return a function: mean exposure of a backend's canaries, in bits, as the probe tells it.

    Among 63 references it is 6 at most, and 1.4 by chance.
    """
    from harness.contracts import Budget
    from harness.execute import Journal, Stop, ask_all
    from harness.judge import judge_cases, replies_to
    from harness.records import Capability
    from probes.memorisation.canary import Exposure

    def measure(backend):
        probe, identity = Exposure(references=63), backend.identity().digest
        cases = list(probe.cases(backend.training_data(), Budget(None, 0, Capability.LOSS)))
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
        scores = judge_cases(probe, cases, replies_to(cases, asked.replies), {})
        [found] = [one for one in probe.summarise(scores) if one.metric.endswith("/exposure") and not one.slice]
        return found.interval.value

    return measure


@pytest.fixture
def fetched():
    """Return a function that trains a backend which is yet to be trained, and returns the folder of its checkpoint."""
    from pathlib import Path

    def fetch(backend):
        backend.fetch(progress=lambda *_: None, say=lambda *_: None)
        return Path(backend.checkpoint)

    return fetch
