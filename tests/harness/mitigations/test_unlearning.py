"""Unlearning: what changes in the recipe, and that the loss of what is forgotten rises more than that of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backends.control import Control
from harness.contracts.mitigations import Mitigation
from harness.mitigations.unlearning import Unlearning
from harness.training.checkpoint import open_checkpoint
from harness.training.split import Role

pytest.importorskip("torch")


def test_it_goes_on_from_its_own_weights_for_a_quarter_of_the_steps(memorising, tmp_path):
    arm = Unlearning()
    assert isinstance(arm, Mitigation)
    its, recipe = memorising.recipe, arm.apply(memorising, tmp_path).recipe
    assert (recipe["start"], recipe["steps"]) == (memorising.checkpoint, its["steps"] // 4)
    assert recipe["objective"] == {
        "name": "unlearning",
        "canaries": True,
        "records": [],
        "texts": None,
        "weight": 0.1,
    }
    assert {key: recipe[key] for key in ("data", "canaries", "seed", "toss")} == {
        key: its[key] for key in ("data", "canaries", "seed", "toss")
    }


def test_the_placebo_keeps_the_rest_and_climbs_nothing(memorising, tmp_path):
    arm = Unlearning(records=["canary/ladder/04/0"], steps=5, rate_factor=0.5)
    mine, its = (one.apply(memorising, tmp_path).recipe for one in (arm, Unlearning(**arm.placebo)))
    assert {key for key in mine if mine[key] != its[key]} == {"objective"}
    assert its["objective"] == {**mine["objective"], "weight": 0.0}


def test_what_it_cannot_do_is_said(memorising, tmp_path):
    assert "was not trained here" in Unlearning().misfit(Control())
    private = memorising.retrained({"privacy": {"noise_multiplier": 2}, "max_grad_norm": None}, tmp_path)
    assert "this is private" in Unlearning().misfit(private)
    plain = memorising.retrained({"canaries": None}, tmp_path)
    assert "none were planted" in Unlearning().misfit(plain)
    assert Unlearning(texts="book.txt").misfit(plain) is None
    for settings in ({"steps": 0}, {"weight": -1}, {"records": ["a"], "texts": "b"}):
        with pytest.raises(ValueError, match="is at least|not both"):
            Unlearning(**settings)
    with pytest.raises(TypeError, match="a list of names"):
        Unlearning(records="canary")


@pytest.mark.slow
def test_what_is_forgotten_is_lost_more_than_what_is_kept_and_than_under_the_placebo(memorising, tmp_path, fetched):
    first = open_checkpoint(Path(memorising.checkpoint))
    examples, split = first.examples(), first.split()
    forgotten = [canary.record for canary in split.canaries][:2]
    arm = Unlearning(records=forgotten, steps=40)

    def losses(folder):
        model = open_checkpoint(folder).generator()
        rows = {
            "forgotten": [split.ids.index(name) for name in forgotten],
            "kept canaries": [split.ids.index(canary.record) for canary in split.canaries[2:]],
            "kept": split.natural_rows(Role.MEMBER).tolist(),
            "unseen": split.natural_rows(Role.NONMEMBER).tolist(),
        }
        return {
            name: float(model.losses(model.prepare(examples.take(its)), seed=0)["mean"].mean())
            for name, its in rows.items()
        }

    before = losses(first.folder)
    after, beside = (losses(fetched(one.apply(memorising, tmp_path))) for one in (arm, Unlearning(**arm.placebo)))
    rise = {name: after[name] - before[name] for name in before}
    assert rise["forgotten"] > 1
    assert rise["forgotten"] > 5 * max(rise["kept canaries"], rise["kept"], 0.0)
    assert after["forgotten"] > beside["forgotten"] + 1
    assert after["kept"] < before["kept"] + 0.2


@pytest.mark.slow
def test_canaries_are_no_longer_told_from_others_which_under_the_placebo_they_are(
    memorising, exposure, fetched, tmp_path
):
    arm = Unlearning()
    forgetful, inert = arm.apply(memorising, tmp_path), Unlearning(**arm.placebo).apply(memorising, tmp_path)
    fetched(forgetful)
    fetched(inert)
    assert exposure(memorising) > 5
    assert exposure(inert) > 5
    assert exposure(forgetful) < 2.5
