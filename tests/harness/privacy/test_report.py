from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from harness.canonical import digest_file, dumps
from harness.cli.privacy import register
from harness.errors import ModelError, UsageError
from harness.privacy.accounting import noise_for
from harness.privacy.audit import Ruling
from harness.privacy.canary_scores import coin_canaries
from harness.privacy.claim import claim
from harness.privacy.ledger import GaussianSteps, Ledger
from harness.privacy.report import examine
from harness.training import setting_up
from harness.training.checkpoint import LEDGER, RECORDS, open_checkpoint
from harness.training.job import run
from harness.training.private_step import PrivateStep
from harness.training.recipe import Canaries, Privacy, Recipe
from harness.training.watch import Silent

pytestmark = pytest.mark.slow

WORDS = ("river", "stone", "cloud", "garden", "lantern", "winter", "copper", "meadow", "violin", "maple", "mirror")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function that trains a tiny language model with 200 coin canaries, once for each set of changes."""
    folder, rng = tmp_path_factory.mktemp("privacy"), random.Random(1)
    texts = [" ".join(rng.choice(WORDS) for _ in range(10)) for _ in range(120)]
    (folder / "texts.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    recipe = Recipe(
        kind="language",
        data=str(folder / "texts.jsonl"),
        model={"style": "llama", "context": 96, "layers": 1, "width": 48, "heads": 2},
        steps=220,
        batch=32,
        learning_rate=1e-2,
        canaries=Canaries(repeats=(1,), per_level=1, coins=200),
    )
    done = {}

    def go(name, **changes):
        if name not in done:
            made = recipe.model_copy(update=changes)
            done[name] = run(made, folder / name, watch=Silent(), device="cpu", stop=lambda: False)
        return done[name]

    return go


def forge(checkpoint, target, *, epsilon):
    """Copy a checkpoint and have it claim ``epsilon`` by a ledger that never was."""
    records = checkpoint.manifest.split.members
    rate, delta, steps = 32 / records, 1 / (10 * records), checkpoint.manifest.steps
    noise = noise_for(epsilon=epsilon, delta=delta, sample_rate=rate, steps=steps)
    ledger = Ledger(
        events=(GaussianSteps("network", rate, noise, 1.0, steps),),
        sampling="poisson",
        adjacency="add or remove one record",
        unit="one passage of text",
        records=records,
        touched=(),
    )
    for path in checkpoint.folder.rglob("*"):
        if path.is_file():
            place = target / path.relative_to(checkpoint.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    (target / LEDGER).write_bytes(dumps(ledger.dump(), indent=2))
    files = {**checkpoint.manifest.files, LEDGER: digest_file(target / LEDGER).hex}
    manifest = replace(checkpoint.manifest, files=files, claim=claim(ledger, delta=delta).dump())
    (target / "manifest.json").write_bytes(manifest.dump())
    return open_checkpoint(target)


def edit(checkpoint, **changes):
    """Change what the manifest says."""
    manifest = replace(checkpoint.manifest, **changes)
    (checkpoint.folder / "manifest.json").write_bytes(manifest.dump())
    return open_checkpoint(checkpoint.folder)


def command(*words):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["audit", *map(str, words)])


def test_an_overtrained_model_refutes_a_false_claim_of_one(trained, tmp_path):
    report = examine(forge(trained("overtrained"), tmp_path / "forged", epsilon=1.0))
    assert report.audit.claimed.epsilon == pytest.approx(1.0, abs=0.02)
    assert report.audit.ruling is Ruling.REFUTED
    assert report.audit.bound > 1.5
    assert report.fails
    # It also kept its seeds and its losses, which no private training does.
    assert {finding.item for finding in report.findings} >= {5, 6}
    assert not report.claim.holds
    shown = command(tmp_path / "forged")
    assert shown.exit_code == 1
    assert "Refuted: claimed epsilon" in shown.stdout
    assert shown.stdout.startswith("No DP claim.\nReason: void by item 5: ")
    assert "the gap between the two is not a measurement" in shown.stdout


def test_a_model_that_has_learned_nothing_is_not_refuted(trained, tmp_path):
    report = examine(forge(trained("fresh", steps=1), tmp_path / "forged", epsilon=1.0))
    assert report.audit.ruling is Ruling.NOT_REFUTED
    assert report.audit.bound < 1.0


def test_a_private_training_stands_up_to_its_audit(trained):
    checkpoint = trained("private", steps=40, privacy=Privacy(epsilon=2.0))
    report = examine(checkpoint)
    assert report.findings == ()
    assert report.step.findings == ()
    assert report.claim.epsilon == pytest.approx(2.0, abs=0.02)
    assert report.audit.ruling is Ruling.NOT_REFUTED
    assert not report.fails
    shown = command(checkpoint.folder, "--json")
    assert shown.exit_code == 0
    data = json.loads(shown.stdout)
    assert data["audit"]["ruling"] == "not refuted"
    assert data["claim"]["epsilon"] == report.claim.epsilon
    assert data["findings"] == []


def test_a_training_with_a_hundredth_of_the_noise_it_claims_is_refuted(trained, monkeypatch):
    class Sloppy(PrivateStep):
        """The planted bug: the ledger is honest about noise that the step does not add."""

        def __init__(self, player, optimizer, *, noise_multiplier, **more):
            super().__init__(player, optimizer, noise_multiplier=noise_multiplier / 100, **more)

    monkeypatch.setattr(setting_up, "PrivateStep", Sloppy)
    coins = Canaries(repeats=(), coins=200)
    checkpoint = trained("sloppy", steps=200, batch=64, privacy=Privacy(epsilon=1.0), canaries=coins)
    report = examine(checkpoint)
    # Its own records look clean, and the step installed here is a true one: only the model gives it away.
    assert report.findings == report.step.findings == ()
    assert report.audit.ruling is Ruling.REFUTED
    assert report.audit.bound > 1.0 > report.claim.epsilon - 0.01
    assert report.fails


def test_without_privacy_the_bound_stands_alone(trained):
    shown = command(trained("overtrained").folder, "--confidence", 0.99)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("No DP claim.\nReason: it was trained without privacy.\n")
    assert "with 99 % confidence" in shown.stdout


def test_an_epsilon_that_is_stated_without_a_ledger_or_against_it_is_void(trained, tmp_path):
    forged = forge(trained("fresh", steps=1), tmp_path / "forged", epsilon=1.0)
    lower = edit(forged, claim={**forged.manifest.claim, "epsilon": 0.5})
    report = examine(lower)
    assert any("The claim is epsilon = 0.5; the steps of the ledger cost" in each.what for each in report.findings)
    assert report.fails
    (forged.folder / LEDGER).unlink()
    bare = edit(forged, files={name: its for name, its in forged.manifest.files.items() if name != LEDGER})
    report = examine(bare)
    assert [finding.item for finding in report.findings] == [12]
    assert report.lines()[:2] == [
        "No DP claim.",
        "Reason: void by item 12: It states an epsilon, and has no ledger.json that one could be computed from.",
    ]
    assert command(forged.folder).exit_code == 1
    edit(bare, claim={**forged.manifest.claim, "epsilon": "one"})
    with pytest.raises(ModelError, match="its privacy claim cannot be read"):
        examine(open_checkpoint(forged.folder))


def test_a_reference_with_other_coins_is_compared_with_and_one_with_the_same_is_refused(trained):
    checkpoint = trained("overtrained")
    other = trained("reference", toss=1)
    assert not np.array_equal(coin_canaries(other.split())[1], coin_canaries(checkpoint.split())[1])
    report = examine(checkpoint, references=[other])
    by_name = {reading.score: reading for reading in report.audit.readings}
    assert set(by_name) == {"loss", "calibrated loss", "reference loss"}
    assert by_name["reference loss"].found.correct >= 55
    with pytest.raises(UsageError, match="same coins"):
        examine(checkpoint, references=[checkpoint])
    with pytest.raises(UsageError, match="other records or canaries"):
        examine(checkpoint, references=[trained("stranger", steps=1, seed=5)])


def test_a_released_model_without_its_records_cannot_be_audited(trained, tmp_path):
    released = forge(trained("fresh", steps=1), tmp_path / "released", epsilon=1.0)
    (released.folder / RECORDS).unlink()
    with pytest.raises(UsageError, match=r"no records\.parquet.*coins = 200"):
        examine(open_checkpoint(released.folder))
    bare = trained("bare", steps=1, canaries=None)
    with pytest.raises(UsageError, match="0 coin canaries"):
        examine(bare)
