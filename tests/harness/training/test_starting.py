"""A training that begins with the weights of another: which it may begin with, and what is recorded of it."""

from __future__ import annotations

import pytest
import torch

from harness.errors import ModelError, UsageError
from harness.training.checkpoint import open_checkpoint
from harness.training.gathering import load
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.setting_up import build
from harness.training.sources import weights_digest
from harness.training.trouble import TrainingStoppedError
from harness.training.watch import Silent


def go(recipe, out):
    return run(recipe, out, watch=Silent(), device="cpu", stop=lambda: False)


def changed(folder, **changes):
    """The recipe of a checkpoint, starting from it, with changes."""
    recipe = open_checkpoint(folder).manifest.read_recipe()
    return Recipe.model_validate({**recipe.model_dump(), "start": str(folder), **changes})


@pytest.mark.parametrize("kind", ["vae", "gan", "language"])
def test_it_begins_with_those_weights_all_of_them_and_trains_what_a_fresh_one_would(tiny_folder, kind):
    folder = tiny_folder(kind)
    recipe = changed(folder)
    records = load(recipe)
    theirs = open_checkpoint(folder).generator()
    begun = build(recipe, records, begun=open_checkpoint(folder))
    for name, network in theirs.networks.items():
        assert all(
            torch.equal(begun.networks[name].state_dict()[key], value) for key, value in network.state_dict().items()
        )
    fresh = build(recipe, records)
    for mine, its in zip(begun.players(), fresh.players(), strict=True):
        assert [(name, weight.requires_grad) for name, weight in mine.network.named_parameters()] == [
            (name, weight.requires_grad) for name, weight in its.network.named_parameters()
        ]


def test_what_it_began_with_is_recorded_by_content(tiny_folder, tmp_path):
    folder = tiny_folder("vae")
    done = go(changed(folder, steps=2), tmp_path / "out")
    assert done.manifest.sources == {"start": weights_digest(open_checkpoint(folder))}
    assert done.manifest.files["model/autoencoder.safetensors"] != weights_digest(open_checkpoint(folder))
    assert open_checkpoint(folder).manifest.sources is None


def test_a_resume_with_other_weights_to_begin_with_is_refused(tiny_folder, tmp_path):
    folder, steps = tiny_folder("vae"), []
    recipe = changed(folder, steps=4, save_every=1)
    with pytest.raises(TrainingStoppedError, match="Stopped after step 2"):
        run(recipe, tmp_path / "out", watch=Silent(), device="cpu", stop=lambda: steps.append(1) or len(steps) == 2)
    other = go(changed(folder, steps=2), tmp_path / "other")
    with pytest.raises(UsageError, match=r"sources\.start: begun with"):
        go(recipe.model_copy(update={"start": str(other.folder)}), tmp_path / "out")
    go(recipe, tmp_path / "out")
    whole = go(recipe, tmp_path / "whole")
    assert open_checkpoint(tmp_path / "out").manifest.files == whole.manifest.files


def test_adapters_are_put_on_the_weights_it_begins_with(tiny_folder, tmp_path):
    base, data = tiny_folder("language"), open_checkpoint(tiny_folder("language")).manifest.data.name
    plain = {"kind": "language", "data": data, "steps": 3, "batch": 4, "learning_rate": 0.01}
    first = go(Recipe(**plain, model={"base": str(base / "model"), "lora": 2, "context": 64}), tmp_path / "first")
    recipe = changed(first.folder)
    begun = build(recipe, load(recipe), begun=first)
    weights = dict(begun.network.named_parameters())
    assert {name for name, weight in weights.items() if weight.requires_grad} == {n for n in weights if ".lora_" in n}
    tokens = torch.arange(5)[None]
    with torch.no_grad():
        mine, its = (model.network(input_ids=tokens).logits for model in (begun, first.generator()))
    assert torch.allclose(mine, its, atol=1e-6)
    assert go(recipe, tmp_path / "second").manifest.sources == {"start": weights_digest(first)}


def test_it_cannot_begin_with_another_kind_size_or_set_of_classes(tiny_folder, tmp_path):
    vae = tiny_folder("vae")
    with pytest.raises(UsageError, match="is of kind vae: a gan model cannot start from it"):
        go(changed(tiny_folder("gan"), start=str(vae)), tmp_path / "a")
    with pytest.raises(UsageError, match="other settings of the model"):
        go(changed(vae, model={"width": 8, "hidden": 16, "latent": 2}), tmp_path / "b")
    with pytest.raises(UsageError, match="knows the classes"):
        go(changed(vae, data="synthetic:n=60,size=8"), tmp_path / "c")
    with pytest.raises(ModelError, match="no such folder"):
        go(changed(vae, start=str(tmp_path / "nowhere")), tmp_path / "d")
    assert not any((tmp_path / name).exists() for name in "abcd")


@pytest.mark.slow
def test_privacy_is_refused_where_it_begins_with_weights_that_have_seen_the_records(tiny_folder, tmp_path):
    book = open_checkpoint(tiny_folder("language")).manifest.data.name
    private = changed(tiny_folder("language"), privacy={"noise_multiplier": 2.0}, canaries=None)
    with pytest.raises(UsageError, match=r"language was trained on \d+ of these records.*item 7"):
        go(private, tmp_path / "out")
    other = tmp_path / "other.txt"
    other.write_text("\n\n".join(f"{number} birds flew by" for number in range(40)))
    assert book != str(other)
    done = go(private.model_copy(update={"data": str(other), "batch": 8, "steps": 2}), tmp_path / "other")
    assert done.stated_claim().epsilon > 0
    # What began with that model began with the first one too.
    again = changed(done.folder, data=book, batch=8, steps=2)
    with pytest.raises(UsageError, match=r"language was trained on \d+ of these records"):
        go(again, tmp_path / "again")
