"""Gradient ascent: what is climbed, how far, and what is no longer trained on."""

from __future__ import annotations

import json
from math import log

import pytest

torch = pytest.importorskip("torch")

from harness.errors import DataError  # noqa: E402
from harness.training.checkpoint import open_checkpoint  # noqa: E402
from harness.training.gathering import load  # noqa: E402
from harness.training.objectives.applied import with_objective  # noqa: E402
from harness.training.objectives.tables import Unlearning  # noqa: E402
from harness.training.objectives.unlearning import Rise  # noqa: E402
from harness.training.recipe import Recipe  # noqa: E402


@pytest.fixture(scope="module")
def trained(tiny_folder):
    """A language model of single bytes that canaries were planted in: its recipe, records and model."""
    checkpoint = open_checkpoint(tiny_folder("language"))
    recipe = checkpoint.manifest.read_recipe()
    return recipe, load(recipe), checkpoint.generator()


def towards(trained, **table):
    recipe, records, model = trained
    objective = {"name": "unlearning", **table}
    said = []
    changed = Recipe.model_validate({**recipe.model_dump(), "objective": objective})
    return with_objective(model, changed, records, note=said.append), said


def test_the_loss_is_that_of_the_texts_with_its_sign_turned(trained):
    _, records, model = trained
    rows = model.prepare(records.examples.take([0]))
    own, rise = float(model.losses(rows, seed=0)["mean"][0]), Rise(model, rows, weight=0.5)
    rise.ceiling = 2 * own
    assert float(rise.loss(3).detach()) == pytest.approx(-0.5 * own, rel=1e-5)


def test_ascent_ends_where_a_model_would_know_nothing(trained):
    _, records, model = trained
    rise = Rise(model, model.prepare(records.examples.take([0])), weight=1.0)
    assert rise.ceiling == pytest.approx(log(len(model.tokenizer)))
    rise.ceiling = 0.01
    loss = rise.loss(2)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(-0.01)
    assert all(weight.grad is None or not weight.grad.any() for weight in model.network.parameters())
    model.network.zero_grad()


def test_what_is_to_be_forgotten_is_no_longer_trained_on(trained):
    _, records, _ = trained
    canaries = {canary.record for canary in records.split.canaries}
    found, said = towards(trained, canaries=True)
    left = {found.examples.ids[row] for row in found.rows}
    every = {records.split.ids[row] for row in records.split.training_rows()}
    assert left == every - canaries
    assert len(every & canaries) < len(canaries)  # a coin left one out, which cannot be forgotten
    counts = (len(every & canaries), len(found.rows), records.split.training_rows().size)
    assert said == ["{} texts are to be forgotten; {} of {} records are still trained on.".format(*counts)]
    assert found.players[0].free_loss is not None


def test_texts_of_a_file_are_forgotten_wherever_they_are(trained, tmp_path):
    _, records, _ = trained
    row = int(records.split.training_rows()[3])
    path = tmp_path / "forget.jsonl"
    path.write_text(json.dumps({"text": records.examples.texts[row]}))
    found, _ = towards(trained, texts=str(path))
    assert row not in found.rows
    assert len(found.rows) == records.split.training_rows().size - 1
    path.write_text(json.dumps({"txt": "nothing"}))
    with pytest.raises(DataError, match="no text under 'text'"):
        towards(trained, texts=str(path))


def test_a_record_that_was_not_trained_on_cannot_be_forgotten(trained):
    with pytest.raises(DataError, match=r"No record 'nobody' was trained on"):
        towards(trained, records=["nobody"])
    _, records, _ = trained
    outside = next(name for name, times in zip(records.split.ids, records.split.repeats, strict=True) if not times)
    with pytest.raises(DataError, match="was trained on, so it cannot be forgotten"):
        towards(trained, records=[outside])


def test_one_kind_of_thing_is_forgotten_and_something_is_kept(trained):
    for table in ({}, {"canaries": True, "texts": "x"}):
        with pytest.raises(ValueError, match="what is to be forgotten"):
            Unlearning(**table)
    _, records, _ = trained
    every = [records.split.ids[row] for row in dict.fromkeys(records.split.training_rows().tolist())]
    with pytest.raises(DataError, match="Nothing is left to be kept"):
        towards(trained, records=every)
