"""The recipes for a GPU: a few rounds of each at full size on a CUDA device, and a little of each on any machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from harness.canonical import loads
from harness.images.pictures import from_png
from harness.models.generator import Drawing
from harness.training.job import run
from harness.training.recipe_files import complete
from harness.training.watch import Silent

KINDS = ["vae", "gan", "diffusion", "text_to_image", "language"]

# Sizes of what is drawn at the end, so that a CPU has done in seconds; the networks stay as large as they are.
LITTLE = {"diffusion": {"sampling_steps": 2}, "text_to_image": {"sampling_steps": 2}}

needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
needs_two = pytest.mark.skipif(
    torch.cuda.device_count() < 2, reason=f"needs two CUDA devices: torch sees {torch.cuda.device_count()} here"
)


@pytest.fixture
def their_data():
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set: the recipes train on Fashion-MNIST and tiny Shakespeare")


def go(recipe, out, device):
    return run(recipe, out, watch=Silent(), device=device, stop=lambda: False)


def check(checkpoint):
    """What the few rounds left opens and gives finite pictures of 28 by 28, or finite losses."""
    generator = checkpoint.generator()
    if isinstance(generator, Drawing):
        asked = {"prompts": [generator.classes[0]]} if generator.prompted else {"labels": [0]}
        images = generator.draw([1], **asked)
        assert images.shape == (1, 1, 28, 28)
        assert bool(images.isfinite().all())
        assert from_png((checkpoint.folder / "samples.png").read_bytes()).shape[1] > 8 * 28
    else:
        (found,) = generator.token_logprobs(["To be, or not to be"])
        assert all(value < 0 for value in found.logprobs)


@pytest.mark.slow
@pytest.mark.benchmarks
@pytest.mark.parametrize("kind", KINDS)
def test_a_little_of_the_gpu_recipe_trains_on_any_machine(kind, their_data, tmp_path):
    changes = {"steps": 2, "batch": 4, "warmup": 1, "records": 200, "validate_every": 0, "patience": None}
    recipe = complete(kind, "gpu", {**changes, "canaries": None, "model": LITTLE.get(kind, {})})
    check(go(recipe, tmp_path / "out", "cpu"))


@pytest.mark.gpu
@pytest.mark.benchmarks
@needs_cuda
@pytest.mark.parametrize("kind", KINDS)
def test_the_gpu_recipe_trains_on_a_cuda_device_in_mixed_precision(kind, their_data, tmp_path):
    recipe = complete(kind, "gpu", {"steps": 40, "warmup": 10, "validate_every": 20})
    checkpoint = go(recipe, tmp_path / "out", "auto")
    manifest = checkpoint.manifest
    assert (manifest.hardware.device, manifest.hardware.precision) == ("cuda", "bfloat16")
    assert manifest.hardware.name == torch.cuda.get_device_name()
    if kind != "gan":  # whose players pull their losses both ways
        assert manifest.curve[-1].loss < manifest.curve[0].loss
    check(checkpoint)


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("kind", ["diffusion", "text_to_image"])  # whose losses are squares: ratios mean something
def test_the_smoke_recipe_learns_on_cuda_what_it_learns_on_the_cpu(kind, tmp_path):
    losses = []
    for device in ("cpu", "cuda"):
        recipe = complete(kind, "smoke", {"steps": 60, "validate_every": 0, "precision": "float32"})
        losses.append(go(recipe, tmp_path / device, device).manifest.curve[-1].validation)
    assert losses[1] == pytest.approx(losses[0], rel=0.25)


@pytest.mark.gpu
@pytest.mark.slow
@needs_two
def test_two_cuda_devices_train_together(tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = ["-m", "harness", "train", "vae", "--data", "digits", "--steps", "200", "--out", "out", "--quiet"]
    done = subprocess.run([*torchrun, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Checkpoint: out") == 1
    manifest = loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert (manifest["hardware"]["processes"], manifest["hardware"]["device"]) == (2, "cuda")
    assert manifest["curve"][-1]["validation"] < manifest["curve"][0]["loss"]
