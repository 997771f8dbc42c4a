"""One toy training for each way in which a claim is voided, flagged by its own item; and a clean one that is not.

Every training here is real: some sixty records, a network of two layers, private steps on Poisson batches, and what it
leaves behind as a checkpoint would. A fault is planted in exactly one place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from harness.errors import UsageError
from harness.models.generator import Player
from harness.privacy.accounting import ADJACENCY, epsilon
from harness.privacy.checks import Finding, Plan, Trained, after, before, refuse
from harness.privacy.ledger import GaussianSteps, Ledger
from harness.training.batches import Poisson
from harness.training.private_step import PrivateStep

RECORDS, BATCH, STEPS, DELTA = 64, 8, 5, 1e-3
RATE = BATCH / RECORDS


class Net(nn.Module):
    """Two dense layers with something between them."""

    def __init__(self, between=None):
        super().__init__()
        self.first, self.between, self.last = nn.Linear(4, 6), between or nn.Tanh(), nn.Linear(6, 2)

    def forward(self, x):
        return self.last(self.between(self.first(x)))


class Counting(nn.Module):
    """Keeps a running mean of what passes through: a statistic of the records that nobody noises."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(6))

    def forward(self, x):
        self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
        return torch.tanh(x)


class Subclassed(nn.BatchNorm1d):
    """Another name for the same coupling."""


class Frozen(nn.BatchNorm1d):
    """Batch statistics whose scale and shift are not trained: what a look at trained layers alone overlooks."""

    def __init__(self, features):
        super().__init__(features)
        self.requires_grad_(False)


def of_each(net, x):
    return (net(x) - x[:, :2]).square().mean(1)


# Losses by (network, pixels of [n, 4]) -> [n]; all but the first couple what should be apart.
LOSSES = {
    "each alone": of_each,
    "over the batch's tokens": lambda net, x: (net(x) - x[:, :2]).square().sum(1) / (x > 0).sum().clamp(min=1) * len(x),
    "negatives from the batch": lambda net, x: functional.cross_entropy(
        net(x) @ net(x).T, torch.arange(len(x)), reduction="none"
    ),
    "balancing over the batch": lambda net, x: of_each(net, x) + net(x).softmax(1).mean(0).square().sum(),
    "two generated samples": lambda net, x: (
        of_each(net, x) + net(torch.cat([x, torch.ones(2, 4)]))[len(x) :].square().mean()
    ),
}


@dataclass
class Toy:
    """A training, and where it goes wrong; as it stands it does not."""

    plan: dict = field(default_factory=dict)
    between: nn.Module | None = None
    loss: str = "each alone"
    optimizer: str = "its own weights"
    ledger: dict = field(default_factory=dict)
    event: dict = field(default_factory=dict)
    manifest: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    trained: dict = field(default_factory=dict)

    def __post_init__(self):
        torch.manual_seed(1)
        net = Net(self.between)
        self.records = torch.randn(RECORDS, 4)
        self.player = Player("net", net, lambda rows: LOSSES[self.loss](net, rows["x"]))
        weights = list(net.parameters())
        if self.optimizer == "another weight":
            weights.append(nn.Parameter(torch.zeros(3)))
        if self.optimizer == "a weight less":
            weights = weights[1:]
        self.descent = torch.optim.SGD([each for each in weights if each.requires_grad], lr=0.1)

    def found_before(self):
        plan = Plan(**{"records": RECORDS, "batch": BATCH, "sample_rate": RATE, "delta": DELTA, **self.plan})
        return before(plan, [(self.player, self.descent)], {"x": self.records[:4]})

    def train(self, folder):
        """Take every step; returns what is left."""
        step = PrivateStep(self.player, self.descent, noise_multiplier=1.2, clip=1.0, expected_batch=BATCH, mode="auto")
        batches = Poisson(RECORDS, RATE)
        for number in range(STEPS):
            places = batches.draw(number)
            rows = {"x": self.records[places]} if len(places) else None
            step.take(rows, records=len(places), physical=4)
        step.close()
        return self.left(folder)

    def left(self, folder):
        event = GaussianSteps(
            **{
                "player": "net",
                "sample_rate": RATE,
                "noise_multiplier": 1.2,
                "clip": 1.0,
                "steps": STEPS,
                **self.event,
            }
        )
        written = {"events": (event,), "sampling": "poisson", "adjacency": ADJACENCY, "unit": "one image"}
        ledger = Ledger(**{**written, "records": RECORDS, "touched": (), "largest_unit": 1, **self.ledger})
        honest = {
            "recipe": {"batch": BATCH},
            "settings": {},
            "steps": STEPS,
            "weights_of": STEPS,
            "stopped": "complete",
            "curve": [{"step": STEPS, "loss": None, "validation": 0.5, "epsilon": 1.0}],
            "seeds": {"split": 3, "weights": 3, "batches": "nobody's", "steps": "nobody's"},
            "claim": {"accountant": "prv", "delta": DELTA, "epsilon": None},
        }
        manifest = {**honest, **self.manifest}
        for name, content in {"manifest.json": json.dumps(manifest), **self.files}.items():
            (folder / name).write_text(content)
        return Trained(manifest, ledger, folder, **{"counts": {"a": 1, "b": 1}, "copies": 1, **self.trained})


