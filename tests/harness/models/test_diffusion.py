"""Diffusion in pixels: records, gradients of single records, drawing, inversion, and the folder it leaves."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from opacus.grad_sample import GradSampleModule

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.diffusion import Diffusion, DiffusionSettings
from harness.models.generator import Drawing
from harness.models.kinds import build, open_generator
from harness.training.recipe import Recipe
from harness.training.recipe_files import complete, shipped

SMALL = {"channels": [8, 16], "sampling_steps": 5}

# A first layer reads pixels, labels or steps, which have no gradient: the hook of torch says so each time.
HOOKS = pytest.mark.filterwarnings("ignore:Full backward hook is firing")
# torch.func turns autocast for float32 on and off again on a CPU, and warns that there is none.
FUNC = pytest.mark.filterwarnings("ignore:In CPU autocast")


def pictures(n=6, *, size=8, channels=1, classes=("a", "b", "c")):
    """Made-up records: noise, and classes in turn."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, channels), dtype=np.uint8)
    ids = tuple(f"p{row}" for row in range(n))
    labels = np.arange(n) % len(classes) if classes else None
    return Examples("made up", digest_bytes(b"made up"), ids, ids, images=pixels, labels=labels, classes=classes)


def make(examples=None, **changes):
    torch.manual_seed(1)
    return Diffusion.build({**SMALL, **changes}, examples or pictures())


@pytest.fixture(scope="module")
def model():
    return make()


@pytest.fixture(scope="module")
def plain():
    return make(conditional=False)


def single_gradients(generator, rows, row):
    """Gradient of one record's loss, by parameter, without any hook."""
    player = generator.players()[0]
    player.network.zero_grad()
    torch.manual_seed(7)
    player.record_losses(rows)[row].backward()
    return {name: weights.grad.clone() for name, weights in player.network.named_parameters()}


def hooked_gradients(generator, rows, *, functorch):
    """Gradients of all records by Opacus, from one backward pass."""
    player = generator.players()[0]
    player.network.zero_grad()
    hooks = GradSampleModule(player.network, loss_reduction="sum", force_functorch=functorch)
    torch.manual_seed(7)
    player.record_losses(rows).sum().backward()
    found = {name: weights.grad_sample.clone() for name, weights in player.network.named_parameters()}
    hooks.to_standard_module()
    return found


# ── settings and records ──────────────────────────────────────────────────────────────────


def test_a_diffusion_model_draws(model):
    assert isinstance(model, Drawing)
    assert list(model.classes) == ["a", "b", "c"]
    assert not model.prompted


def test_settings_are_told_with_defaults_and_give_the_same_model(model):
    assert model.settings["label_dropout"] == 0.1
    again = make(**model.settings)
    for name, weights in model.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], weights)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chanels": [8]}, "Did you mean 'channels'"),
        ({"channels": [12]}, "multiples of 8"),
        ({"sampling_steps": 30}, "does not divide 1000"),
        ({"attention": 3}, "there are 2 resolutions"),
        ({"guidance": 2.0, "label_dropout": 0.0}, "guidance needs"),
        ({"guidance": 2.0, "conditional": False}, "guidance needs"),
        ({"channels": [8, 8, 8, 8, 8]}, "cannot be halved 4 times"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(changes, says):
    with pytest.raises(UsageError, match=says):
        make(**changes)


def test_records_without_classes_need_an_unconditional_model():
    with pytest.raises(UsageError, match="conditional = false"):
        make(pictures(classes=()))
    assert make(pictures(classes=()), conditional=False).classes == ()


def test_records_become_pixels_and_labels_in_order(model):
    rows = model.prepare(pictures())
    assert rows["image"].shape == (6, 1, 8, 8)
    assert rows["label"].tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(DataError, match="p0"):
        model.prepare(pictures(size=16))


# ── losses of single records ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("functorch", "changes"),
    [
        pytest.param(False, {"conditional": False}, marks=HOOKS),
        # Attention hands on pictures in another order in memory: see `lay_in_order`.
        pytest.param(False, {"attention": 2, "multiplicity": 3}, marks=HOOKS),
        pytest.param(True, {"attention": 1}, marks=[HOOKS, FUNC]),
    ],
)
def test_gradients_of_single_records_are_those_of_the_record_alone(changes, functorch):
    generator = make(**changes)
    rows = generator.prepare(pictures(4))
    found = hooked_gradients(generator, rows, functorch=functorch)
    for row in range(4):
        for name, alone in single_gradients(generator, rows, row).items():
            torch.testing.assert_close(found[name][row], alone, rtol=0, atol=1e-5)


