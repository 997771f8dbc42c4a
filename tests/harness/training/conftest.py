"""The tiny generator, to whoever trains it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

TINY = Path(__file__).with_name("tiny.py")


@pytest.fixture(scope="session")
def tiny():
    """The module `tiny`: a small generator, and a training of it."""
    spec = importlib.util.spec_from_file_location("tiny_generator", TINY)
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_generator"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def begin(tiny, tmp_path):
    """Return a function that sets up a training in a folder under tmp_path, as its own process would find it."""
    begun = []

    def go(name, its, **more):
        training, progress = tiny.prepare(tmp_path / name, its, **more)
        begun.append(training.keeper)
        return training, progress

    yield go
    for keeper in begun:
        keeper.close(done=False)


@pytest.fixture(scope="session")
def small_recipe():
    """Return a function that gives the recipe of a VAE trained in a blink; its arguments are changes."""
    plain = {"kind": "vae", "data": "synthetic:n=40,seed=2", "steps": 6, "batch": 8, "learning_rate": 0.003}
    model = {"width": 4, "hidden": 8, "latent": 2, "samples": 2}
    canaries = {"repeats": [1, 3], "per_level": 1, "coins": 1}
    plain |= {"model": model, "validate_every": 3, "save_every": 2, "average": 0.5, "canaries": canaries}
    return lambda **changes: Recipe.model_validate({**plain, **changes})


@pytest.fixture(scope="session")
def small_vae(small_recipe, tmp_path_factory):
    """The checkpoint of that VAE; shared, so not to be changed."""
    return run(small_recipe(), tmp_path_factory.mktemp("vae") / "out", watch=Silent(), device="cpu", stop=lambda: False)
