"""Pipelines of diffusers, tiny and with random weights, through the backend."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest

from harness.backends.diffusers import Diffusers
from harness.canonical import digest
from harness.errors import ModelError, UsageError
from harness.images.pictures import from_png
from harness.records import Capability, DrawAsk, Finish, LossAsk
from harness.registry import Plugin

torch = pytest.importorskip("torch")


@pytest.fixture
def opened(tiny_folder):
    """Return a function that makes a backend on the folder of a tiny pipeline."""
    return lambda name, **settings: Diffusers(str(tiny_folder(name)), **{"device": "cpu", "steps": 3, **settings})


def pixels(backend, ask):
    (reply,) = backend.answer([ask])
    assert reply.finish is Finish.STOP, reply.error
    return from_png(backend.media(reply.media[0])).astype(int)


# ── settings ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "settings",
    [{"steps": 0}, {"batch": 0}, {"height": 0}, {"width": -8}, {"guidance": -1.0}, {"dtype": "int8"}],
)
def test_settings_out_of_range_are_refused(settings):
    plugin = Plugin("backend", "diffusers", "harness.backends.diffusers:Diffusers", "rai-harness", "0")
    with pytest.raises(UsageError, match=next(iter(settings))):
        plugin.create({"model": "x", **settings})


def test_it_draws_and_does_nothing_else():
    backend = Diffusers("anything")
    assert backend.capabilities == {Capability.DRAW}
    assert (backend.batch_tokens, backend.length(DrawAsk(0))) == (4, 1)
    backend.close()


@pytest.mark.slow
def test_that_it_draws_from_prompts_is_told_by_its_files(opened):
    for name, prompted in (("stable_diffusion", True), ("ddim", False), ("dit", False)):
        backend = opened(name)
        assert (Capability.TEXT_TO_IMAGE in backend.capabilities) is prompted
        assert backend._opened is None
        assert backend._open().prompted is prompted


def test_what_is_not_here_is_refused_without_a_connection(tmp_path):
    with pytest.raises(ModelError, match="No model"):
        Diffusers("nowhere").identity()
    with pytest.raises(ModelError, match=r"no model_index\.json"):
        Diffusers(str(tmp_path)).identity()
    with pytest.raises(ModelError, match="is not on this machine"):
        Diffusers("some-owner/some-pipeline", revision="0" * 40).identity()


# ── what it is ────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_its_identity_covers_every_file_and_setting_and_loads_no_weights(opened, tiny_folder):
    backend = opened("stable_diffusion")
    found = backend.identity()
    assert (found.backend, found.digest) == ("diffusers", digest(found.details))
    folder = tiny_folder("stable_diffusion")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(found.details["files"]) == files
    assert found.details["safety_checker"].startswith("none")
    assert opened("checking").identity().details["safety_checker"] == "stable_diffusion.StableDiffusionSafetyChecker"
    assert backend._opened is None
    others = [{"steps": 4}, {"guidance": 2.0}, {"height": 32}, {"width": 32}, {"dtype": "bfloat16"}]
    digests = {opened("stable_diffusion", **settings).identity().digest for settings in [{}, *others]}
    assert len(digests) == 6
    assert opened("stable_diffusion", batch=1).identity() == found


# ── what it draws ─────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_stable_diffusion_draws_from_prompts(opened):
    backend = opened("stable_diffusion", guidance=5.0)
    one = pixels(backend, DrawAsk(1, prompt="a b"))
    assert one.shape == (16, 16, 3)
    assert np.abs(one - pixels(backend, DrawAsk(1, prompt="x y z"))).max() > 2
    assert np.array_equal(one, pixels(backend, DrawAsk(1, prompt="a b")))
    wide = opened("stable_diffusion", height=32, width=16)
    assert pixels(wide, DrawAsk(1, prompt="a")).shape == (32, 16, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "channels"), [("ddim", 1), ("ddpm", 3)])
def test_an_unconditional_pipeline_draws_from_nothing(opened, name, channels):
    backend = opened(name)
    assert pixels(backend, DrawAsk(1)).shape == (8, 8, channels)
    (refused,) = backend.answer([DrawAsk(1, prompt="a")])
    assert (refused.finish, refused.error) == (Finish.FAILED, "the model takes no prompt")


@pytest.mark.slow
def test_a_pipeline_by_class_draws_by_label(opened):
    backend = opened("dit")
    asks = [DrawAsk(1, label=1), DrawAsk(1, label=2), DrawAsk(1, label=1000), DrawAsk(1)]
    replies = backend.answer(asks)
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.STOP, Finish.FAILED, Finish.FAILED]
    assert replies[0].media != replies[1].media
    assert "none of the model's 1000 classes" in replies[2].error


@pytest.mark.slow
def test_a_prompt_too_long_for_the_model_is_said_not_cut(opened):
    long, short = opened("stable_diffusion").answer([DrawAsk(0, prompt="a " * 30), DrawAsk(0, prompt="a " * 14)])
    assert (long.finish, short.finish) == (Finish.TOO_LONG, Finish.STOP)
    assert long.error == "a prompt of 32 tokens, start and end included, exceeds the 16 that are read"


@pytest.mark.slow
def test_an_image_that_the_safety_checker_hides_is_a_refused_reply(opened):
    hidden = opened("hiding").answer([DrawAsk(seed, prompt="a") for seed in range(3)])
    assert {(reply.finish, reply.media) for reply in hidden} == {(Finish.REFUSED, ())}
    shown = opened("checking").answer([DrawAsk(seed, prompt="a") for seed in range(3)])
    assert {reply.finish for reply in shown} == {Finish.STOP}


@pytest.mark.slow
def test_what_a_pipeline_refuses_is_a_failed_reply_with_its_reason(opened):
    (odd, other) = opened("stable_diffusion", height=13, width=16).answer([DrawAsk(0, prompt="a"), LossAsk("x")])
    assert odd.finish is Finish.FAILED
    assert "divisible by 8" in odd.error
    assert other.error == "a pipeline of images answers no LossAsk"


@pytest.mark.slow
def test_a_setting_that_the_pipeline_does_not_take_is_refused(opened):
    with pytest.raises(ModelError, match="DDIMPipeline takes no guidance_scale, height"):
        opened("ddim", guidance=2.0, height=16).answer([DrawAsk(0)])


@pytest.mark.slow
@pytest.mark.parametrize("part", ["text_encoder", "unet"])
def test_missing_weights_are_found_not_filled_with_random_numbers(tiny_folder, tmp_path, part):
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_folder("stable_diffusion"), tmp_path / "holed")
    (weights,) = (folder / part).glob("*.safetensors")
    tensors = load_file(weights)
    del tensors[max(tensors)]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="weights are missing"):
        Diffusers(str(folder), device="cpu").answer([DrawAsk(0, prompt="a")])


@pytest.mark.slow
def test_a_pipeline_that_diffusers_does_not_know_is_refused(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("stable_diffusion"), tmp_path / "strange")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": "StableDiffusionPipelineOfMine"}))
    with pytest.raises(ModelError, match="diffusers cannot open it"):
        Diffusers(str(folder), device="cpu").answer([DrawAsk(0, prompt="a")])


@pytest.mark.slow
def test_it_says_nothing_on_the_terminal(opened, capfd):
    backend = opened("checking")
    backend.answer([DrawAsk(0, prompt="a"), DrawAsk(0, prompt="a " * 30)])
    backend.close()
    assert capfd.readouterr() == ("", "")


def test_making_it_imports_nothing_heavy():
    before = set(sys.modules)
    Diffusers("anything")
    assert "diffusers" not in set(sys.modules) - before


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_an_image_is_that_of_the_cpu_up_to_rounding(opened):
    ask = DrawAsk(5, prompt="a b c")
    cpu = pixels(opened("stable_diffusion"), ask)
    cuda = pixels(opened("stable_diffusion", device="cuda", dtype="float32"), ask)
    assert np.abs(cpu - cuda).max() <= 3
