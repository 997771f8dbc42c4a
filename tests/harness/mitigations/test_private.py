"""Training with privacy: what changes in the recipe, and what it takes away that the placebo leaves."""

from __future__ import annotations

import shutil

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.contracts.mitigations import Mitigation
from harness.mitigations.private import Private
from harness.training.checkpoint import open_checkpoint

pytest.importorskip("torch")


def test_it_clips_and_noises_in_larger_batches_and_fewer_steps(memorising, tmp_path):
    assert isinstance(Private(), Mitigation)
    recipe = Private(epsilon=3, clip=0.5).apply(memorising, tmp_path).recipe
    assert recipe["privacy"] == {
        "epsilon": 3.0,
        "delta": None,
        "noise_multiplier": None,
        "clip": 0.5,
        "mode": "auto",
    }
    places = sum(row["repeats"] for row in memorising.training_data().rows)
    assert (recipe["batch"], recipe["physical_batch"]) == (round(places / 4), 16)
    assert recipe["steps"] == round(2 * 120 * 16 / recipe["batch"])
    assert (recipe["max_grad_norm"], recipe["patience"]) == (None, None)
    assert recipe["canaries"] == memorising.recipe["canaries"]


def test_the_placebo_has_its_sizes_and_neither_clips_nor_noises(memorising, tmp_path):
    arm = Private(batch_factor=2, rate_factor=0.5)
    inert = Private(**arm.placebo).apply(memorising, tmp_path).recipe
    assert inert["privacy"] is None
    assert inert["max_grad_norm"] == 1.0
    mine = arm.apply(memorising, tmp_path).recipe
    differs = {key for key in mine if mine[key] != inert[key]}
    assert differs == {"privacy", "max_grad_norm"}


def test_where_the_records_are_not_known_batches_are_sixteen_times_as_large(memorising, tmp_path):
    folder = shutil.copytree(memorising.checkpoint, tmp_path / "released")
    (folder / "records.parquet").unlink()
    recipe = Private().apply(Local(str(folder), device="cpu"), tmp_path).recipe
    assert (recipe["batch"], recipe["steps"]) == (256, 15)
    mine = Private(batch_factor=4, steps_factor=3).apply(memorising, tmp_path).recipe
    assert (mine["batch"], mine["steps"]) == (64, 360)


def test_a_model_that_is_private_already_keeps_its_sizes(memorising, tmp_path):
    first = Private(epsilon=8).apply(memorising, tmp_path)
    second = Private(epsilon=1).apply(first, tmp_path).recipe
    assert second["privacy"]["epsilon"] == 1
    assert {key: second[key] for key in ("batch", "steps")} == {key: first.recipe[key] for key in ("batch", "steps")}


def test_what_it_cannot_do_is_said(tmp_path):
    assert "was not trained here" in Private().misfit(Control())
    for settings in ({"epsilon": 0}, {"clip": -1}, {"batch_factor": 0}, {"delta": 1}):
        with pytest.raises(ValueError, match="is above 0|is in"):
            Private(**settings)


@pytest.mark.slow
def test_privacy_takes_canaries_away_that_the_placebo_leaves(memorising, exposure, fetched, tmp_path):
    arm = Private(epsilon=2, batch_factor=2, steps_factor=0.5)
    private, inert = arm.apply(memorising, tmp_path), Private(**arm.placebo).apply(memorising, tmp_path)
    assert open_checkpoint(fetched(private)).stated_claim().epsilon <= 2
    assert open_checkpoint(fetched(inert)).stated_claim() is None
    assert exposure(memorising) > 5
    assert exposure(inert) > 4.5
    assert exposure(private) < 3.5  # its noise is drawn anew each time
