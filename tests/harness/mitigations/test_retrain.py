"""Training again, and for a shorter time: what changes in the recipe, and what that does to a model."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.backends.local import Local
from harness.contracts.mitigations import Mitigation
from harness.errors import UsageError
from harness.mitigations.early_stopping import EarlyStopping
from harness.mitigations.layer import Layer
from harness.mitigations.permute_average import PermuteAverage
from harness.mitigations.retrain import Retrain
from harness.training.checkpoint import open_checkpoint

pytest.importorskip("torch")


@pytest.fixture
def vae(tiny_folder):
    return Local(str(tiny_folder("vae")), device="cpu")


@pytest.mark.parametrize("mitigation", [Retrain(toss=1), EarlyStopping()])
def test_they_fit_models_that_were_trained_here_and_say_why_others_do_not(mitigation, vae):
    assert isinstance(mitigation, Mitigation)
    assert mitigation.placebo is None
    assert mitigation.material() == ()
    assert mitigation.misfit(vae) is None
    assert "was not trained here" in mitigation.misfit(Control())
    assert "name this one before them" in mitigation.misfit(Layer(vae, PermuteAverage()))


def test_training_again_changes_what_it_is_told_and_nothing_else(vae, tmp_path):
    assert Retrain().apply(vae, tmp_path).recipe == vae.recipe
    changed = Retrain(toss=3, seed=9, steps=7).apply(vae, tmp_path).recipe
    assert changed == {**vae.recipe, "toss": 3, "seed": 9, "steps": 7}
    with pytest.raises(ValueError, match="toss is at least 0, not -1"):
        Retrain(toss=-1)
    with pytest.raises(ValueError, match="steps is at least 1"):
        Retrain(steps=0)


def test_another_toss_gives_other_weights_and_other_members(vae, tmp_path, fetched):
    first, second = (open_checkpoint(fetched(Retrain(toss=toss).apply(vae, tmp_path))) for toss in (1, 2))
    assert (
        first.manifest.files["model/autoencoder.safetensors"] != second.manifest.files["model/autoencoder.safetensors"]
    )
    assert first.split() != second.split()
    assert first.manifest.data.digest == second.manifest.data.digest


def test_stopping_early_takes_a_share_of_the_steps_or_waits_for_validation(vae, tmp_path):
    assert EarlyStopping().apply(vae, tmp_path).recipe == {**vae.recipe, "steps": 2}
    assert EarlyStopping(share=0.6).apply(vae, tmp_path).recipe["steps"] == 3
    patient = EarlyStopping(patience=2, validate_every=1).apply(vae, tmp_path).recipe
    assert patient == {**vae.recipe, "patience": 2, "validate_every": 1}
    with pytest.raises(UsageError, match="a share of 0.95 of 5 steps is all of them"):
        EarlyStopping(share=0.95).apply(vae, tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"share": 0.0}, "share is in"),
        ({"share": 1.5}, "share is in"),
        ({"share": 1}, "stops nothing"),
        ({"patience": 0}, "patience is at least 1"),
        ({"validate_every": 5}, "set patience too"),
    ],
)
def test_settings_that_stop_nothing_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        EarlyStopping(**settings)


def test_patience_is_refused_where_it_would_void_a_claim_of_privacy(vae, tmp_path):
    private = vae.retrained({"privacy": {"epsilon": 8}}, tmp_path)
    assert "no epsilon covers" in EarlyStopping(patience=2).misfit(private)
    assert EarlyStopping(share=0.5).misfit(private) is None


@pytest.mark.slow
def test_a_model_that_is_stopped_early_remembers_its_canaries_less_and_one_trained_again_as_much(
    memorising, exposure, fetched, tmp_path
):
    short = EarlyStopping(share=0.2).apply(memorising, tmp_path)
    again = Retrain(toss=1).apply(memorising, tmp_path)
    fetched(short)
    fetched(again)
    assert exposure(memorising) > 5
    assert exposure(again) > 5
    assert exposure(short) < 4