def test_other_records_do_not_change_a_record_s_loss():
    generator = make(attention=1)
    rows = generator.prepare(pictures(4))
    others = {"image": rows["image"].clone(), "label": rows["label"].clone()}
    others["image"][1:] = rows["image"][1:].flip(0)
    others["label"][1:] = 0
    torch.manual_seed(7)
    one = generator.record_losses(rows)[0]
    torch.manual_seed(7)
    other = generator.record_losses(others)[0]
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_more_noises_give_a_loss_with_less_spread():
    spread = {}
    for multiplicity in (1, 12):
        generator = make(multiplicity=multiplicity)
        rows = generator.prepare(pictures(6))
        with torch.no_grad():
            spread[multiplicity] = torch.stack([generator.record_losses(rows) for _ in range(10)]).std(0).mean()
    assert spread[12] < spread[1] / 2


def test_evaluation_is_by_seed_without_gradients_and_leaves_the_mode(model):
    model.network.train()
    rows = model.prepare(pictures())
    losses = model.losses(rows, seed=3)
    assert next(iter(losses)) == "t=100"
    assert all(each.shape == (6,) and not each.requires_grad for each in losses.values())
    assert torch.equal(losses["t=100"], model.losses(rows, seed=3)["t=100"])
    assert model.network.training


def test_evaluation_of_a_record_does_not_depend_on_the_batch(model):
    rows = model.prepare(pictures())
    together = model.losses(rows, seed=3)["t=100"]
    alone = [model.losses({name: column[[row]] for name, column in rows.items()}, seed=3)["t=100"] for row in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-5)


# ── drawing ───────────────────────────────────────────────────────────────────────────────


def test_an_image_depends_on_its_own_seed_and_label_alone(model):
    many = model.draw([5, 6, 7], labels=[0, 1, 2])
    assert many.shape == (3, 1, 8, 8)
    assert many.dtype == torch.float32
    assert float(many.abs().max()) <= 1
    torch.testing.assert_close(model.draw([7], labels=[2]), many[2:], rtol=0, atol=1e-4)
    assert not torch.equal(model.draw([7], labels=[1]), many[2:])


def test_noise_can_be_given_in_place_of_seeds(model):
    noise = model.initial_noise([9])
    assert noise.shape == (1, *model.noise_shape)
    assert torch.equal(model.draw([0], labels=[1], noise=noise), model.draw([9], labels=[1]))


def test_guidance_moves_the_image():
    calm, keen = make(), make(guidance=3.0)
    assert not torch.equal(calm.draw([1], labels=[0]), keen.draw([1], labels=[0]))


@pytest.mark.parametrize("asked", [{}, {"labels": [3]}, {"labels": [0, 1]}, {"labels": [0], "prompts": ["a"]}])
def test_what_cannot_be_drawn_is_refused(model, asked):
    with pytest.raises(UsageError):
        model.draw([1], **asked)


def test_nothing_asked_is_nothing_drawn(model):
    assert model.draw([], labels=[]).shape == (0, 1, 8, 8)


