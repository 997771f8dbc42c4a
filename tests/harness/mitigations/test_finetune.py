"""Training on: what changes in the recipe, and that a model learns the new records, which the placebo does not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from harness.backends.control import Control
from harness.contracts.mitigations import Mitigation
from harness.errors import DataError
from harness.mitigations.finetune import Finetune
from harness.training.checkpoint import open_checkpoint
from harness.training.split import Role

pytest.importorskip("torch")

NEW = ["a", "bird", "flew", "over", "tree", "and", "green", "hill", "sang", "near", "lake"]


@pytest.fixture
def song(tmp_path):
    """A text of passages in other words."""
    draw, path = Random(3), tmp_path / "song.txt"
    path.write_text("\n\n".join(" ".join(draw.choices(NEW, k=9)) + "." for _ in range(80)))
    return str(path)


def test_it_goes_on_from_its_own_weights_for_a_quarter_of_the_steps(memorising, song, tmp_path):
    arm = Finetune(data=song)
    assert isinstance(arm, Mitigation)
    its, recipe = memorising.recipe, arm.apply(memorising, tmp_path).recipe
    assert recipe["start"] == memorising.checkpoint
    assert (recipe["data"], recipe["canaries"], recipe["steps"]) == (song, None, its["steps"] // 4)
    assert recipe["learning_rate"] == pytest.approx(0.3 * its["learning_rate"])
    assert recipe["model"] == its["model"]


def test_the_placebo_takes_as_many_steps_on_its_first_records(memorising, song, tmp_path):
    arm = Finetune(data=song, steps=7, rate_factor=0.5)
    inert = Finetune(**arm.placebo)
    assert inert.placebo is None
    mine, its = (one.apply(memorising, tmp_path).recipe for one in (arm, inert))
    assert {key for key in {**mine, **its} if mine.get(key) != its.get(key)} == {"data", "canaries"}
    assert its["data"] == memorising.recipe["data"]


def test_it_learns_from_the_new_texts_alone(song, tmp_path):
    assert len(Finetune(data=song).material()) == 80
    assert Finetune().material() == ()
    with pytest.raises(DataError, match="No training data is named"):
        Finetune(data="nowhere").material()


def test_what_it_cannot_do_is_said(memorising, song, tmp_path):
    assert "was not trained here" in Finetune(data=song).misfit(Control())
    private = memorising.retrained({"privacy": {"noise_multiplier": 2}, "max_grad_norm": None}, tmp_path)
    assert "has spent its epsilon" in Finetune().misfit(private)
    assert Finetune(data=song).misfit(private) is None
    for settings in ({"steps": 0}, {"rate_factor": 0}):
        with pytest.raises(ValueError, match="is at least 1|is above 0"):
            Finetune(**settings)


@pytest.mark.slow
def test_a_model_learns_the_new_records_and_the_placebo_does_not(memorising, song, tmp_path, fetched):
    arm = Finetune(data=song, steps=60, rate_factor=1.0)
    tuned = open_checkpoint(fetched(arm.apply(memorising, tmp_path)))
    inert = open_checkpoint(fetched(Finetune(**arm.placebo).apply(memorising, tmp_path)))
    examples, split = tuned.examples(), tuned.split()
    held_out = examples.take(split.natural_rows(Role.NONMEMBER))

    def loss(model):
        return float(model.losses(model.prepare(held_out), seed=0)["mean"].mean())

    before, after, beside = (
        loss(each.generator()) for each in (open_checkpoint(Path(memorising.checkpoint)), tuned, inert)
    )
    assert after < before / 2
    assert beside > 0.8 * before