def items(findings):
    return {finding.item for finding in findings}


def test_a_clean_training_raises_nothing_before_or_after(tmp_path):
    toy = Toy()
    assert toy.found_before() == ()
    left = toy.train(tmp_path)
    spent = epsilon(left.ledger, delta=DELTA, accountant="prv").epsilon
    claimed = replace(left, manifest={**left.manifest, "claim": {**left.manifest["claim"], "epsilon": spent}})
    assert after(left) == after(claimed) == ()


BEFORE = [
    (1, "shuffled batches", Toy(plan={"sampling": "shuffled"})),
    (2, "batch statistics", Toy(between=nn.BatchNorm1d(6))),
    (2, "batch statistics without weights", Toy(between=nn.BatchNorm1d(6, affine=False))),
    (2, "batch statistics with frozen weights", Toy(between=Frozen(6))),
    (2, "batch statistics by another name", Toy(between=Subclassed(6))),
    (2, "batch statistics that are not kept", Toy(between=nn.BatchNorm1d(6, track_running_stats=False))),
    (2, "a loss averaged over the batch's tokens", Toy(loss="over the batch's tokens")),
    (2, "negatives taken from the batch", Toy(loss="negatives from the batch")),
    (2, "a load-balancing loss", Toy(loss="balancing over the batch")),
    (3, "running statistics", Toy(between=Counting())),
    (3, "a weight outside of the network", Toy(optimizer="another weight")),
    (3, "a weight outside of the optimizer", Toy(optimizer="a weight less")),
    (3, "a vocabulary that was fitted", Toy(plan={"touched": ("tokenizer: merges learned from 64 records",)})),
    (4, "a learning rate that was searched", Toy(plan={"chosen": ("the learning rate",)})),
    (5, "a seed of the noise", Toy(plan={"noise_seed": 3})),
    (7, "a model that has seen the records", Toy(plan={"earlier": ("out was trained on 60 of these records",)})),
    (9, "two generated samples in a record's loss", Toy(loss="two generated samples")),
    (10, "the central limit", Toy(plan={"accountant": "gdp"})),
    (11, "a delta of 1 / n", Toy(plan={"delta": 1 / RECORDS})),
    (12, "a rate of one over the number of batches, rounded up", Toy(plan={"batch": 7, "sample_rate": 1 / 10})),
]


@pytest.mark.parametrize(("item", "fault", "toy"), BEFORE, ids=[fault for _, fault, _ in BEFORE])
def test_a_fault_planted_in_a_training_is_found_by_its_item_alone_before_it_starts(item, fault, toy):
    found = toy.found_before()
    assert items(found) == {item}
    with pytest.raises(UsageError, match=rf"(?s)No privacy can be claimed for this training:.*\(item {item}\)"):
        refuse(found)


def event(**changes):
    plain = {"player": "net", "sample_rate": RATE, "noise_multiplier": 1.2, "clip": 1.0, "steps": STEPS}
    return GaussianSteps(**{**plain, **changes})


TWO_SETS = (event(steps=3), event(sample_rate=0.25, steps=2))
EARLIER = Ledger((event(noise_multiplier=2.0),), "poisson", ADJACENCY, "one image", RECORDS, ())
CLAIMED = {"accountant": "prv", "delta": DELTA, "epsilon": None}

