"""Rebalancing as a mitigation: whom it fits, and that a generator draws what it was rebalanced to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.canonical import loads
from harness.contracts.mitigations import Mitigation
from harness.data.synthetic import COLOURS
from harness.data.training_data import load_examples
from harness.errors import UsageError
from harness.images.pictures import from_png
from harness.mitigations.rebalance import Rebalance
from harness.records import DrawAsk
from harness.registry import Registry
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

torch = pytest.importorskip("torch")

SHAPES = "synthetic:n=600,red=0.7,size=16,seed=1"


def trained(folder, **changes):
    model = {"width": 8, "hidden": 64, "latent": 10, "conditional": False}
    plain = {"kind": "vae", "data": SHAPES, "model": model, "batch": 32, "learning_rate": 0.003, "seed": 3, "steps": 2}
    run(Recipe.model_validate({**plain, **changes}), folder / "base", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "base"), device="cpu", batch=100)


def fetched(backend):
    backend.fetch(progress=lambda *_: None, say=lambda _: None)
    return backend


def test_it_is_installed_and_fits_images_that_were_trained_on_here(tiny_folder):
    plugin = Registry().create("mitigation", "rebalance", {"by": "colour", "to": {"red": 0.5, "blue": 0.5}})
    assert isinstance(plugin, Mitigation)
    assert replace(plugin, **plugin.placebo) == Rebalance(by="colour", to={"red": 0.5, "blue": 0.5}, keep_shares=True)
    assert plugin.misfit(Local(str(tiny_folder("vae")), device="cpu")) is None
    assert "learned from texts" in plugin.misfit(Local(str(tiny_folder("language")), device="cpu"))
    assert "not trained here" in plugin.misfit(Control())
    for wrong in ({"to": "half"}, {"to": {"red": 2}}, {"by": ""}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Registry().create("mitigation", "rebalance", wrong)


def test_an_attribute_that_is_not_there_is_refused_before_anything_is_trained(tiny_folder, tmp_path):
    digits = Local(str(tiny_folder("vae")), device="cpu")
    with pytest.raises(UsageError, match=r"have no 'colour'\. They have: class\."):
        Rebalance(by="colour").apply(digits, tmp_path)
    after = fetched(Rebalance(by="class").apply(digits, tmp_path))
    [done] = loads((Path(after.checkpoint) / "manifest.json").read_bytes())["prepared"]
    assert done["removed"] == done["added"] == done["counts"]["dropped"] > 0
    assert done["records_after"] == done["records_before"]


def colour(image):
    """The nearest planted colour to what is most colourful in an image."""
    flat = image.reshape(-1, 3).astype(float)
    mean = flat[np.argsort(np.ptp(flat, axis=1))[-12:]].mean(axis=0)
    return min(COLOURS, key=lambda name: np.abs(np.array(COLOURS[name]) - mean).sum())


def red(backend, draws=200):
    replies = backend.answer([DrawAsk(seed) for seed in range(draws)])
    return sum(colour(from_png(backend.media(reply.media[0]))) == "red" for reply in replies) / draws


def test_the_ruler_reads_the_colours_that_were_planted():
    its = load_examples(SHAPES)
    assert [colour(image) for image in its.images] == list(its.attributes["colour"])


@pytest.mark.slow
def test_a_generator_draws_a_third_in_red_and_by_the_placebo_two_thirds(tmp_path):
    base = trained(tmp_path, steps=300)
    plugin = Rebalance(by="colour")
    arms = [plugin, replace(plugin, **plugin.placebo)]
    after, placebo = (fetched(arm.apply(base, tmp_path / "work")) for arm in arms)
    before, now, same = (red(backend) for backend in (base, after, placebo))
    assert before > 0.58
    assert same > 0.58
    assert 0.2 < now < 0.47
