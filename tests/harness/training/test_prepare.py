"""A recipe that prepares its records: what it changes, what it leaves to the bit, and what it refuses."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from harness.canonical import loads
from harness.errors import DataError
from harness.training.checkpoint import open_checkpoint
from harness.training.gathering import load
from harness.training.job import run
from harness.training.manifest import Manifest
from harness.training.prepare.steps import prepared
from harness.training.recipe import Recipe
from harness.training.recipe_files import changed
from harness.training.split import Role
from harness.training.trouble import TrainingStoppedError
from harness.training.watch import Silent

EVERYTHING = {"deduplicate": {"near": 0.6}, "redact": {}, "augment": {"share": 0.5}}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Sixty short documents: women, men, addresses, and a few that are nearly alike."""
    draw = random.Random(1)
    words = ["the", "a", "cat", "dog", "sat", "ran", "over", "house", "tree", "red", "blue", "big", "then"]
    texts = [f"She {' '.join(draw.choices(words, k=12))} no{row}@quay.example his" for row in range(60)]
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("\n\n".join([*texts, *(f"{' '.join(text.split()[:-2])} or so" for text in texts[:20])]))
    return path


def recipe(book, **changes):
    sizes = {"context": 128, "layers": 1, "width": 8, "heads": 1}
    plain = {"kind": "language", "data": str(book), "model": sizes, "steps": 6, "batch": 8, "learning_rate": 0.003}
    canaries = {"repeats": [1, 8], "per_level": 2, "coins": 4}
    return Recipe.model_validate({**plain, "validate_every": 3, "save_every": 2, "canaries": canaries, **changes})


def go(its, out, *, stop=lambda: False):
    return run(its, out, watch=Silent(), device="cpu", stop=stop)


def test_a_recipe_that_prepares_nothing_is_written_as_it_always_was(book):
    dumped = recipe(book).model_dump(mode="json")
    assert "prepare" not in dumped
    assert Recipe.model_validate(dumped) == recipe(book)
    with_it = recipe(book, prepare={"redact": {}})
    assert Recipe.model_validate(with_it.model_dump(mode="json")) == with_it
    assert "prepare" not in changed(with_it, {"prepare": None}).model_dump(mode="json")
    material = load(recipe(book))
    assert material.stream is None
    rows = material.split.training_rows()
    assert material.training()[0] is material.examples
    assert material.training()[1].tolist() == rows.tolist()


def test_manifests_from_before_there_was_preparation_are_read(small_vae):
    content = (small_vae.folder / "manifest.json").read_bytes()
    assert "prepared" not in loads(content)
    read = Manifest.parse(content)
    assert read.prepared == ()
    assert read.dump() == content


def test_all_steps_are_taken_in_their_order_and_told(book, tmp_path):
    done = go(recipe(book, prepare=EVERYTHING), tmp_path / "out")
    manifest = open_checkpoint(tmp_path / "out").manifest
    assert [its.step for its in manifest.prepared] == ["deduplicate", "redact", "augment"]
    first, second, third = manifest.prepared
    assert first.records_after == second.records_before == second.records_after == third.records_before
    assert first.tokens_after == second.tokens_before
    assert first.counts["copies"] == 14
    assert first.removed == first.counts["copies"] + first.counts["near"] > 14
    assert second.counts["email"] == second.changed > 10
    assert third.records_after == 2 * third.records_before
    assert manifest.split.removed - load(recipe(book)).split.roles.count(Role.REMOVED) == first.counts["near"]
    assert done.split().repeats.max() == 1
    assert str(done.examples().digest) == manifest.data.digest


def test_who_is_a_member_and_what_is_held_out_stay(book):
    before, after = load(recipe(book)).split, load(recipe(book, prepare=EVERYTHING)).split
    assert (after.ids, after.units, after.canaries) == (before.ids, before.units, before.canaries)
    moved = {(a, b) for a, b in zip(before.roles, after.roles, strict=True) if a is not b}
    assert moved == {(Role.MEMBER, Role.REMOVED)}
    coins = [canary.record for canary in before.canaries if not canary.repeats]
    sides = [{name: split.roles[split.ids.index(name)] for name in coins} for split in (before, after)]
    assert sides[0] == sides[1]


def test_what_is_shown_to_the_model_is_what_was_prepared(book):
    material = load(recipe(book, prepare={"redact": {}}))
    assert not any("@quay" in text for text in material.members().texts)
    assert any("@quay" in text for text in material.examples.texts)
    assert len(set(material.members().ids)) == len(material.split.rows(Role.MEMBER))


def test_a_killed_training_prepares_again_and_ends_with_the_same_weights(book, tmp_path):
    its = recipe(book, prepare=EVERYTHING)
    whole = go(its, tmp_path / "whole")
    asked = []
    with pytest.raises(TrainingStoppedError):
        go(its, tmp_path / "out", stop=lambda: asked.append(1) or len(asked) == 3)
    assert go(its, tmp_path / "out").manifest.files == whole.manifest.files
    plain = go(recipe(book), tmp_path / "plain")
    assert plain.manifest.files["records.parquet"] != whole.manifest.files["records.parquet"]


def test_with_privacy_only_what_looks_at_one_record_alone_can_stay(book):
    private = {"privacy": {"noise_multiplier": 1.0}}
    assert recipe(book, **private, prepare={"redact": {}}).prepare is not None
    for step in ("deduplicate", "augment", "rebalance"):
        with pytest.raises(ValidationError, match="no record may decide over another's place"):
            recipe(book, **private, prepare={step: {}})


def test_a_training_set_that_is_gone_is_an_error(tmp_path, book):
    its = recipe(book, canaries=None)
    material = load(its)
    one = material.split.rows(Role.MEMBER)[:1]
    roles = tuple(Role.MEMBER if row == one[0] else Role.NONMEMBER for row in range(len(material.split.ids)))
    repeats = [int(role is Role.MEMBER) for role in roles]
    split = replace(material.split, roles=roles, repeats=np.array(repeats))
    with pytest.raises(DataError, match="leaves 1 records to train on"):
        prepared(replace(material, split=split), recipe(book, prepare={"redact": {}}))
