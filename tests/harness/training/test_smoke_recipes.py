"""The smoke recipes of images as they ship: what they draw is what was asked for, and they know what they were shown.

Minutes on two CPU cores; how long each takes is said in its file.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from harness.images.pictures import from_png, to_bytes
from harness.models.generator import Drawing
from harness.training.job import run
from harness.training.recipe_files import complete
from harness.training.split import Role
from harness.training.watch import Silent

pytestmark = pytest.mark.slow

EACH = 20
"""Samples of each class."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function: the checkpoint of a kind's shipped recipe, unchanged, trained on the CPU, once for all."""

    @cache
    def train(kind):
        folder = tmp_path_factory.mktemp(kind) / "out"
        return run(complete(kind, "smoke", {}), folder, watch=Silent(), device="cpu", stop=lambda: False)

    return train


@pytest.fixture(params=["vae", "gan", "diffusion", "text_to_image"])
def checkpoint(request, trained):
    return trained(request.param)


def opened(checkpoint):
    return checkpoint.generator(), checkpoint.examples(), checkpoint.split()


def asking(generator, labels):
    """How to ask for these classes: in words or by number."""
    words = generator.classes
    return {"prompts": [words[label] for label in labels]} if generator.prompted else {"labels": labels.tolist()}


def flat(images):
    return images.reshape(len(images), -1) / 255


@pytest.fixture
def judge(checkpoint):
    """A classifier of real digits that none of the generators was trained on, found good on those that they were."""
    examples, split = checkpoint.examples(), checkpoint.split()
    unseen, members = (examples.take(split.rows(role)) for role in (Role.NONMEMBER, Role.MEMBER))
    found = LogisticRegression(max_iter=1000).fit(flat(unseen.images), unseen.labels)
    assert found.score(flat(members.images), members.labels) > 0.9
    return found


@pytest.fixture
def drawn(checkpoint):
    """Samples of every class as bytes, and their labels."""
    generator, classes = checkpoint.generator(), len(checkpoint.manifest.data.classes)
    assert isinstance(generator, Drawing)
    labels = np.arange(EACH * classes) % classes
    return to_bytes(generator.draw(range(len(labels)), **asking(generator, labels)).numpy()), labels


def test_a_classifier_of_real_digits_finds_in_the_samples_what_was_asked_for(checkpoint, judge, drawn):
    images, labels = drawn
    assert np.mean(judge.predict(flat(images)) == labels) >= 0.9


def test_samples_of_one_class_differ_as_real_digits_do(checkpoint, drawn):
    images, labels = drawn
    examples = checkpoint.examples()

    def spread(pixels, its):
        return np.mean([flat(pixels[its == label]).std(axis=0).mean() for label in range(10)])

    assert 0.4 < spread(images, labels) / spread(examples.images, examples.labels) < 1.6


def test_the_grid_of_samples_shows_eight_of_each_class(checkpoint, judge):
    grid = from_png((checkpoint.folder / "samples.png").read_bytes())
    cell, scale = 9, 7  # 8 pixels and a line between, each drawn 7 by 7
    assert grid.shape[:2] == ((10 * cell + 1) * scale, (8 * cell + 1) * scale)
    pixels = grid[scale // 2 :: scale, scale // 2 :: scale, 0]
    cells = [pixels[1 + row * cell :, 1 + column * cell :][:8, :8] for row in range(10) for column in range(8)]
    assert np.mean(judge.predict(flat(np.stack(cells))) == np.repeat(range(10), 8)) >= 0.75


def test_the_autoencoder_uses_most_of_its_units(trained):
    generator, examples, _ = opened(trained("vae"))
    assert int(generator.active_units(generator.prepare(examples)).sum()) >= 5


def test_denoisers_fit_their_members_better_than_others(trained):
    generator, examples, split = opened(trained("diffusion"))
    seen, other = (
        float(generator.losses(generator.prepare(examples.take(rows)), seed=1)["t=100"].mean())
        for rows in (np.unique(split.training_rows()), split.rows(Role.NONMEMBER))
    )
    assert seen < other < 0.6


@pytest.mark.parametrize(("kind", "alike"), [("diffusion", 0.5), ("text_to_image", 0.2)])
def test_the_noise_that_became_an_image_is_found_in_it_again(trained, kind, alike):
    generator = trained(kind).generator()
    asked = asking(generator, np.arange(50) % 10)
    noise = generator.initial_noise(range(50))
    found = generator.invert(generator.draw(range(50), **asked), **asked)
    assert np.corrcoef(noise.flatten(), found.flatten())[0, 1] > alike


def test_with_more_rounds_the_noise_that_is_found_gives_the_image_back(trained):
    generator = trained("diffusion").generator()
    asked = asking(generator, np.arange(50) % 10)
    drawn = generator.draw(range(50), **asked)
    exact = generator.invert(drawn, **asked, refinements=30)
    assert float((generator.draw(range(50), **asked, noise=exact) - drawn).abs().mean()) < 0.01


def test_latents_have_come_by_the_unit_scale_of_noise_and_hold_the_image(trained):
    generator, examples, split = opened(trained("text_to_image"))
    assert generator.classes[7] == "the digit seven"
    rows = generator.prepare(examples.take(split.rows(Role.NONMEMBER)))
    assert float(generator.losses(rows, seed=1)["reconstruction"].mean()) < 0.05
    with torch.no_grad():
        mean, log_variance = generator.network.encode(rows["image"])
    assert 0.5 < float((mean.square() + log_variance.exp()).mean()) < 2
