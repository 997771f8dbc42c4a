"""Pictures of earlier steps: of the same seeds, without a trace in the weights, and never from steps that were lost."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.canonical import dumps, loads
from harness.images.pictures import from_png
from harness.seeds import derive
from harness.training.checkpoint import open_checkpoint
from harness.training.gathering import load
from harness.training.hardware import choose_device
from harness.training.job import run
from harness.training.keeper import Keeper
from harness.training.loop import train
from harness.training.processes import gather_group
from harness.training.samples import FEW, OF_EACH, Sampler, shown_steps
from harness.training.setting_up import build, set_up
from harness.training.trouble import TrainingStoppedError
from harness.training.watch import Silent

PRIVATE = {"privacy": {"noise_multiplier": 2.0, "delta": 1e-3}, "batch": 4, "canaries": None}


def go(its, out, *, watch=None, stop=lambda: False):
    return run(its, out, watch=watch or Silent(), device="cpu", stop=stop)


def stop_after(steps):
    asked = []
    return lambda: asked.append(1) or len(asked) == steps


def grids(checkpoint):
    return {name: its for name, its in checkpoint.manifest.files.items() if name.startswith("samples/")}


def picture(checkpoint, name):
    return from_png((checkpoint.folder / name).read_bytes())


def test_few_steps_are_shown_most_of_them_early():
    assert sorted(shown_steps(900)) == [56, 112, 225, 450]
    assert sorted(shown_steps(6)) == [1, 3]
    assert shown_steps(1) == frozenset()


def test_the_last_grid_is_the_top_of_the_samples_of_the_weights_that_were_kept(small_vae):
    assert set(grids(small_vae)) == {"samples/1.png", "samples/3.png", "samples/6.png"}
    whole, last, first = (picture(small_vae, name) for name in ("samples.png", "samples/6.png", "samples/1.png"))
    # All but the lines at its end, behind which the whole has more pictures.
    height, width = (side - 1 for side in last.shape[:2])
    assert np.array_equal(last[:height, :width], whole[:height, :width])
    assert first.shape == last.shape
    assert not np.array_equal(first, last)


def test_a_grid_of_a_step_is_what_a_training_that_ended_there_would_have_kept(small_recipe, tmp_path):
    same = {"decay": False, "average": 0.9, "validate_every": 0}
    longer = go(small_recipe(steps=6, **same), tmp_path / "longer")
    ended = go(small_recipe(steps=3, **same), tmp_path / "ended")
    assert grids(longer)["samples/3.png"] == grids(ended)["samples/3.png"]


@pytest.mark.parametrize("more", [{}, {"patience": 1}, {"kind": "gan", "model": {"width": 4, "latent": 4}}])
def test_drawing_leaves_no_trace_in_weights_averages_or_moments(small_recipe, tmp_path, more):
    its = small_recipe(**more)

    def trained(name, *, drawing):
        material = load(its, say=lambda _: None)
        keeper, group = Keeper(tmp_path / name), gather_group(choose_device("cpu"))
        keeper.claim()
        generator = build(its, material)
        training, progress = set_up(
            generator, its, material, group=group, keeper=keeper, watch=Silent(), stop=lambda: False
        )
        training = training if drawing else replace(training, sampler=None)
        train(training, progress)
        keeper.close(done=True)
        return {name: its.clone() for name, its in training.learned.flatten().items()}, len(progress.glimpses)

    with_them, drawn = trained("with", drawing=True)
    without, none = trained("without", drawing=False)
    assert (drawn, none) == (2, 0)
    assert with_them.keys() == without.keys()
    assert all(torch.equal(with_them[name], without[name]) for name in without)


def test_stopped_and_taken_up_again_it_has_the_pictures_of_an_uninterrupted_training(small_vae, small_recipe, tmp_path):
    for stopped in (1, 2, 4):
        out = tmp_path / str(stopped)
        with pytest.raises(TrainingStoppedError):
            go(small_recipe(), out, stop=stop_after(stopped))
        assert grids(go(small_recipe(), out)) == grids(small_vae)


def test_a_training_begun_before_there_were_such_pictures_goes_on_and_has_the_later_ones(small_recipe, tmp_path):
    with pytest.raises(TrainingStoppedError):
        go(small_recipe(), tmp_path, stop=stop_after(2))
    (head,) = tmp_path.glob("underway/step-*/state.json")
    state = loads(head.read_bytes())
    assert [one["step"] for one in state["progress"].pop("glimpses")] == [1]
    head.write_bytes(dumps(state, indent=2))
    assert set(grids(go(small_recipe(), tmp_path))) == {"samples/3.png", "samples/6.png"}


def test_a_checkpoint_without_such_pictures_still_opens(small_vae, tmp_path):
    folder = shutil.copytree(small_vae.folder, tmp_path / "older")
    shutil.rmtree(folder / "samples")
    manifest = loads((folder / "manifest.json").read_bytes())
    manifest["files"] = {name: its for name, its in manifest["files"].items() if not name.startswith("samples/")}
    (folder / "manifest.json").write_bytes(dumps(manifest, indent=2))
    assert open_checkpoint(folder).manifest.steps == 6


class Killed(Silent):
    """Dies, as from a kill, after the third step, when pictures were drawn and no state was kept."""

    def step(self, step, of, loss, seconds, epsilon):
        if step == 4:
            raise KeyboardInterrupt


def test_pictures_of_private_steps_that_were_lost_are_on_no_disk_and_in_no_checkpoint(small_recipe, tmp_path):
    its = small_recipe(**PRIVATE, save_every=6)
    with pytest.raises(KeyboardInterrupt):
        go(its, tmp_path / "out", watch=Killed())
    left = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(left) == ["job.json", "lock"]
    done = go(its, tmp_path / "out")
    assert set(grids(done)) == {"samples/1.png", "samples/3.png", "samples/6.png"}
    # As many steps as the ledger counts: what was drawn before the kill is of none of them.
    assert done.ledger().gaussian[0].steps == done.manifest.steps == 6


def test_pictures_void_no_claim_of_privacy(small_recipe, tmp_path):
    done = go(small_recipe(**PRIVATE), tmp_path / "out")
    assert len(grids(done)) == 3
    assert done.stated_claim().holds


class Shades:
    """Draws pictures whose grey tells which of the samples they are."""

    classes = ("a", "b", "c", "d", "e")
    prompted = False

    def draw(self, seeds, *, labels):
        known = {derive(1, f"samples/{number}"): number for number in range(64)}
        shades = torch.tensor([known[seed] / 64 for seed in seeds])
        return shades[:, None, None, None].expand(-1, 1, 60, 60)


def test_the_few_samples_of_a_step_are_the_first_of_the_first_rows():
    sampler = Sampler(Shades(), 1, (), frozenset())
    glimpse = sampler.glimpse()
    assert glimpse == sampler.excerpt(sampler.draw())
    pixels = from_png(glimpse)
    assert pixels.shape[:2] == (FEW * 61 + 1, FEW * 61 + 1)
    shown = [int(pixels[1 + 61 * row, 1 + 61 * column, 0]) for row in range(FEW) for column in range(FEW)]
    numbers = [row * OF_EACH + column for row in range(FEW) for column in range(FEW)]
    assert shown == np.rint((np.array(numbers) / 64 + 1) * 127.5).astype(int).tolist()
