"""What the VAE and the GAN share: the form of images, drawing by seed, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.errors import DataError, UsageError
from harness.models.gan import Gan
from harness.models.kinds import build
from harness.models.vae import Vae

SMALL = {"vae": {"width": 4, "hidden": 8, "latent": 3}, "gan": {"width": 4, "latent": 3}}
KINDS = {"vae": Vae, "gan": Gan}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def model(kind, pictures):
    torch.manual_seed(1)
    return KINDS[kind].build(SMALL[kind], pictures())


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (28, 1), (12, 3)])
def test_any_square_side_that_four_divides_is_drawn(kind, pictures, size, channels):
    examples = pictures(size=size, channels=channels)
    model = KINDS[kind].build(SMALL[kind], examples)
    drawn = model.draw([4, 5], labels=[0, 2])
    assert drawn.shape == (2, channels, size, size)
    assert (drawn.dtype, drawn.device.type) == (torch.float32, "cpu")
    assert drawn.abs().max() <= 1
    assert model.losses(model.prepare(examples), seed=0)


def test_an_image_depends_on_its_own_seed_and_label_alone(model):
    seeds, labels = list(range(300)), [number % 3 for number in range(300)]
    together = model.draw(seeds, labels=labels)
    before = torch.get_rng_state()
    for one in (0, 7, 255, 256, 299):
        alone = model.draw([seeds[one]], labels=[labels[one]])[0]
        assert (alone - together[one]).abs().max() < 1e-5
    assert torch.equal(before, torch.get_rng_state())
    assert (model.draw([1], labels=[0]) - model.draw([2], labels=[0])).abs().max() > 1e-3
    assert (model.draw([1], labels=[0]) - model.draw([1], labels=[1])).abs().max() > 1e-4


def test_drawing_leaves_networks_in_the_mode_they_were_in(model):
    for network in model.networks.values():
        network.train()
    assert not model.draw([1], labels=[0]).requires_grad
    assert all(network.training for network in model.networks.values())


def test_records_become_rows_in_order(model, pictures):
    examples = pictures(4)
    rows = model.prepare(examples)
    assert rows["image"].shape == (4, 1, 8, 8)
    assert rows["image"][2, 0, 3, 5].item() == pytest.approx(examples.images[2, 3, 5, 0] / 127.5 - 1, abs=1e-6)
    assert rows["label"].tolist() == [0, 1, 2, 0]


def test_an_unconditional_model_needs_no_classes_and_takes_none(kind, pictures):
    examples = pictures(classes=())
    model = KINDS[kind].build({**SMALL[kind], "conditional": False}, examples)
    assert list(model.prepare(examples)) == ["image"]
    assert model.draw([1, 2]).shape == (2, 1, 8, 8)
    with pytest.raises(UsageError, match="unconditional"):
        model.draw([1], labels=[0])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "one label for each image; none were given"),
        ({"labels": [0]}, "1 were given for 2 images"),
        ({"labels": [0, 3]}, "no class 3: give numbers from 0 to 2"),
        ({"labels": [0, 1], "prompts": ["a", "b"]}, "does not read prompts"),
    ],
)
def test_drawings_that_cannot_be_had_are_refused(model, asked, says):
    with pytest.raises(UsageError, match=says):
        model.draw([1, 2], **asked)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"size": 10}, "10x10 pixels"),
        ({"height": 12}, "8x12 pixels"),
        ({"size": 4}, "at least 8"),
        ({"channels": 2}, "2 channel"),
        ({"classes": ()}, "conditional = false"),
    ],
)
def test_images_that_do_not_suit_are_refused_with_the_next_step(kind, pictures, made, says):
    with pytest.raises(UsageError, match=says):
        build(kind, SMALL[kind], pictures(**made))


def test_texts_are_refused(kind, pictures):
    texts = replace(pictures(), images=None, texts=("a",) * 6)
    with pytest.raises(UsageError, match="has no images"):
        build(kind, {}, texts)


def test_an_unknown_setting_is_refused_with_the_nearest_name(kind, pictures):
    with pytest.raises(UsageError, match="'width'"):
        build(kind, {"widht": 4}, pictures())


def test_records_of_another_form_are_refused(model, pictures):
    with pytest.raises(DataError, match="'made/0'.*12x12 pixels.*8x8"):
        model.prepare(pictures(size=12))
    with pytest.raises(DataError, match="have 'cat', 'cow'"):
        model.prepare(pictures(classes=("cat", "cow")))
    with pytest.raises(DataError, match="'made/1'.*class number 9"):
        model.prepare(replace(pictures(3), labels=pictures(3).labels * 9))