def test_inversion_needs_labels_only_where_none_was_dropped(model, plain):
    images = model.draw([1, 2], labels=[0, 1])
    assert model.invert(images).shape == images.shape
    assert not torch.equal(model.invert(images), model.invert(images, labels=[0, 1]))
    assert plain.invert(images).shape == images.shape
    with pytest.raises(UsageError, match="label"):
        make(label_dropout=0.0).invert(images)


# ── the folder ────────────────────────────────────────────────────────────────────────────


def test_a_saved_model_draws_the_same_when_opened(model, tmp_path):
    model.save(tmp_path)
    opened = open_generator("diffusion", tmp_path)
    assert torch.equal(opened.draw([1, 2], labels=[0, 2]), model.draw([1, 2], labels=[0, 2]))
    assert opened.settings == model.settings
    assert not opened.network.training
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json", ".safetensors"}


def test_diffusers_opens_an_unconditional_model_and_draws_the_same(plain, tmp_path):
    plain.save(tmp_path)
    pipeline = DiffusionPipeline.from_pretrained(tmp_path, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    generators = [torch.Generator().manual_seed(seed) for seed in (4, 5)]
    theirs = pipeline(batch_size=2, generator=generators, num_inference_steps=5, output_type="np").images
    ours = plain.draw([4, 5]).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(theirs * 2 - 1, ours, atol=1e-4)


def test_diffusers_opens_a_conditional_model_as_the_docstring_says(model, tmp_path):
    model.save(tmp_path)
    pipeline = DiffusionPipeline.from_pretrained(tmp_path, local_files_only=True)
    labels, state = torch.tensor([0, 2]), model.initial_noise([4, 5])
    pipeline.scheduler.set_timesteps(5)
    with torch.no_grad():
        for step in pipeline.scheduler.timesteps:
            told = pipeline.unet(state, step, class_labels=labels).sample
            state = pipeline.scheduler.step(told, step, state).prev_sample
    torch.testing.assert_close(state.clamp(-1, 1), model.draw([4, 5], labels=[0, 2]), rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """A saved model; shared, so not to be changed."""
    folder = tmp_path_factory.mktemp("whole") / "model"
    model.save(folder)
    return folder


@pytest.mark.parametrize("broken", ["config.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors"])
@pytest.mark.parametrize("how", ["missing", "nonsense"])
def test_a_broken_folder_is_refused(whole, tmp_path, broken, how):
    shutil.copytree(whole, tmp_path / "broken")
    path = tmp_path / "broken" / broken
    path.unlink() if how == "missing" else path.write_text("nonsense")
    with pytest.raises(ModelError, match="again"):
        open_generator("diffusion", tmp_path / "broken")


def test_saving_and_opening_say_nothing(model, tmp_path, capfd):
    model.save(tmp_path)
    open_generator("diffusion", tmp_path)
    assert capfd.readouterr() == ("", "")


# ── recipes ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["smoke", "gpu"])
def test_shipped_recipes_are_sound(name):
    recipe = complete("diffusion", name, {})
    assert isinstance(recipe, Recipe)
    DiffusionSettings.model_validate(recipe.model)
    assert set(shipped("diffusion")) == {"smoke", "gpu"}


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_it_trains_and_draws_as_on_the_cpu():
    generator = build("diffusion", {**SMALL, "attention": 1}, pictures())
    here = generator.draw([1, 2], labels=[0, 1])
    losses = generator.losses(generator.prepare(pictures()), seed=1)["t=100"]
    generator.network.to("cuda")
    there = generator.draw([1, 2], labels=[0, 1])
    assert there.device.type == "cpu"
    torch.testing.assert_close(there, here, rtol=0, atol=0.05)
    rows = generator.prepare(pictures())
    torch.testing.assert_close(generator.losses(rows, seed=1)["t=100"].cpu(), losses, rtol=0.02, atol=0.02)
    generator.record_losses({name: column.to("cuda") for name, column in rows.items()}).mean().backward()
    assert all(bool(weights.grad.isfinite().all()) for weights in generator.network.parameters())
