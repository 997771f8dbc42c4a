"""From a recipe to a checkpoint."""

from __future__ import annotations

import random

import pytest
import torch

from harness.canonical import loads
from harness.errors import ModelError, UsageError
from harness.images.pictures import from_png
from harness.privacy.checks import Trained, after
from harness.privacy.claim import Claim
from harness.seeds import derive
from harness.training.budget import records_of_units
from harness.training.checkpoint import open_checkpoint
from harness.training.job import recipe_under_way, run
from harness.training.loop import train
from harness.training.split import Role
from harness.training.trouble import TrainingStoppedError
from harness.training.watch import Silent


def go(its, out, *, watch=None, stop=lambda: False, device="cpu"):
    return run(its, out, watch=watch or Silent(), device=device, stop=stop)


def stop_after(steps):
    """A `stop` that says so once asked so often."""
    asked = []
    return lambda: asked.append(1) or len(asked) == steps


def test_a_grid_of_samples_shows_eight_of_each_class(small_vae):
    picture = from_png((small_vae.folder / "samples.png").read_bytes())
    classes, (height, width) = len(small_vae.manifest.data.classes), small_vae.examples().images.shape[1:3]
    scale = max(1, 56 // height)
    assert picture.shape[:2] == ((classes * (height + 1) + 1) * scale, (8 * (width + 1) + 1) * scale)


def test_a_finished_folder_is_not_trained_again(small_vae, small_recipe):
    with pytest.raises(UsageError, match="holds a finished checkpoint"):
        go(small_recipe(), small_vae.folder)


def test_a_stopped_training_goes_on_to_the_same_checkpoint(small_vae, small_recipe, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(TrainingStoppedError, match="Stopped after step 4"):
        go(small_recipe(), out, stop=stop_after(4))
    with pytest.raises(ModelError, match="unfinished"):
        open_checkpoint(out)
    assert recipe_under_way(out) == small_recipe()
    done = go(recipe_under_way(out), out)
    assert recipe_under_way(out) is None
    for name in ("model/autoencoder.safetensors", "records.parquet", "samples.png"):
        assert done.manifest.files[name] == small_vae.manifest.files[name]
    assert done.manifest.timing.resumed == 1


class Killed(Silent):
    """Dies, as from a kill, when the last state has been kept."""

    def saved(self, step):
        if step == 6:
            raise KeyboardInterrupt


def test_killed_before_it_was_written_the_checkpoint_is_written_later(small_vae, small_recipe, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        go(small_recipe(), tmp_path / "out", watch=Killed())
    # Killed again, half way through moving the pieces into place.
    (tmp_path / "out" / "model").mkdir()
    (tmp_path / "out" / "model" / "config.json").write_text("{")
    (tmp_path / "out" / "underway" / "finished").mkdir()
    done = go(small_recipe(), tmp_path / "out")
    assert done.manifest.files == small_vae.manifest.files


def test_killed_before_it_was_tidied_the_checkpoint_is_complete(small_recipe, tmp_path):
    out = tmp_path / "out"
    first = go(small_recipe(), out)
    (out / "underway" / "step-00000006").mkdir(parents=True)
    (out / "underway" / "lock").touch()
    assert go(small_recipe(), out).manifest == first.manifest
    assert not (out / "underway").exists()


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A text of two hundred short documents."""
    draw = random.Random(1)
    words = ["the", "a", "cat", "dog", "sat", "ran", "over", "house", "tree", "red", "blue", "big", "then"]
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("\n\n".join(" ".join(draw.choices(words, k=12)) for _ in range(200)))
    return path


SMALL = {
    "text_to_image": {"autoencoder": [8], "channels": [8], "text_width": 8, "sampling_steps": 2},
    "gan": {"width": 4, "latent": 4, "turns": 2},
    "diffusion": {"channels": [8], "sampling_steps": 2},
    "language": {"context": 64, "layers": 1, "width": 8, "heads": 1, "tied": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SMALL)
def test_every_kind_resumes_to_the_bit_and_opens(kind, small_recipe, book, tmp_path):
    data = str(book) if kind == "language" else "synthetic:n=40,seed=2"
    its = small_recipe(kind=kind, data=data, model=SMALL[kind], patience=5)
    whole = go(its, tmp_path / "whole")
    with pytest.raises(TrainingStoppedError):
        go(its, tmp_path / "out", stop=stop_after(3))
    resumed = go(its, tmp_path / "out")
    assert resumed.manifest.files == whole.manifest.files
    generator, examples = resumed.generator(), resumed.examples()
    rows = generator.prepare(examples.take(resumed.split().rows(Role.VALIDATION)))
    loss = next(iter(generator.losses(rows, seed=derive(its.seed, "validation")).values())).mean()
    best = min(point.validation for point in resumed.manifest.curve if point.validation is not None)
    assert float(loss) == pytest.approx(best, rel=1e-4)


def test_what_cannot_be_had_leaves_no_folder(small_recipe, tmp_path):
    for its, message in (
        (small_recipe(model={"latent": 0}), "latent"),
        (small_recipe(model={"size": 1}), "no setting 'size'"),
        (small_recipe(batch=64, privacy={"epsilon": 1.0}), "A batch of 64 is more than the"),
        (small_recipe(batch=4, privacy={"noise_multiplier": 1.0}, patience=1), r"the step to stop at.*item 4"),
        (small_recipe(batch=4, privacy={"noise_multiplier": 1.0, "delta": 0.5}), r"delta = 0.5 is not below.*item 11"),
    ):
        with pytest.raises(UsageError, match=message):
            go(its, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_another_toss_has_the_same_records_and_other_members(small_vae, small_recipe, tmp_path):
    other = go(small_recipe(toss=1), tmp_path / "out")
    assert other.manifest.data == small_vae.manifest.data
    assert other.split().ids == small_vae.split().ids
    assert other.split().roles != small_vae.split().roles
    assert (
        other.manifest.files["model/autoencoder.safetensors"]
        != small_vae.manifest.files["model/autoencoder.safetensors"]
    )


@pytest.mark.parametrize("device", ["gpu0", "cuda:99", "meta"])
def test_a_device_that_is_not_here_is_refused(small_recipe, tmp_path, device):
    with pytest.raises(UsageError, match=r"device|supported"):
        go(small_recipe(), tmp_path / "out", device=device)


def test_a_private_training_tells_no_seed_and_no_loss(small_recipe, tmp_path):
    its = small_recipe(privacy={"noise_multiplier": 2.0, "delta": 1e-3}, batch=4, canaries=None)
    done = go(its, tmp_path / "out")
    manifest = done.manifest
    assert 0 < manifest.claim["epsilon"] < 20
    assert done.claim_lines()[0].startswith("(epsilon, delta)-differential privacy with epsilon = ")
    assert manifest.seeds["steps"] == manifest.seeds["batches"] == "drawn by the operating system, kept nowhere"
    assert all(point.loss is None for point in manifest.curve)
    assert manifest.curve[-1].validation is not None
    ledger = done.ledger()
    assert [event.steps for event in ledger.events] == [6]
    assert ledger.unit == "one image"
    assert ledger.records == manifest.split.members
    assert "ledger.json" in manifest.files


def test_bfloat16_without_cuda_is_said(small_recipe, tmp_path):
    notes = []

    class Notes(Silent):
        def note(self, text):
            notes.append(text)

    done = go(small_recipe(precision="bfloat16"), tmp_path / "out", watch=Notes())
    assert notes == ["Training is in float32: without a CUDA device there is no bfloat16."]
    assert done.manifest.hardware.precision == "float32"


@pytest.mark.slow
def test_a_vocabulary_learned_from_private_records_is_refused(small_recipe, book, tmp_path):
    model = {**SMALL["language"], "tied": False, "tokenizer": "bpe", "vocabulary": 300}
    its = small_recipe(kind="language", data=str(book), model=model, batch=4, privacy={"noise_multiplier": 1.0})
    with pytest.raises(UsageError, match=r"Fitted to the private records without privacy: tokenizer"):
        go(its, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("kind", SMALL)
def test_every_kind_trains_with_privacy_and_claims_it_whole(kind, small_recipe, book, tmp_path):
    data = str(book) if kind == "language" else "synthetic:n=40,seed=2"
    private = {"noise_multiplier": 1.5, "delta": 1e-4}
    done = go(small_recipe(kind=kind, data=data, model=SMALL[kind], batch=4, privacy=private), tmp_path / "out")
    claimed = Claim.parse(done.manifest.claim)
    assert claimed.holds
    assert [event.steps for event in done.ledger().events] == [6 * SMALL[kind].get("turns", 1)]
    left = Trained(loads(done.manifest.dump()), done.ledger(), done.folder, records_of_units(done.split()))
    assert after(left) == ()


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_it_trains_in_mixed_precision(small_recipe, tmp_path):
    done = go(small_recipe(steps=50), tmp_path / "out", device="cuda")
    assert (done.manifest.hardware.device, done.manifest.hardware.precision) == ("cuda", "bfloat16")
    assert done.manifest.curve[-1].loss < done.manifest.curve[0].loss


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_a_batch_too_big_for_memory_is_halved(tiny, begin):
    notes = []

    class Notes(Silent):
        def note(self, text):
            notes.append(text)

    generator = tiny.Tiny(16)
    plain = generator._record_losses

    def greedy(rows):
        n = len(rows["x"])
        free = torch.cuda.mem_get_info()[0]
        # With 8 records more than there is, with 4 not.
        hog = torch.empty(int(free * n / 6), dtype=torch.uint8, device="cuda")
        return plain(rows) + 0 * hog[:1].float()

    generator._record_losses = greedy
    training, progress = begin("out", tiny.recipe(steps=3), generator=generator, watch=Notes(), device="cuda")
    train(training, progress)
    assert progress.physical == 4
    assert len(notes) == 1
