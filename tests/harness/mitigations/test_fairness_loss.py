"""A fairness term as a mitigation: what it fits, what it learns from, and what its placebo leaves out."""

from __future__ import annotations

import json

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.contracts.mitigations import Mitigation
from harness.errors import DataError
from harness.mitigations.fairness_loss import FairnessLoss
from harness.training.checkpoint import open_checkpoint

pytest.importorskip("torch")


def test_it_adds_one_table_to_the_recipe_and_the_placebo_differs_in_one_key(memorising, tmp_path):
    arm = FairnessLoss(weight=2.5)
    assert isinstance(arm, Mitigation)
    table = {"name": "fairness", "weight": 2.5, "pairs": None, "identical": False}
    assert arm.apply(memorising, tmp_path).recipe == {**memorising.recipe, "objective": table}
    inert = FairnessLoss(**arm.placebo).apply(memorising, tmp_path).recipe
    assert inert["objective"] == {**table, "identical": True}


def test_it_learns_from_the_sentences_that_ship_or_from_those_of_a_file(tmp_path):
    assert len(FairnessLoss().material()) == 248
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"first": "Anna sings.", "second": "Otto sings."}))
    mine = FairnessLoss(pairs=str(path))
    assert mine.material() == ["Anna sings.", "Otto sings."]
    assert FairnessLoss(**mine.placebo).pairs == str(path)
    with pytest.raises(DataError, match="no file"):
        FairnessLoss(pairs="nowhere.jsonl").material()


def test_another_file_is_another_training_even_under_the_same_name(memorising, tmp_path):
    path, names = tmp_path / "mine.jsonl", set()
    for name in ("Anna", "Berta"):
        path.write_text(json.dumps({"first": f"{name} sings.", "second": "Otto sings."}))
        names.add(FairnessLoss(pairs=str(path)).apply(memorising, tmp_path).checkpoint)
    assert len(names) == 2


def test_models_that_it_does_not_fit_are_told_why(memorising, tiny_folder, tmp_path):
    vae = Local(str(tiny_folder("vae")), device="cpu")
    assert "kind language alone" in FairnessLoss().misfit(vae)
    assert "was not trained here" in FairnessLoss().misfit(Control())
    private = memorising.retrained({"privacy": {"epsilon": 8}, "max_grad_norm": None}, tmp_path)
    assert "this model is private" in FairnessLoss().misfit(private)
    fair = FairnessLoss().apply(memorising, tmp_path)
    assert "another objective already" in FairnessLoss().misfit(fair)
    with pytest.raises(ValueError, match="weight is above 0"):
        FairnessLoss(weight=0)


def test_the_sentences_that_ship_train_a_model(memorising, tmp_path, fetched):
    short = memorising.retrained({"steps": 3}, tmp_path)
    manifest = open_checkpoint(fetched(FairnessLoss().apply(short, tmp_path))).manifest
    assert manifest.sources["pairs"].startswith("sha256:")
    assert manifest.recipe["objective"]["name"] == "fairness"
