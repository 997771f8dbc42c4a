"""A model that was trained here takes other settings: a language model is steered, and images are marked."""

from __future__ import annotations

import pytest

from harness.backends.huggingface import HuggingFace
from harness.backends.local import Local
from harness.contracts.mitigations import SteerableBackend
from harness.errors import UsageError
from harness.mitigations.self_debias import SelfDebias
from harness.records import Capability, DrawAsk, GenerateAsk, LossAsk, ScoreAsk

DEBIAS = SelfDebias(description="is about cats", decay=20.0)
WRITE = GenerateAsk("the cat", chat=False, max_tokens=12)
SCORE = ScoreAsk("the cat", (" sat", " ran"))


@pytest.fixture
def language(tiny_folder):
    return Local(str(tiny_folder("language")), device="cpu")


def test_a_language_model_is_steered_as_its_folder_is_through_transformers(language, tiny_folder):
    assert isinstance(language, SteerableBackend)
    ours = DEBIAS.apply(language, None)
    theirs = DEBIAS.apply(HuggingFace(str(tiny_folder("language") / "model"), device="cpu"), None)
    for ask in (WRITE, SCORE):
        [one], [other], [plain] = (backend.answer([ask]) for backend in (ours, theirs, language))
        assert (one.text, one.scores) == (other.text, other.scores)
        assert one.usage == other.usage
    assert one.scores != plain.scores
    assert ours.capabilities == language.capabilities


def test_its_identity_tells_of_the_steering_and_is_as_it_was_without(language, tiny_folder):
    plain, ours = language.identity(), DEBIAS.apply(language, None).identity()
    assert "mitigations" not in plain.details
    assert ours.name == f"{plain.name} + self_debias"
    assert ours.details["mitigations"] == ours.details["language"]["mitigations"]
    assert [one["name"] for one in ours.details["mitigations"]] == ["self_debias"]
    assert ours.digest != plain.digest
    assert Local(str(tiny_folder("language")), device="cpu").identity() == plain


def test_losses_of_records_are_the_models_own(language):
    asks = [LossAsk(row["record"]) for row in language.training_data().rows[:3]]
    ours = DEBIAS.apply(language, None).answer(asks)
    assert [reply.losses for reply in ours] == [reply.losses for reply in language.answer(asks)]
    assert all(reply.losses for reply in ours)


def test_what_is_trained_anew_is_steered_as_well(language, tmp_path):
    """In either order, and before it is trained."""
    first = DEBIAS.apply(language, None).retrained({"steps": 2}, tmp_path / "first")
    second = DEBIAS.apply(language.retrained({"steps": 2}, tmp_path / "second"), None)
    for one in (first, second):
        one.fetch(progress=lambda *_: None, say=lambda *_: None)
    plain = language.retrained({"steps": 2}, tmp_path / "first")
    assert first.identity() == second.identity()
    assert first.answer([SCORE])[0].scores == second.answer([SCORE])[0].scores != plain.answer([SCORE])[0].scores


def test_steering_and_a_watermark_go_together(language):
    both = DEBIAS.apply(language, None).steered(watermark="kgw", watermark_settings={"delta": 4.0})
    assert Capability.MARK_TEXT in both.capabilities
    assert Capability.MARK_TEXT not in language.capabilities
    assert both.identity().details["language"]["watermark"]["settings"]["delta"] == 4.0
    assert both.answer([SCORE])[0].scores == DEBIAS.apply(language, None).answer([SCORE])[0].scores
    assert both.answer([WRITE])[0].text != language.answer([WRITE])[0].text


def test_images_take_a_watermark_and_no_steering(tiny_folder):
    vae = Local(str(tiny_folder("vae")), device="cpu")
    marked = vae.steered(watermark="spread_spectrum", watermark_strength=4.0)
    assert marked.identity().details["watermark"]["strength"] == 4.0
    assert marked.answer([DrawAsk(1, label=3)])[0].media != vae.answer([DrawAsk(1, label=3)])[0].media
    assert vae.steered(watermark=None).identity() == vae.identity()
    assert "neither writes nor scores" in DEBIAS.misfit(vae)
    with pytest.raises(UsageError, match="cannot be set so"):
        DEBIAS.apply(vae, None)


@pytest.mark.parametrize("settings", [{"watermark": "tree_ring"}, {"colour": "red"}, {"steering": "fair"}])
def test_a_language_model_refuses_at_once_what_it_cannot_take(language, settings):
    with pytest.raises(UsageError, match="cannot be set so"):
        language.steered(**settings)