AFTER = [
    (1, "shuffled batches", Toy(ledger={"sampling": "shuffled"})),
    (3, "a vocabulary that the ledger names", Toy(ledger={"touched": ("tokenizer",)})),
    (3, "a vocabulary that the ledger hides", Toy(manifest={"settings": {"tokenizer": "bpe"}})),
    (4, "early stopping", Toy(manifest={"stopped": "early"})),
    (4, "the best of several states", Toy(manifest={"weights_of": STEPS - 1})),
    (5, "a seed of the noise in the manifest", Toy(manifest={"seeds": {"noise": 3}})),
    (5, "a seed of the batches in the manifest", Toy(manifest={"seeds": {"batches": 3}})),
    (5, "a seed of the noise in a file", Toy(files={"notes.json": '{"noise_seed": 3}'})),
    (5, "the state of a generator in a file", Toy(files={"state.json": '{"generator_state": [1, 2]}'})),
    (6, "losses in the curve", Toy(manifest={"curve": [{"step": 5, "loss": 0.4}]})),
    (6, "a norm of each record in a log", Toy(files={"train.log": "step 1 grad_norms 0.3 0.4"})),
    (6, "a loss of each record in a table", Toy(files={"table.csv": "step,per_sample_loss\n1,0.2"})),
    (7, "an earlier training that is not counted", Toy(trained={"earlier": (EARLIER,)})),
    (7, "two data sets under one account", Toy(ledger={"events": TWO_SETS}, manifest={"recipe": {}})),
    (8, "a unit of several records", Toy(trained={"counts": {"a": 1, "b": 3}})),
    (8, "a record that is there twice", Toy(trained={"copies": 2})),
    (10, "the central limit", Toy(manifest={"claim": {**CLAIMED, "accountant": "gdp"}})),
    (11, "a delta of 1 / n", Toy(manifest={"claim": {**CLAIMED, "delta": 1 / RECORDS}})),
    (12, "a step that is not counted", Toy(event={"steps": STEPS - 1})),
    (12, "no step that is counted", Toy(ledger={"events": ()})),
    (12, "steps of two turns counted once", Toy(manifest={"settings": {"turns": 2}})),
    (12, "a rate of one over the number of batches", Toy(event={"sample_rate": 1 / 9})),
    (12, "an epsilon below that of the ledger", Toy(manifest={"claim": {**CLAIMED, "epsilon": 0.5}})),
]


@pytest.mark.parametrize(("item", "fault", "toy"), AFTER, ids=[fault for _, fault, _ in AFTER])
def test_a_fault_planted_in_what_a_training_leaves_is_found_by_its_item_alone(item, fault, toy, tmp_path):
    found = after(toy.train(tmp_path))
    assert items(found) == {item}
    assert all(finding.what.endswith(".") for finding in found)


def test_every_item_of_the_list_is_planted_here():
    assert {item for item, _, _ in BEFORE + AFTER} == set(range(1, 13))


def test_earlier_trainings_that_are_in_the_ledger_are_no_fault(tmp_path):
    toy = Toy(ledger={"events": (event(), *EARLIER.events)}, trained={"earlier": (EARLIER,)})
    assert after(toy.train(tmp_path)) == ()


def test_a_budget_that_is_none_is_no_item_and_refused_all_the_same():
    for budget in (0.0, -1.0, float("nan")):
        (finding,) = Toy(plan={"epsilon": budget}).found_before()
        assert finding.item == 0
        with pytest.raises(UsageError, match=r"is no budget: it must be above 0, such as 8\.$"):
            refuse([finding])


def test_all_that_is_wrong_is_told_at_once():
    toy = Toy(plan={"sampling": "shuffled", "delta": 0.5, "noise_seed": 1}, between=nn.BatchNorm1d(6))
    with pytest.raises(UsageError) as caught:
        refuse(toy.found_before())
    told = str(caught.value).splitlines()
    assert len(told) == 5
    assert [line.rpartition("(item ")[2] for line in told[1:]] == ["1)", "5)", "11)", "2)"]
    refuse(())


def test_batch_statistics_that_are_frozen_for_good_couple_nothing():
    toy = Toy(between=Frozen(6))
    toy.player.network.between.eval()
    assert toy.found_before() == ()
    # With weights of its own to train, nobody here could tell whose gradient is whose.
    trained = Toy(between=nn.BatchNorm1d(6))
    trained.player.network.between.eval()
    (finding,) = trained.found_before()
    assert "has trained weights, no formula, and buffers" in finding.what


def test_words_of_a_model_s_own_files_are_not_taken_for_logs(tmp_path):
    left = Toy().train(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "vocab.json").write_text('{"noise_seed": 1, "per_sample_loss": 2}')
    assert after(left) == ()
    assert after(replace(left, folder=None, counts=None, copies=None)) == ()


def test_a_claim_of_what_no_accountant_covers_is_found(tmp_path):
    toy = Toy(ledger={"adjacency": "replace one record"}, manifest={"claim": {**CLAIMED, "epsilon": 3.0}})
    (finding,) = after(toy.train(tmp_path))
    assert finding == Finding(12, finding.what)
    assert "supports no epsilon at all" in finding.what
