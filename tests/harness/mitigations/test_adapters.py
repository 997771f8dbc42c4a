"""Mitigations of training on a model that is adapters on a given one: the given one stays as it is."""

from __future__ import annotations

import json

import pytest

from harness.backends.local import Local
from harness.errors import UsageError
from harness.mitigations.fairness_loss import FairnessLoss
from harness.mitigations.finetune import Finetune
from harness.mitigations.preference import Preference
from harness.mitigations.private import Private
from harness.mitigations.unlearning import Unlearning
from harness.training.checkpoint import open_checkpoint
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

pytest.importorskip("torch")

BIRDS = "\n\n".join(f"{number} green birds flew over the lake" for number in range(60))


@pytest.fixture(scope="module")
def adapted(tiny_folder, tmp_path_factory):
    """Adapters on a language model of single bytes, trained on other texts than that."""
    folder = tmp_path_factory.mktemp("adapted")
    (folder / "birds.txt").write_text(BIRDS)
    model = {"base": str(tiny_folder("language") / "model"), "lora": 2, "context": 64}
    recipe = Recipe(
        kind="language",
        data=str(folder / "birds.txt"),
        model=model,
        steps=4,
        batch=4,
        learning_rate=0.01,
        canaries={"repeats": (4,), "per_level": 2},
    )
    run(recipe, folder / "model", watch=Silent(), device="cpu", stop=lambda: False)
    return Local(str(folder / "model"), device="cpu")


@pytest.fixture
def pairs(tmp_path):
    """Files of pairs that fit a context of 64 bytes: for a divergence, and for preferences."""
    rows = {"first": "a cat ran", "second": "the dog ran", "prompt": "birds", "chosen": "flew", "rejected": "sat"}
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(rows))
    return str(path)


def test_every_one_of_them_trains_the_adapters_alone(adapted, pairs, tmp_path, fetched):
    first = open_checkpoint(adapted._source.folder)
    arms = (FairnessLoss(pairs=pairs), Finetune(), Preference(pairs=pairs), Unlearning())
    for arm in arms:
        manifest = open_checkpoint(fetched(arm.apply(adapted, tmp_path))).manifest
        assert manifest.parameters == first.manifest.parameters, arm
        assert manifest.files["model/model.safetensors"] != first.manifest.files["model/model.safetensors"], arm
        assert manifest.settings["lora"] == 2


@pytest.mark.slow
def test_privacy_is_had_for_the_adapters_and_refused_where_the_given_model_has_seen_the_records(
    adapted, tiny_folder, tmp_path, fetched
):
    arm = Private(batch_factor=2, steps_factor=1)
    checkpoint = open_checkpoint(fetched(arm.apply(adapted, tmp_path)))
    assert checkpoint.stated_claim().epsilon <= 8
    assert checkpoint.manifest.parameters == open_checkpoint(adapted._source.folder).manifest.parameters
    book = open_checkpoint(tiny_folder("language")).manifest.data.name
    with pytest.raises(UsageError, match=r"was trained on \d+ of these records"):
        fetched(arm.apply(adapted.retrained({"data": book, "canaries": None}, tmp_path), tmp_path))
