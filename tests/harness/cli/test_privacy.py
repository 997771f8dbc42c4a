"""`harness audit`: the claim beside what the model gives away, the ruling, and the exit code."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from harness.canonical import digest_file, dumps
from harness.privacy.accounting import ADJACENCY, noise_for
from harness.privacy.claim import claim
from harness.privacy.ledger import GaussianSteps, Ledger
from harness.training.checkpoint import LEDGER, open_checkpoint
from harness.training.job import run
from harness.training.recipe import Canaries, Recipe
from harness.training.watch import Silent


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function that gives the folder of a tiny VAE with coin canaries, made once for each set of changes."""
    folder = tmp_path_factory.mktemp("audited")
    plain = Recipe(
        kind="vae",
        data="synthetic:n=80,seed=2",
        model={"width": 4, "hidden": 8, "latent": 2, "samples": 2},
        steps=3,
        batch=8,
        learning_rate=3e-3,
        canaries=Canaries(repeats=(), coins=40),
    )

    def make(name, **changes):
        if not (folder / name).exists():
            its = Recipe.model_validate({**plain.model_dump(), **changes})
            run(its, folder / name, watch=Silent(), device="cpu", stop=lambda: False)
        return folder / name

    return make


@pytest.fixture
def private(trained):
    return trained("private", privacy={"noise_multiplier": 1.2, "delta": 1e-3})


def test_a_claim_that_stands_is_shown_with_its_bound_and_exits_with_0(harness_cli, private):
    done = harness_cli("audit", private)
    assert done.code == 0
    said = done.out.splitlines()
    assert said[0].startswith("(epsilon, delta)-differential privacy with epsilon = ")
    assert any(line.startswith("The private step installed here does what a ledger says: 9 checks") for line in said)
    assert any(line.startswith("Lower bound: epsilon ") and line.endswith("95 % confidence.") for line in said)
    assert said[-2].startswith("Not refuted: claimed epsilon ")
    assert said[-1].startswith("A bound above the claim refutes it")
    assert "Scoring the canaries" in done.err


def test_the_document_is_one_json_value_and_says_the_same(harness_cli, private):
    done = harness_cli("audit", private, "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert told["checkpoint"] == str(private)
    assert told["audit"]["ruling"] == "not refuted"
    assert told["audit"]["claimed"]["epsilon"] == told["claim"]["epsilon"]
    assert told["findings"] == []
    assert told["audit"]["bound"] <= told["claim"]["epsilon"]


def test_without_privacy_the_bound_stands_alone_and_a_reference_makes_a_third_score(harness_cli, trained):
    alone = harness_cli("audit", trained("plain"))
    assert alone.code == 0
    assert alone.out.startswith("No DP claim.\nReason: it was trained without privacy.\n")
    assert "No claim to compare it with. A low bound is no evidence of privacy." in alone.out
    assert "reference loss" not in alone.out
    beside = harness_cli("audit", trained("plain"), "--reference", trained("other", toss=1))
    assert beside.code == 0
    assert "By the reference loss" in beside.out


def forged(source, target, *, epsilon):
    """A checkpoint that claims an epsilon by a ledger that never was."""
    shutil.copytree(source, target)
    opened = open_checkpoint(target)
    records = opened.manifest.split.members
    rate, delta, steps = 8 / records, 1 / (10 * records), opened.manifest.steps
    noise = noise_for(epsilon=epsilon, delta=delta, sample_rate=rate, steps=steps)
    event = GaussianSteps("autoencoder", rate, noise, 1.0, steps)
    ledger = Ledger((event,), "poisson", ADJACENCY, "one image", records, ())
    (target / LEDGER).write_bytes(dumps(ledger.dump(), indent=2))
    files = {**opened.manifest.files, LEDGER: digest_file(target / LEDGER).hex}
    manifest = replace(opened.manifest, files=files, claim=claim(ledger, delta=delta).dump())
    (target / "manifest.json").write_bytes(manifest.dump())
    return target


def test_a_claim_that_its_own_records_void_exits_with_1(harness_cli, trained, tmp_path):
    done = harness_cli("audit", forged(trained("plain"), tmp_path / "forged", epsilon=3.0))
    assert done.code == 1
    said = done.out.splitlines()
    assert said[0] == "No DP claim."
    reasons = [line for line in said if line.startswith("Reason: void by item ")]
    # It kept its seeds, and the losses of what it was trained on.
    assert {line.split()[4].rstrip(":") for line in reasons} == {"5", "6"}
    told = json.loads(harness_cli("audit", tmp_path / "forged", "--json").out)
    assert told["claim"]["epsilon"] is None
    assert {finding["item"] for finding in told["findings"]} == {5, 6}


@pytest.mark.slow
def test_a_model_that_remembers_its_canaries_refutes_a_false_claim_and_exits_with_1(harness_cli, trained, tmp_path):
    sizes = {"width": 16, "hidden": 256, "latent": 32, "samples": 4}
    over = trained("overtrained", steps=1500, batch=32, model=sizes, canaries={"repeats": (), "coins": 300})
    done = harness_cli("audit", forged(over, tmp_path / "forged", epsilon=0.5))
    assert done.code == 1
    assert "Refuted: claimed epsilon " in done.out
    told = json.loads(harness_cli("audit", tmp_path / "forged", "--json").out)
    assert told["audit"]["ruling"] == "refuted"
    assert told["audit"]["bound"] > told["audit"]["claimed"]["epsilon"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none"], "none: there is no such folder. Make a checkpoint with `harness train`."),
        (["empty"], "empty is not a checkpoint: it has no manifest.json. Name a folder that `harness train` wrote."),
        (["private", "--confidence", "1.5"], "The confidence is 1.5: give a number between 0 and 1, such as 0.95."),
        (["private", "--reference", "private"], "trained with the same coins: it is no reference."),
        (["private", "--reference", "bare"], "it is no reference."),
        (["private", "--data", "synthetic:n=90"], "these are not the records that"),
        (["private", "--data", "nowhere"], "No training data is named 'nowhere'"),
        (["bare"], "This model was trained with 0 coin canaries: an audit needs them."),
    ],
)
def test_what_cannot_be_audited_is_refused_with_the_next_step(harness_cli, trained, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    private = trained("private", privacy={"noise_multiplier": 1.2, "delta": 1e-3})
    places = {"private": private, "bare": trained("bare", canaries=None), "empty": "empty"}
    refused = harness_cli("audit", *(places.get(word, word) for word in words))
    assert (refused.code, refused.out) == (2, "")
    assert said in " ".join(refused.err.split())
    assert "Traceback" not in refused.err


def test_a_released_model_that_left_its_records_out_cannot_be_audited(harness_cli, private, tmp_path):
    shutil.copytree(private, tmp_path / "released")
    (tmp_path / "released" / "records.parquet").unlink()
    refused = harness_cli("audit", tmp_path / "released")
    assert refused.code == 2
    assert "holds no records.parquet, so nobody can say what it was trained on." in " ".join(refused.err.split())
