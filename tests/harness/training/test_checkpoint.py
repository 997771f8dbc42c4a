"""A checkpoint opens whole or not at all."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from harness.errors import DataError, ModelError
from harness.training.checkpoint import Manifest, open_checkpoint
from harness.training.manifest import split_digest


@pytest.fixture
def checkpoint(small_vae, tmp_path):
    """A copy of a finished checkpoint, to be spoilt."""
    return shutil.copytree(small_vae.folder, tmp_path / "checkpoint")


def edit(folder, change):
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_it_opens_with_everything_it_was_trained_with(checkpoint):
    opened = open_checkpoint(checkpoint)
    manifest, split, examples = opened.manifest, opened.split(), opened.examples()
    assert manifest.kind == "vae"
    assert manifest.read_recipe().steps == manifest.steps == 6
    assert manifest.settings["latent"] == 2
    assert (manifest.stopped, manifest.claim, opened.ledger()) == ("complete", None, None)
    assert len(examples) == manifest.data.records == 43
    assert split.ids == examples.ids
    assert sorted(canary.repeats for canary in split.canaries) == [0, 1, 3]
    assert split_digest(split) == manifest.split.records_digest
    assert set(manifest.files) == {
        "model/config.json",
        "model/autoencoder.safetensors",
        "records.parquet",
        "samples.png",
        "samples/1.png",
        "samples/3.png",
        "samples/6.png",
    }
    images = opened.generator().draw([1, 2], labels=[0, 1])
    assert images.shape == (2, *np.moveaxis(examples.images[:1], -1, 1).shape[1:])


def test_its_manifest_reads_back_and_tells_where_numbers_are_from(checkpoint):
    content = (checkpoint / "manifest.json").read_bytes()
    manifest = Manifest.parse(content)
    assert manifest.dump() == content
    assert manifest.hardware.device == "cpu"
    assert manifest.hardware.name
    assert manifest.timing.seconds > 0
    assert (manifest.energy.joules is None) == bool(manifest.energy.absent)
    assert {"torch", "python", "rai-harness"} <= set(manifest.versions)
    assert set(manifest.seeds.values()) == {20260101}


def test_without_its_records_it_opens_and_has_no_split(checkpoint):
    (checkpoint / "records.parquet").unlink()
    assert open_checkpoint(checkpoint).split() is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("model/autoencoder.safetensors", "changed since training"),
        ("records.parquet", "changed since training"),
        ("model/new.json", "not in the manifest"),
        ("samples.png", "missing"),
    ],
)
def test_a_file_that_is_not_as_the_manifest_says_is_named(checkpoint, name, fault):
    path = checkpoint / name
    if fault == "missing":
        path.unlink()
    else:
        content = path.read_bytes() if path.exists() else b"{}"
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match=rf"{name}: {fault}.*Restore the original"):
        open_checkpoint(checkpoint)


@pytest.mark.parametrize("ending", ["bin", "pt", "pth", "pkl", "ckpt"])
@pytest.mark.parametrize("listed", [False, True])
def test_a_pickle_is_refused_with_the_reason_even_if_listed(checkpoint, ending, listed):
    (checkpoint / "model" / f"weights.{ending}").write_bytes(b"\x80\x04.")
    if listed:
        edit(checkpoint, lambda manifest: manifest["files"].update({f"model/weights.{ending}": "0" * 64}))
    with pytest.raises(ModelError, match=r"can hold a pickle: opening it could run any code\. Convert"):
        open_checkpoint(checkpoint)


def test_a_link_is_no_plain_file(checkpoint):
    path = checkpoint / "samples.png"
    path.rename(checkpoint.parent / "elsewhere.png")
    path.symlink_to(checkpoint.parent / "elsewhere.png")
    with pytest.raises(ModelError, match="samples.png is not a plain file"):
        open_checkpoint(checkpoint)


def test_an_unfinished_one_says_how_to_finish(checkpoint):
    (checkpoint / "underway").mkdir()
    with pytest.raises(ModelError, match="unfinished training. Finish it with `harness train --resume"):
        open_checkpoint(checkpoint)


def test_a_folder_of_something_else_and_none_at_all_are_told_apart(tmp_path):
    with pytest.raises(ModelError, match=r"is not a checkpoint: it has no manifest\.json"):
        open_checkpoint(tmp_path)
    with pytest.raises(ModelError, match="there is no such folder"):
        open_checkpoint(tmp_path / "gone")


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format=2),
        lambda manifest: manifest.pop("curve"),
        lambda manifest: manifest.update(stopped="somehow"),
        lambda manifest: manifest.update(steps="many"),
        lambda manifest: manifest.update(noise_seed=7),
        lambda manifest: manifest["data"].update(origin="a friend"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(checkpoint, change):
    edit(checkpoint, change)
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read: .* Restore the original"):
        open_checkpoint(checkpoint)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format": 1, "steps": NaN}', b"[" * 100_000])
def test_a_manifest_that_is_no_json_object_is_refused(checkpoint, content):
    (checkpoint / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read"):
        open_checkpoint(checkpoint)


def test_data_that_changed_since_is_refused(checkpoint):
    opened = open_checkpoint(checkpoint)
    with pytest.raises(DataError, match="these are not the records that"):
        opened.examples(data="synthetic:n=40,seed=9")


def test_a_split_that_only_looks_right_is_refused(checkpoint):
    # Its own digest in the manifest made to fit, its content not that of the training.
    edit(checkpoint, lambda manifest: manifest["split"].update(records_digest="sha256:" + "0" * 64))
    with pytest.raises(ModelError, match="is not the split that this model was trained with"):
        open_checkpoint(checkpoint).split()


def test_without_privacy_it_claims_none(small_vae):
    assert small_vae.claim_lines() == ["No DP claim.", "Reason: it was trained without differential privacy."]


def test_a_claim_that_nobody_wrote_is_not_repeated(checkpoint):
    edit(checkpoint, lambda manifest: manifest.update(claim={"epsilon": 0.1}))
    with pytest.raises(ModelError, match="its privacy claim cannot be read"):
        open_checkpoint(checkpoint).claim_lines()
