"""`harness train` with privacy, from the command to the claim; and what it says when there is nothing to do."""

from __future__ import annotations

import json
import re

import pytest

from harness.privacy.claim import DISCLOSURES
from harness.training.batches import Poisson
from harness.training.checkpoint import open_checkpoint

SMALL = """
[train]
kind = "vae"
data = "synthetic:n=60,seed=2"
steps = 3
batch = 8
save_every = 2
[train.model]
width = 4
hidden = 8
latent = 2
samples = 2
"""
NOISE = SMALL + "[train.privacy]\nnoise_multiplier = 1.5\ndelta = 1e-3\n"


@pytest.fixture
def train(harness_cli, tmp_path):
    """Return a function that trains by a table, without progress, in tmp_path."""

    def go(*words, table=SMALL):
        (tmp_path / "harness.toml").write_text(table)
        return harness_cli("train", *words, "--quiet", "--device", "cpu")

    return go


def test_a_claim_is_printed_whole(train):
    done = train("--epsilon", "8", "--out", "out")
    assert done.code == 0
    said = done.out.splitlines()
    assert re.fullmatch(
        r"\(epsilon, delta\)-differential privacy with epsilon = (7\.9\d\d|8\.000) and delta = 0\.00\d+\.", said[2]
    )
    for line in (
        r"Neighbours: add or remove one record\. One record is one image\. Records: \d+\.",
        r"Mechanism of .*: Gaussian with poisson sampling, q = [\d.]+, noise multiplier [\d.]+, clip C = 1, 3 steps\.",
        r"Accountant: prv: an upper bound, at most 0\.\d+ too high\.",
        r"What else saw the records: nothing that was recorded\.",
        *map(re.escape, DISCLOSURES),
    ):
        assert any(re.fullmatch(line, each) for each in said), line
    assert "Gradients of single records of autoencoder: " in done.err


def test_without_privacy_it_says_that_there_is_no_claim(train):
    said = train("--out", "out").out.splitlines()
    assert said[2:4] == ["No DP claim.", "Reason: it was trained without differential privacy."]


def test_the_document_is_one_json_value_with_the_claim_and_every_checkpoint(train, tmp_path):
    done = train("--out", "out", "--references", "1", "--coins", "4", "--json", table=NOISE)
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["checkpoint"], told["references"]) == ("out", ["out-reference-1"])
    assert told["manifest"]["claim"]["epsilon"] > 0
    assert told["manifest"]["claim"]["reasons"] == []
    mine, other = (open_checkpoint(tmp_path / name) for name in ("out", "out-reference-1"))
    assert mine.split().roles != other.split().roles
    assert [canary.repeats for canary in mine.split().canaries] == [0] * 4  # coins alone were asked for


def test_the_same_command_again_has_nothing_to_do(train):
    first = train("--out", "out", table=NOISE)
    again = train("--out", "out", table=NOISE)
    assert again.code == 0
    assert "out: trained before by the same recipe; nothing to do." in again.err
    assert again.out == first.out


def test_a_budget_that_runs_out_stops_the_training_before_it_is_overspent(train, tmp_path):
    table = SMALL.replace("steps = 3", "steps = 60") + "[train.privacy]\nnoise_multiplier = 1.2\ndelta = 1e-3\n"
    done = train("--epsilon", "2", "--out", "out", table=table)
    assert done.code == 0
    assert "steps (budget)." in done.out
    manifest = open_checkpoint(tmp_path / "out").manifest
    assert 0 < manifest.steps < 60
    assert manifest.claim["epsilon"] <= 2.0


