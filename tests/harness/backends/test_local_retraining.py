"""Checkpoints trained anew through the backend: what may change, when it is trained, and what stays the same."""

from __future__ import annotations

import shutil

import pytest

from harness.backends.local import Local
from harness.contracts import FetchingBackend
from harness.contracts.mitigations import RetrainableBackend
from harness.errors import DataError, ModelError, UsageError
from harness.records import Capability, DrawAsk, Finish, GenerateAsk
from harness.training.recipe import ITSELF

torch = pytest.importorskip("torch")


@pytest.fixture
def vae(tiny_folder):
    return Local(str(tiny_folder("vae")), device="cpu", batch=8)


def fetch(backend):
    """Fetch it; returns what it said."""
    said = []
    backend.fetch(progress=lambda *_: None, say=said.append)
    return said


def members(backend):
    return {row["record"] for row in backend.training_data().rows if row["role"] == "member"}


def test_a_checkpoint_can_be_trained_anew_and_tells_its_recipe(vae):
    assert isinstance(vae, RetrainableBackend)
    assert isinstance(vae, FetchingBackend)
    assert (vae.recipe["kind"], vae.recipe["data"], vae.recipe["steps"]) == ("vae", "digits", 5)
    assert fetch(vae) == []


def test_it_is_trained_when_it_is_fetched_and_not_before(vae, tmp_path):
    other = vae.retrained({"toss": 1}, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert other.capabilities == vae.capabilities
    assert members(other) == members(vae)
    for early in (other.identity, lambda: other.answer([DrawAsk(0, label=1)])):
        with pytest.raises(ModelError, match="not trained yet"):
            early()
    said = fetch(other)
    assert said[0].startswith("Training a model of kind vae on cpu")
    assert other.answer([DrawAsk(0, label=1)])[0].finish is Finish.STOP
    assert other.recipe["toss"] == 1
    assert members(other) != members(vae)
    assert other.identity().digest != vae.identity().digest
    assert fetch(other) == []


def test_the_same_changes_are_trained_once_and_found_at_once(vae, tmp_path):
    first = vae.retrained({"steps": 3}, tmp_path)
    fetch(first)
    found = vae.retrained({"steps": 3}, tmp_path)
    assert fetch(found) == []
    assert found.identity() == first.identity()
    assert found.checkpoint == first.checkpoint
    assert vae.retrained({"steps": 4}, tmp_path).checkpoint != first.checkpoint


def test_the_same_recipe_trains_to_the_same_weights_and_members(vae, tmp_path):
    again = vae.retrained({}, tmp_path)
    fetch(again)
    assert again.identity().details["files"] == vae.identity().details["files"]
    assert members(again) == members(vae)


def test_changes_are_merged_and_a_table_replaces_a_table(vae, tmp_path):
    both = vae.retrained({"steps": 3, "weight_decay": 0.1}, tmp_path).retrained({"weight_decay": None}, tmp_path)
    assert (both.recipe["steps"], both.recipe["weight_decay"]) == (3, 0.0)
    assert both.checkpoint == vae.retrained({"steps": 3}, tmp_path).checkpoint
    planted = vae.retrained({"canaries": {"per_level": 1}}, tmp_path).retrained({"canaries": {"coins": 2}}, tmp_path)
    assert planted.recipe["canaries"]["per_level"] == 4


def test_a_change_that_no_recipe_can_have_is_refused_at_once(vae, tmp_path):
    with pytest.raises(UsageError, match="learning_rate"):
        vae.retrained({"learning_rate": -1}, tmp_path)
    with pytest.raises(UsageError, match=r"stepps.*Did you mean 'steps'"):
        vae.retrained({"stepps": 3}, tmp_path)
    with pytest.raises(UsageError, match="patience counts validations"):
        vae.retrained({"patience": 2}, tmp_path)
    with pytest.raises(UsageError, match="another kind"):
        vae.retrained({"kind": "gan"}, tmp_path)
    with pytest.raises(DataError, match="No training data is named"):
        vae.retrained({"data": "nowhere"}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_was_killed_goes_on_to_the_same_weights(vae, tmp_path):
    changes = {"toss": 1, "save_every": 2}

    def die_at_four(line):
        if line.startswith("Step 4"):
            raise KeyboardInterrupt

    killed = vae.retrained(changes, tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        killed.fetch(progress=lambda *_: None, say=die_at_four)
    with pytest.raises(ModelError, match="not trained yet"):
        killed.identity()
    again, whole = vae.retrained(changes, tmp_path / "killed"), vae.retrained(changes, tmp_path / "whole")
    assert "going on after step 2 of 5" in fetch(again)[0]
    fetch(whole)
    assert again.identity() == whole.identity()


def test_a_training_that_diverges_is_an_error_that_says_so(vae, tmp_path):
    other = vae.retrained({"learning_rate": 1e20}, tmp_path)
    with pytest.raises(ModelError, match=r"could not be trained\. Step \d: .* the training diverged"):
        fetch(other)


def test_records_that_have_moved_are_trained_on_where_they_are(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("language"), tmp_path / "moved")
    book = tiny_folder("language").with_name("book.txt")
    moved = shutil.copy(book, tmp_path / "elsewhere.txt")
    other = Local(str(folder), device="cpu", data=str(moved)).retrained({"steps": 2}, tmp_path / "work")
    assert other.recipe["data"] == str(moved)
    fetch(other)
    assert Capability.TRAINING_DATA in other.capabilities
    reply = other.answer([GenerateAsk("the cat", max_tokens=2)])[0]
    assert reply.finish in {Finish.STOP, Finish.LENGTH}


def test_changed_records_are_another_training(tiny_folder, tmp_path):
    book = tmp_path / "book.txt"
    names = []
    for text in ("the cat sat on the mat\n\n" * 3, "the dog ran under the red house\n\n" * 3):
        book.write_text("".join(f"{number} {text}" for number in range(20)))
        model = Local(str(tiny_folder("language")), device="cpu")
        names.append(model.retrained({"data": str(book)}, tmp_path).checkpoint)
    assert names[0] != names[1]


def test_reference_models_are_of_the_old_recipe_and_stay_behind(tiny_folder, tmp_path):
    vae = Local(str(tiny_folder("vae")), device="cpu")
    other = vae.retrained({"toss": 7}, tmp_path)
    fetch(other)
    with_reference = Local(str(tiny_folder("vae")), device="cpu", references=[other.checkpoint])
    assert all(row["references"] is not None for row in with_reference.training_data().rows)
    assert with_reference.retrained({"steps": 3}, tmp_path).references == ()


def test_a_training_may_begin_with_this_very_model_though_it_is_yet_to_be_trained(vae, tmp_path):
    def chain():
        return vae.retrained({"toss": 1}, tmp_path).retrained({"start": ITSELF, "steps": 2}, tmp_path)

    second = chain()
    assert second.recipe["toss"] == 1
    assert len(fetch(second)) > 1
    first = vae.retrained({"toss": 1}, tmp_path)
    assert fetch(first) == []
    assert second.recipe["start"] == first.checkpoint
    assert second.identity().details["training"]["what"].endswith("(begun with the weights of another training)")
    found = chain()
    assert (fetch(found), found.checkpoint) == ([], second.checkpoint)
    # Merged further, it begins with the same weights.
    longer = chain().retrained({"steps": 3}, tmp_path)
    assert (longer.recipe["start"], longer.recipe["steps"]) == (first.checkpoint, 3)
    fetch(longer)
    assert vae.retrained({"start": ITSELF}, tmp_path).recipe["start"] == vae.checkpoint
