"""Preference optimisation as a mitigation: what changes in the recipe, and what is preferred on prompts not shown."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.contracts.mitigations import Mitigation
from harness.mitigations.preference import Preference
from harness.training.checkpoint import open_checkpoint

torch = pytest.importorskip("torch")

WORDS = ("the", "cat", "dog", "sat", "ran", "under", "over", "house", "mat", "slow")


@pytest.fixture
def pairs(tmp_path):
    """Return a function that writes so many prompts whose preferred reply ends in red and the other in blue."""

    def write(name, n, seed):
        draw, path = Random(seed), tmp_path / name

        def said(count):
            return " ".join(draw.choices(WORDS, k=count))

        rows = [{"prompt": said(3), "chosen": f"{said(2)} red.", "rejected": f"{said(2)} blue."} for _ in range(n)]
        path.write_text("\n".join(map(json.dumps, rows)))
        return str(path)

    return write


def test_it_goes_on_from_its_own_weights_and_the_placebo_differs_in_one_key(memorising, tmp_path):
    arm = Preference(beta=0.2)
    assert isinstance(arm, Mitigation)
    its, recipe = memorising.recipe, arm.apply(memorising, tmp_path).recipe
    assert (recipe["start"], recipe["steps"]) == (memorising.checkpoint, its["steps"] // 4)
    assert recipe["objective"] == {"name": "preference", "beta": 0.2, "pairs": None, "tossed": False}
    inert = Preference(**arm.placebo).apply(memorising, tmp_path).recipe
    assert inert == {**recipe, "objective": {**recipe["objective"], "tossed": True}}


def test_it_learns_from_the_pairs_that_ship_or_from_those_of_a_file(pairs):
    assert len(Preference().material()) == 3 * 72
    mine = Preference(pairs=pairs("mine.jsonl", 5, 0), steps=3)
    assert len(mine.material()) == 15
    assert Preference(**mine.placebo).material() == mine.material()


def test_what_it_cannot_do_is_said(memorising, tiny_folder, tmp_path):
    assert "was not trained here" in Preference().misfit(Control())
    assert "kind language alone" in Preference().misfit(Local(str(tiny_folder("vae")), device="cpu"))
    private = memorising.retrained({"privacy": {"noise_multiplier": 2}, "max_grad_norm": None}, tmp_path)
    assert "this model is private" in Preference().misfit(private)
    for settings in ({"beta": 0}, {"rate_factor": -1}, {"steps": 0}):
        with pytest.raises(ValueError, match="is above 0|is at least 1"):
            Preference(**settings)


@pytest.mark.slow
def test_what_is_preferred_becomes_likelier_on_prompts_not_shown_and_not_under_the_placebo(
    memorising, pairs, tmp_path, fetched
):
    from harness.training.objectives.preference import Choices
    from harness.training.objectives.tables import Preference as Table

    shown, held = pairs("shown.jsonl", 40, 1), pairs("held.jsonl", 40, 2)
    arm = Preference(pairs=shown)

    def margin(folder):
        choices = Choices(open_checkpoint(folder).generator(), Table(pairs=held))
        with torch.no_grad():
            likely = choices.measure(range(len(choices)))
        return float((likely[:, 0] - likely[:, 1]).mean())

    before = margin(Path(memorising.checkpoint))
    after = margin(fetched(arm.apply(memorising, tmp_path)))
    beside = margin(fetched(Preference(**arm.placebo).apply(memorising, tmp_path)))
    assert abs(before) < 3
    assert after > before + 8
    assert abs(beside - before) < 4
