"""Text to image: records, gradients of single records, drawing, inversion, and the folder it leaves."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from opacus.grad_sample import GradSampleModule
from safetensors.torch import load_file, save_file

from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.generator import Drawing
from harness.models.kinds import build, open_generator
from harness.models.text_to_image import TextToImage
from harness.models.text_to_image_networks import LatentDiffusion, TextToImageSettings, padded, padded_side, unpadded
from harness.training.recipe_files import complete, shipped

SMALL = {
    "autoencoder": [8, 8],
    "latent": 2,
    "channels": [8, 16],
    "text_width": 16,
    "caption_length": 12,
    "sampling_steps": 5,
}
CAPTIONS = ("a dog", "two cats", "", "A ☃", "a cat", "a dog")

# A first layer reads pixels, tokens or steps, which have no gradient: the hook of torch says so each time.
HOOKS = pytest.mark.filterwarnings("ignore:Full backward hook is firing")
# torch.func turns autocast for float32 on and off again on a CPU, and warns that there is none.
FUNC = pytest.mark.filterwarnings("ignore:In CPU autocast")


def pictures(texts=CAPTIONS, *, size=8, channels=1):
    """Made-up records: noise, and captions."""
    pixels = np.random.default_rng(0).integers(0, 256, (len(texts), size, size, channels), dtype=np.uint8)
    ids = tuple(f"p{row}" for row in range(len(texts)))
    return Examples("made up", digest_bytes(b"made up"), ids, ids, images=pixels, texts=tuple(texts))


def make(examples=None, **changes):
    torch.manual_seed(1)
    return TextToImage.build({**SMALL, **changes}, examples or pictures())


@pytest.fixture(scope="module")
def model():
    return make()


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


def pipeline_at(folder):
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


# ── settings and records ──────────────────────────────────────────────────────────────────


def test_a_text_to_image_model_draws_from_prompts(model):
    assert isinstance(model, Drawing)
    assert model.prompted
    assert model.classes == ()
    assert list(model.networks) == ["model"]


def test_settings_are_told_with_defaults_and_give_the_same_model(model):
    assert model.settings["guidance"] == 1.5
    again = make(**model.settings)
    for name, weights in model.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], weights)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chanels": [8]}, "Did you mean 'channels'"),
        ({"autoencoder": [12, 8]}, "multiples of 8"),
        ({"text_width": 18}, "no multiple of 4"),
        ({"sampling_steps": 30}, "does not divide 1000"),
        ({"attention": 3}, "there are 2 resolutions"),
        ({"template": "a photo"}, "template holds"),
        ({"template": "a {x}"}, "template holds"),
        ({"channels": [8, 8, 8, 8]}, "cannot be halved"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(changes, says):
    with pytest.raises(UsageError, match=says):
        make(**changes)


def test_records_become_pixels_and_tokens_in_order(model):
    rows = model.prepare(pictures())
    assert rows["image"].shape == (6, 1, 8, 8)
    assert rows["tokens"].shape == (6, 12)
    assert torch.equal(rows["tokens"][0], rows["tokens"][5])


def test_a_caption_that_does_not_fit_is_named(model):
    with pytest.raises(DataError, match=r"'p1' of made up: its caption has 16 tokens .* reads 12"):
        model.prepare(pictures(("a", "a hippopotamus!")))


def test_records_without_captions_are_refused():
    with pytest.raises(DataError, match="neither captions nor classes"):
        make(Examples("bare", digest_bytes(b""), ("a",), ("a",), images=np.zeros((1, 8, 8, 1), np.uint8)))


@pytest.mark.parametrize("size", [8, 12, 20, 28])
def test_padding_gives_sides_that_8_divides_and_is_cut_off_again(size):
    images = torch.rand(2, 3, size, size)
    wide = padded(images)
    assert wide.shape[-2:] == (padded_side(size),) * 2
    assert padded_side(size) % 8 == 0
    assert torch.equal(unpadded(wide, size), images)
    assert torch.equal(wide[..., 0, 0], images[..., 0, 0])


# ── losses of single records ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("functorch", "changes"),
    [
        pytest.param(False, {"attention": 2, "text_layers": 2, "multiplicity": 2}, marks=HOOKS),
        pytest.param(True, {}, marks=[HOOKS, FUNC]),
    ],
)
def test_gradients_of_single_records_are_those_of_the_record_alone(changes, functorch):
    generator = make(**changes)
    rows = generator.prepare(pictures(CAPTIONS[:4]))
    found = hooked_gradients(generator, rows, functorch=functorch)
    for row in range(4):
        for name, alone in single_gradients(generator, rows, row).items():
            torch.testing.assert_close(found[name][row], alone, rtol=0, atol=1e-5)


def test_other_records_do_not_change_a_record_s_loss(model):
    rows = model.prepare(pictures(CAPTIONS[:4]))
    others = {name: torch.cat([column[:1], column[1:].flip(0)]) for name, column in rows.items()}
    losses = []
    for its in (rows, others):
        torch.manual_seed(7)
        losses.append(model.record_losses(its)[0])
    torch.testing.assert_close(*losses, rtol=0, atol=1e-6)


def test_all_three_networks_learn_and_the_denoiser_leaves_the_latents_alone(model):
    rows = model.prepare(pictures())
    grads = single_gradients(model, rows, 0)
    parts = {name.partition(".")[0] for name, grad in grads.items() if bool(grad.any())}
    assert parts == {"text_encoder", "vae", "unet"}
    # Were latents not detached, more draws of noise would change the autoencoder's gradient.
    more = make(multiplicity=4)
    again = single_gradients(more, rows, 0)
    for name, grad in grads.items():
        if name.startswith("vae."):
            torch.testing.assert_close(again[name], grad)


def test_evaluation_is_by_seed_without_gradients_and_leaves_the_mode(model):
    model.network.train()
    rows = model.prepare(pictures())
    losses = model.losses(rows, seed=3)
    assert list(losses) == ["t=100", "t=20", "t=300", "t=600", "reconstruction"]
    assert all(each.shape == (6,) and not each.requires_grad for each in losses.values())
    assert torch.equal(losses["t=100"], model.losses(rows, seed=3)["t=100"])
    assert not torch.equal(losses["t=100"], model.losses(rows, seed=4)["t=100"])
    assert model.network.training


def test_evaluation_of_a_record_does_not_depend_on_the_batch(model):
    rows = model.prepare(pictures())
    together = model.losses(rows, seed=3)["t=100"]
    alone = [model.losses({name: column[[row]] for name, column in rows.items()}, seed=3)["t=100"] for row in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-5)


# ── drawing ───────────────────────────────────────────────────────────────────────────────


def test_an_image_depends_on_its_own_seed_and_prompt_alone(model):
    many = model.draw([5, 6, 7], prompts=["a dog", "a cat", "two cats"])
    assert many.shape == (3, 1, 8, 8)
    assert float(many.abs().max()) <= 1
    torch.testing.assert_close(model.draw([7], prompts=["two cats"]), many[2:], rtol=0, atol=1e-4)
    assert not torch.equal(model.draw([8], prompts=["two cats"]), many[2:])


def test_the_prompt_reaches_the_image():
    # Fresh weights hardly listen: louder words.
    model = make(guidance=20.0)
    torch.nn.init.normal_(model.network.text_encoder.embeddings.token_embedding.weight, std=2.0)
    one, other = model.draw([5, 5], prompts=["a dog", "two cats"])
    assert float((one - other).abs().max()) > 1e-3


def test_noise_can_be_given_in_place_of_seeds(model):
    noise = model.initial_noise([9])
    assert noise.shape == (1, 2, 4, 4) == (1, *model.noise_shape)
    assert torch.equal(model.draw([0], prompts=["a"], noise=noise), model.draw([9], prompts=["a"]))


@pytest.mark.parametrize("asked", [{}, {"prompts": []}, {"prompts": ["a" * 40]}, {"prompts": ["a"], "labels": [0]}])
def test_what_cannot_be_drawn_is_refused(model, asked):
    with pytest.raises(UsageError):
        model.draw([1], **asked)
    assert model.prompt_problem("a" * 40).startswith("has 42 tokens")


def test_nothing_asked_is_nothing_drawn(model):
    assert model.draw([], prompts=[]).shape == (0, 1, 8, 8)
    assert model.invert(torch.empty(0, 1, 8, 8)).shape == (0, 2, 4, 4)


def test_an_image_can_be_inverted_with_and_without_its_prompt(model):
    images = model.draw([1, 2], prompts=["a dog", "a cat"])
    assert model.invert(images).shape == (2, 2, 4, 4)
    assert model.invert(images, prompts=["a dog", "a cat"]).isfinite().all()
    with pytest.raises(UsageError):
        model.invert(images, prompts=["a dog"])


# ── the folder ────────────────────────────────────────────────────────────────────────────


def test_a_saved_model_draws_the_same_when_opened(model, tmp_path):
    model.save(tmp_path)
    opened = open_generator("text_to_image", tmp_path)
    assert torch.equal(opened.draw([1, 2], prompts=["a", "b"]), model.draw([1, 2], prompts=["a", "b"]))
    assert opened.settings == model.settings
    assert not opened.network.training
    kinds = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors", ".txt"}


def test_stable_diffusion_s_pipeline_draws_the_same(model, tmp_path):
    model.save(tmp_path)
    prompts, generators = ["a dog", "two cats"], [torch.Generator().manual_seed(seed) for seed in (4, 5)]
    theirs = pipeline_at(tmp_path)(
        prompts, generator=generators, num_inference_steps=5, guidance_scale=1.5, output_type="np"
    ).images
    ours = model.draw([4, 5], prompts=prompts).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(theirs * 2 - 1, ours, atol=1e-4)


def test_stable_diffusion_s_pipeline_draws_the_margin_of_other_sizes_too(tmp_path):
    model = make(pictures(size=12, channels=3), guidance=1.0)
    model.save(tmp_path)
    generator = torch.Generator().manual_seed(4)
    theirs = pipeline_at(tmp_path)(
        "a dog", generator=generator, num_inference_steps=5, guidance_scale=1.0, output_type="pt"
    ).images
    assert theirs.shape == (1, 3, 16, 16)
    ours = model.draw([4], prompts=["a dog"])
    assert ours.shape == (1, 3, 12, 12)
    torch.testing.assert_close(unpadded(theirs, 12) * 2 - 1, ours, rtol=0, atol=1e-4)


PIECES = [
    *("config.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json"),
    *("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/tokenizer.json"),
]


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """A saved model; shared, so not to be changed."""
    folder = tmp_path_factory.mktemp("whole") / "model"
    model.save(folder)
    return folder


@pytest.mark.parametrize("broken", PIECES)
@pytest.mark.parametrize("how", ["missing", "nonsense"])
def test_a_broken_folder_is_refused(whole, tmp_path, broken, how):
    shutil.copytree(whole, tmp_path / "broken")
    path = tmp_path / "broken" / broken
    path.unlink() if how == "missing" else path.write_text("nonsense")
    with pytest.raises(ModelError, match="again"):
        open_generator("text_to_image", tmp_path / "broken")


@pytest.mark.parametrize("fault", ["a tensor less", "not a number"])
def test_a_text_encoder_with_wrong_tensors_is_refused(model, tmp_path, fault):
    model.save(tmp_path)
    path = tmp_path / "text_encoder" / "model.safetensors"
    tensors = load_file(path)
    name = min(tensors)
    if fault == "a tensor less":
        del tensors[name]
    else:
        tensors[name][..., 0] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="again"):
        LatentDiffusion.open(tmp_path)


def test_saving_and_opening_say_nothing(model, tmp_path, capfd):
    model.save(tmp_path)
    open_generator("text_to_image", tmp_path)
    assert capfd.readouterr() == ("", "")
    assert json.loads((tmp_path / "model_index.json").read_text())["_class_name"] == "StableDiffusionPipeline"


# ── recipes ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["smoke", "gpu"])
def test_shipped_recipes_are_sound(name):
    recipe = complete("text_to_image", name, {})
    TextToImageSettings.model_validate(recipe.model)
    assert set(shipped("text_to_image")) == {"smoke", "gpu"}


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_it_trains_and_draws_as_on_the_cpu():
    generator = build("text_to_image", SMALL, pictures())
    here = generator.draw([1, 2], prompts=["a dog", "a cat"])
    generator.network.to("cuda")
    there = generator.draw([1, 2], prompts=["a dog", "a cat"])
    assert there.device.type == "cpu"
    torch.testing.assert_close(there, here, rtol=0, atol=0.05)
    rows = {name: column.to("cuda") for name, column in generator.prepare(pictures()).items()}
    generator.record_losses(rows).mean().backward()
    assert all(bool(weights.grad.isfinite().all()) for weights in generator.network.parameters())