def test_a_private_training_that_was_killed_goes_on_and_counts_every_step_that_is_in_the_weights(
    train, tmp_path, monkeypatch
):
    whole = Poisson.draw

    def draw(batches, number):
        if number == 2:
            raise KeyboardInterrupt
        return whole(batches, number)

    with monkeypatch.context() as killed:
        killed.setattr(Poisson, "draw", draw)
        assert train("--out", "out", table=NOISE).code == 130
    state = json.loads((tmp_path / "out" / "underway" / "step-00000002" / "state.json").read_bytes())
    assert state["progress"]["takes"] == {"autoencoder": 2}
    assert "seed" not in json.dumps(state)
    done = train("--resume", "--out", "out", table=NOISE)
    assert done.code == 0
    checkpoint = open_checkpoint(tmp_path / "out")
    assert [event.steps for event in checkpoint.ledger().events] == [3]
    assert checkpoint.manifest.timing.resumed == 1
    assert checkpoint.stated_claim().holds


def test_a_resumed_training_keeps_the_noise_it_was_begun_with(train):
    refused = train("--resume", "--out", "out", "--epsilon", "8")
    assert refused.code == 2
    assert "--resume goes on with the recipe that is there: leave out privacy.epsilon." in refused.err


# ── recipes ───────────────────────────────────────────────────────────────────────────────


def plan(harness_cli, *words):
    done = harness_cli("train", *words, "--plan")
    assert done.code == 0, done.err
    return json.loads(done.out)["recipe"]


@pytest.mark.parametrize("kind", ["language", "vae", "gan", "diffusion", "text_to_image"])
@pytest.mark.parametrize("name", ["smoke", "gpu"])
def test_every_shipped_recipe_can_be_made_private_by_a_budget_alone(harness_cli, kind, name):
    recipe = plan(harness_cli, kind, "--recipe", name, "--epsilon", "8")
    assert recipe["privacy"]["epsilon"] == 8
    # What only plain training may do is gone from the shipped part.
    assert (recipe["max_grad_norm"], recipe["patience"]) == (None, None)


def test_with_privacy_a_kind_that_has_a_private_recipe_starts_from_it(harness_cli):
    private = plan(harness_cli, "language", "--recipe", "private")
    assert plan(harness_cli, "language", "--epsilon", "8") == private
    assert plan(harness_cli, "language", "--epsilon", "8", "--recipe", "smoke")["batch"] != private["batch"]
    assert plan(harness_cli, "language")["privacy"] is None


def test_what_privacy_excludes_is_refused_where_it_is_asked_for(harness_cli, tmp_path):
    for line, said in (
        ("max_grad_norm = 1.0", "with privacy each record's gradient is clipped (privacy.clip): drop max_grad_norm"),
        ("patience = 2\nvalidate_every = 1", "Chosen on private records without accounting: the step to stop at"),
        ("batch = 200", "A batch of 200 is more than the "),
    ):
        table = "\n".join(row for row in SMALL.splitlines() if not row.startswith(line.partition(" ")[0]))
        (tmp_path / "harness.toml").write_text(table.replace("[train]", f"[train]\n{line}"))
        refused = harness_cli("train", "--epsilon", "8", "--out", "out")
        assert refused.code == 2
        assert said in " ".join(refused.err.split())
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--epsilon -1", "command line: train.privacy.epsilon: input should be greater than 0"),
        ("--epsilon nan", "command line: train.privacy.epsilon: input should be a finite number"),
        ("--epsilon 8 --delta 0", "command line: train.privacy.delta: input should be greater than 0"),
        ("--epsilon 8 --delta 0.5", "delta = 0.5 is not below 1 / "),
        ("--delta 1e-5", "command line: train.privacy: give epsilon, noise_multiplier, or both"),
        ("--coins -1", "command line: train.canaries.coins: input should be greater than or equal to 0"),
        ("--steps 0", "command line: train.steps: input should be greater than or equal to 1"),
        ("--references -1", "Invalid value for '--references'"),
    ],
)
def test_numbers_that_cannot_be_are_refused_and_nothing_is_left(train, tmp_path, words, said):
    refused = train(*words.split(), "--out", "out")
    assert (refused.code, refused.out) == (2, "")
    assert said in " ".join(refused.err.split())
    assert "Traceback" not in refused.err
    assert not (tmp_path / "out").exists()
