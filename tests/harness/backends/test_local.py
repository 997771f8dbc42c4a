"""Checkpoints trained here, through the backend: what they can do, tell of their training, and refuse."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.backends.huggingface import HuggingFace
from harness.backends.local import Local
from harness.canonical import digest, dumps
from harness.contracts import InvertingBackend
from harness.data.canaries import references
from harness.errors import ModelError, UsageError
from harness.images.pictures import from_png, to_bytes
from harness.records import Capability, DrawAsk, Finish, GenerateAsk, LossAsk, RecordAsk, ScoreAsk

torch = pytest.importorskip("torch")


@pytest.fixture
def vae(tiny_folder):
    return Local(str(tiny_folder("vae")), device="cpu", batch=8)


@pytest.fixture
def released(tiny_folder, tmp_path):
    """A copy of the checkpoint without the table of its records, as a private model would be released."""
    folder = shutil.copytree(tiny_folder("vae"), tmp_path / "released")
    (folder / "records.parquet").unlink()
    return Local(str(folder), device="cpu")


# ── what it is ────────────────────────────────────────────────────────────────────────────


def test_an_image_generator_draws_and_tells_of_its_training(vae):
    assert vae.capabilities == {Capability.DRAW, Capability.LOSS, Capability.TRAINING_DATA}
    assert (vae.batch_tokens, vae.length(DrawAsk(0)), vae.length(LossAsk("x"))) == (8, 1, 1)


def test_its_identity_covers_weights_records_device_and_versions_and_loads_no_weights(vae, tiny_folder):
    found = vae.identity()
    assert (found.backend, found.name, found.digest) == ("local", "vae", digest(found.details))
    details = found.details
    assert set(details["files"]) == {"model/autoencoder.safetensors", "model/config.json"}
    assert (details["kind"], details["device"], details["training_data"]) == ("vae", "cpu", "known")
    assert details["data"].startswith("sha256:")
    assert details["split"].startswith("sha256:")
    assert {"torch", "numpy", "pillow"} <= set(details["versions"])
    assert str(tiny_folder("vae")) not in dumps(details).decode()
    assert vae._generator is None


def test_a_checkpoint_without_its_records_still_draws_and_says_what_is_missing(released, vae):
    assert released.capabilities == {Capability.DRAW}
    reason = released.identity().details["training_data"]
    assert reason.startswith("released: there is no records.parquet")
    assert released.identity().digest != vae.identity().digest
    with pytest.raises(ModelError, match=r"no records\.parquet"):
        released.training_data()
    with pytest.raises(ModelError, match=r"no records\.parquet"):
        released.members()
    replies = released.answer([DrawAsk(0, label=1), LossAsk("digits/0000"), RecordAsk("digits/0000")])
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.FAILED, Finish.FAILED]
    assert all("no records.parquet" in reply.error for reply in replies[1:])


def test_data_that_are_no_longer_those_are_not_taken_for_them(tiny_folder):
    moved = Local(str(tiny_folder("vae")), device="cpu", data="synthetic:n=100")
    assert moved.capabilities == {Capability.DRAW}
    assert "these are not the records" in moved.identity().details["training_data"]


def test_no_folder_of_this_machine_is_in_its_identity(tiny_folder):
    gone = Local(str(tiny_folder("vae")), device="cpu", data="/nowhere/of/mine/pictures")
    reason = gone.identity().details["training_data"]
    assert "pictures" in reason
    assert "/nowhere" not in reason
    assert str(Path.cwd()) not in reason


def test_what_is_no_checkpoint_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(ModelError, match="harness train"):
        Local(str(tmp_path / "nothing")).capabilities  # noqa: B018  reading it is the point
    with pytest.raises(ModelError, match="not a checkpoint"):
        Local(str(tmp_path)).identity()
    with pytest.raises(ValueError, match="batch is at least 1"):
        Local("x", batch=0)


def test_a_changed_weight_is_refused(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("vae"), tmp_path / "changed")
    weights = folder / "model" / "autoencoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    with pytest.raises(ModelError, match="changed since training"):
        Local(str(folder)).identity()


# ── what it answers ───────────────────────────────────────────────────────────────────────


def test_it_draws_what_the_model_draws(vae):
    asks = [DrawAsk(seed, label=seed % 10) for seed in range(20)]
    replies = vae.answer(asks)
    model = vae._look().checkpoint.generator()
    expected = to_bytes(model.draw([ask.seed for ask in asks], labels=[ask.label for ask in asks]).numpy())
    for reply, image in zip(replies, expected, strict=True):
        assert np.abs(from_png(vae.media(reply.media[0])).astype(int) - image).max() <= 1


def test_its_losses_are_those_of_the_model_under_the_seed_of_the_ask(vae):
    records = [row["record"] for row in vae.training_data().rows[:20]]
    model, examples = vae._look().checkpoint.generator(), vae._look().records.take(records)
    for seed in (0, 7):
        replies = vae.answer([LossAsk(record, seed) for record in records])
        expected = model.losses(model.prepare(examples), seed=seed)
        first = next(iter(expected))
        for place, reply in enumerate(replies):
            assert set(reply.losses) == {*expected, "loss"}
            assert reply.losses["loss"] == reply.losses[first]
            assert reply.losses[first] == pytest.approx(float(expected[first][place]), rel=1e-5)


def test_one_record_asked_twice_in_a_batch_gets_its_loss_twice(vae):
    first, second, other = vae.answer([LossAsk("digits/0003")] * 2 + [LossAsk("nobody")])
    assert first == second
    assert first.finish is Finish.STOP
    assert "no record named 'nobody'" in other.error


class Odd:
    """A generator of four-pixel images with a fault of its own."""

    classes, prompted, networks = (), False, {}

    def __init__(self, *, pixel=0.0, loss=0.0, fits=100):
        self.pixel, self.loss, self.fits = pixel, loss, fits

    def initial_noise(self, seeds):
        return torch.zeros((len(seeds), 1, 2, 2))

    def draw(self, seeds, *, labels=None, prompts=None, noise=None):
        if len(seeds) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        images = torch.zeros((len(seeds), 1, 2, 2))
        images[0, 0, 0, 0] = self.pixel
        return images

    def prepare(self, examples):
        return {"n": torch.zeros(len(examples))}

    def losses(self, rows, *, seed):
        return {"a": torch.zeros(len(rows["n"])), "b": torch.full((len(rows["n"]),), self.loss)}


def test_pixels_and_losses_that_are_no_numbers_are_failed_replies(vae):
    vae._generator = Odd(pixel=float("nan"), loss=float("inf"))
    bad, good = vae.answer([DrawAsk(0), DrawAsk(1)])
    assert (bad.finish, good.finish) == (Finish.FAILED, Finish.STOP)
    assert "no numbers" in bad.error
    (loss,) = vae.answer([LossAsk("digits/0000")])
    assert (loss.finish, loss.error) == (Finish.FAILED, "the model's b is no number")


def test_out_of_memory_halves_the_batch_and_is_counted_as_asked_again(vae):
    vae._generator = Odd(fits=3)
    replies = vae.answer([DrawAsk(seed) for seed in range(8)])
    assert {reply.finish for reply in replies} == {Finish.STOP}
    assert [reply.retries for reply in replies] == [2, 2, 2, 2, 1, 1, 1, 1]
    assert [reply.retries for reply in vae.answer([DrawAsk(seed) for seed in range(8)])] == [0] * 8


def test_only_a_model_that_can_invert_tells_of_noise(vae):
    assert isinstance(vae, InvertingBackend)
    images = np.zeros((2, 2, 2, 1), np.uint8)
    with pytest.raises(ModelError, match="kind 'vae' cannot tell which noise"):
        vae.noise(images)
    vae._generator = Odd()
    vae._generator.invert = lambda images: images * 2
    vae._generator.noise_shape = (1, 2, 2)
    assert np.array_equal(vae.noise(images), np.full((2, 1, 2, 2), -2.0, np.float32))
    vae._generator.noise_shape = (4, 8, 8)
    with pytest.raises(ModelError, match="no noise can be found for images of 2x2x1"):
        vae.noise(images)
    vae._generator.invert = lambda images: images @ torch.zeros(3, 3)
    with pytest.raises(ModelError, match="no noise can be found for images of 2x2x1"):
        vae.noise(images)


def test_closing_lets_go_of_weights_and_records(vae):
    vae.answer([DrawAsk(0, label=0)])
    assert vae._generator is not None
    vae.close()
    assert (vae._generator, vae._source._known) == (None, None)
    assert vae.answer([DrawAsk(0, label=0)])[0].finish is Finish.STOP


# ── text to image ─────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_model_of_prompts_says_so_and_refuses_the_one_prompt_that_is_too_long(tiny_folder):
    backend = Local(str(tiny_folder("text_to_image")), device="cpu")
    assert {Capability.DRAW, Capability.TEXT_TO_IMAGE} <= backend.capabilities
    asks = [DrawAsk(0, prompt="a red circle"), DrawAsk(0, prompt="a red circle " * 9), DrawAsk(1, prompt="a square")]
    replies = backend.answer(asks)
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.TOO_LONG, Finish.STOP]
    assert "of which this model reads 32" in replies[1].error


# ── language ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_language_model_answers_as_its_folder_does_through_transformers(tiny_folder):
    backend = Local(str(tiny_folder("language")), device="cpu", batch=4)
    plain = HuggingFace(str(tiny_folder("language") / "model"), device="cpu")
    absent = {Capability.DRAW, Capability.TEXT_TO_IMAGE, Capability.MARK_TEXT}
    assert backend.capabilities == set(Capability) - absent
    assert backend.batch_tokens == plain.batch_tokens
    asks = [GenerateAsk("the cat", max_tokens=4, chat=False), ScoreAsk("the cat", (" sat", " ran"))]
    assert [backend.length(ask) for ask in asks] == [plain.length(ask) for ask in asks]
    assert backend.length(LossAsk("x")) * backend.batch <= backend.batch_tokens + backend.batch
    mine, theirs = backend.answer(asks), plain.answer(asks)
    assert [(reply.text, reply.scores) for reply in mine] == [(reply.text, reply.scores) for reply in theirs]
    assert backend.identity().details["language"] == plain.identity().details
    (drawn,) = backend.answer([DrawAsk(0)])
    assert (drawn.finish, drawn.error) == (Finish.FAILED, "a language model draws no images")


@pytest.mark.slow
def test_a_language_model_tells_its_passages_its_canaries_and_their_losses(tiny_folder):
    backend = Local(str(tiny_folder("language")), device="cpu")
    rows = backend.training_data().rows
    planted = [row for row in rows if row["canary"]]
    assert {1, 4} <= {row["repeats"] for row in planted}
    assert all(row["text"].endswith(row["canary"]["fill"]) for row in planted)
    assert all(row["text"] and row["asked_by"] is None for row in rows)
    with pytest.raises(ModelError, match="trained on text"):
        backend.members()
    shown, loss = backend.answer([RecordAsk(rows[0]["record"]), LossAsk(rows[0]["record"])])
    assert (shown.text, shown.media) == (rows[0]["text"], ())
    assert loss.losses["loss"] > 0
    # The loss is the likelihood that scoring the same passage gives, and that of its end besides.
    (scored,) = backend.answer([ScoreAsk("", (rows[0]["text"],))])
    assert 0 < loss.losses["total"] + scored.scores[0].total < 15


# ── reference models ──────────────────────────────────────────────────────────────────────


def test_losses_by_references_are_those_they_would_tell_themselves(trained):
    folders = [trained(toss=1), trained(toss=2)]
    backend = Local(str(trained()), device="cpu", references=[str(folder) for folder in folders])
    asks = [LossAsk(row["record"], 3) for row in backend.training_data().rows[:9]]
    replies, plain = backend.answer(asks), Local(str(trained()), device="cpu").answer(asks)
    for place, folder in enumerate(folders):
        own = Local(str(folder), device="cpu").answer(asks)
        told = [reply.losses[f"reference/{place}"] for reply in replies]
        assert told == pytest.approx([reply.losses["loss"] for reply in own], rel=1e-5)
        assert told != pytest.approx([reply.losses["loss"] for reply in replies], rel=1e-5)
    for reply, alone in zip(replies, plain, strict=True):
        assert set(reply.losses) == {*alone.losses, "reference/0", "reference/1"}
        assert {name: reply.losses[name] for name in alone.losses} == pytest.approx(alone.losses, rel=1e-5)


def test_its_references_are_part_of_its_identity_by_content(trained, tmp_path):
    def identity(*folders):
        return Local(str(trained()), device="cpu", references=[str(folder) for folder in folders]).identity()

    moved = shutil.copytree(trained(toss=1), tmp_path / "moved")
    digests = [identity(), identity(trained(toss=1)), identity(trained(toss=2)), identity(moved)]
    assert len({its.digest for its in digests}) == 3
    assert digests[3].digest == digests[1].digest
    assert str(trained(toss=1)) not in dumps(digests[1].details).decode()


def test_a_stranger_among_the_references_is_refused_when_the_run_is_planned(trained):
    backend = Local(str(trained()), device="cpu", references=[str(trained("gan", toss=1))])
    with pytest.raises(UsageError, match="of kind gan, the model of kind vae: it is no reference"):
        backend.identity()


def test_the_loss_of_records_like_a_canary_can_be_asked_for_in_any_order(trained):
    backend = Local(str(trained()), device="cpu", references=[str(trained(toss=1))])
    canary = "canary/ladder/03/0"
    names = [f"{canary}/reference/{number:05d}" for number in (5, 1)]
    asks = [LossAsk(name) for name in (names[0], canary, names[1], f"{canary}/reference/99999")]
    replies = backend.answer(asks)
    assert [reply.finish for reply in replies] == [Finish.STOP] * 3 + [Finish.FAILED]
    assert len({reply.losses["loss"] for reply in replies[:3]}) == 3
    assert "no record named" in replies[3].error
    records, model = backend._look().records, backend._look().checkpoint.generator()
    planted = next(its for its in records.canaries if its.record == canary)
    likes = references(records.examples, planted, 8, seed=0).take([5, 1])
    expected = next(iter(model.losses(model.prepare(likes), seed=0).values())).tolist()
    assert [replies[0].losses["loss"], replies[2].losses["loss"]] == pytest.approx(expected, rel=1e-5)
    (shown,) = backend.answer([RecordAsk(names[0])])
    assert shown.finish is Finish.FAILED


# ── devices ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_refused(tiny_folder):
    with pytest.raises(ModelError, match="no CUDA device"):
        Local(str(tiny_folder("vae")), device="cuda").identity()


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
def test_on_a_cuda_device_images_and_losses_are_those_of_the_cpu_up_to_rounding(tiny_folder):
    asks = [*(DrawAsk(seed, label=seed % 10) for seed in range(8)), LossAsk("digits/0000", 3)]
    backends = [Local(str(tiny_folder("vae")), device=device) for device in ("cpu", "cuda")]
    cpu, cuda = (backend.answer(asks) for backend in backends)
    for one, other in zip(cpu[:8], cuda[:8], strict=True):
        images = [from_png(b.media(r.media[0])).astype(int) for b, r in zip(backends, (one, other), strict=True)]
        assert np.abs(images[0] - images[1]).max() <= 2
    assert cpu[8].losses["loss"] == pytest.approx(cuda[8].losses["loss"], rel=1e-3)
    assert backends[0].identity().digest != backends[1].identity().digest


def test_planning_does_not_need_the_weights(vae, monkeypatch):
    # A weight that cannot be opened is found when the first ask is answered, not when the run is planned.
    monkeypatch.setattr(sys.modules["harness.models.kinds"], "open_generator", None)
    assert vae.training_data().rows
    assert vae.identity()
