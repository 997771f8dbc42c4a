from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from harness.privacy.white_box import StepSettings, audit_step

CLAIMED = StepSettings(noise_multiplier=1.0, clip=0.5, records=100, sample_rate=0.12, physical=4)


@dataclass
class Step:
    """A private step written out for linear losses, with one fault to plant."""

    player: object
    optimizer: torch.optim.Optimizer
    claimed: StepSettings
    noise: torch.Generator
    fault: str = ""

    def take(self, rows, *, records, physical):
        if records == 0 and self.fault == "skips empty batches":
            return
        if self.fault == "forgets the last micro-batch" and records > physical:
            rows = {"x": rows["x"][: records - records % physical]}
            records = len(rows["x"])
        (weight,) = self.player.network.parameters()
        total = torch.zeros_like(weight)
        for start in range(0, records, physical):
            total += self.clipped(rows["x"][start : start + physical]).sum(0, keepdim=True)
            if self.fault == "noise in each micro-batch":
                total += self.drawn(weight)
        if self.fault != "noise in each micro-batch" or records == 0:
            total += self.drawn(weight)
        weight.grad = total / (max(records, 1) if self.fault == "divides by the batch" else self.claimed.expected_batch)
        self.optimizer.step()

    def clipped(self, gradients):
        norms = gradients.norm(dim=1, keepdim=True)
        if self.fault == "no clipping":
            return gradients
        if self.fault == "clips the batch":
            return gradients * min(1.0, self.claimed.clip / float(gradients.sum(0).norm()))
        return gradients * (self.claimed.clip / norms).clamp(max=1.0)

    def drawn(self, weight):
        if self.fault == "one seed for all steps":
            self.noise.manual_seed(5)
        scale = self.claimed.noise_multiplier * self.claimed.clip
        if self.fault == "noise 10x too small":
            scale /= 10
        shape = (1, 1) if self.fault == "one number for all weights" else weight.shape
        return (0.0 if self.fault == "no noise" else scale) * torch.randn(shape, generator=self.noise)


def audited(fault="", *, sampler=None, seed=1, steps=200, claimed=CLAIMED):
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)

    def poisson():
        return np.flatnonzero(rng.random(claimed.records) < claimed.sample_rate)

    def factory(player, optimizer, its):
        return Step(player, optimizer, its, noise, fault)

    return audit_step(factory, sampler or poisson, claimed, steps=steps)


def failed(audit):
    return {check.name for check in audit.checks if check.failure}


def test_a_true_step_passes_every_check():
    audit = audited()
    assert audit.findings == ()
    assert len(audit.checks) == 9
    by_name = {check.name: check for check in audit.checks}
    assert by_name["noise"].observed.value == pytest.approx(1.0, rel=0.03)
    assert by_name["clipping"].observed.value == pytest.approx(1.0, abs=0.05)
    assert by_name["sampling rate"].observed.value == pytest.approx(0.12, abs=0.01)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("noise 10x too small", {"noise"}),
        ("no noise", {"noise"}),
        ("noise in each micro-batch", {"noise in micro-batches"}),
        ("no clipping", {"clipping"}),
        ("clips the batch", {"clipping"}),
        ("forgets the last micro-batch", {"clipping"}),
        ("skips empty batches", {"noise in empty batches"}),
    ],
)
def test_each_planted_fault_is_found_by_its_check_alone(fault, names):
    assert failed(audited(fault)) == names


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("one seed for all steps", "noise of the next step"),
        ("one number for all weights", "noise of the next coordinate"),
        ("divides by the batch", "clipping"),
    ],
)
def test_faults_that_show_in_several_places_are_found_by_theirs(fault, name):
    # Repeated noise, for one, is few observations told many times, which may fail other checks as well.
    assert name in failed(audited(fault))


def test_noise_five_percent_off_is_found():
    loud = replace(CLAIMED, noise_multiplier=1.05)

    def factory(player, optimizer, claimed):
        return Step(player, optimizer, CLAIMED, torch.Generator().manual_seed(3))

    rng = np.random.default_rng(3)
    audit = audit_step(factory, lambda: np.flatnonzero(rng.random(100) < 0.12), loud, steps=300)
    assert failed(audit) == {"noise"}
    assert "understates" in audit.findings[0]


def test_a_wrong_sampling_rate_is_found():
    rng = np.random.default_rng(2)
    audit = audited(sampler=lambda: np.flatnonzero(rng.random(100) < 0.15))
    assert failed(audit) == {"sampling rate"}
    assert "0.15" in audit.findings[0]


def test_shuffled_batches_of_one_size_are_found():
    rng, queue = np.random.default_rng(2), []

    def shuffled():
        if len(queue) < 12:
            queue[:] = rng.permutation(100)
        batch, queue[:] = queue[:12], queue[12:]
        return np.array(batch)

    assert failed(audited(sampler=shuffled)) == {"batch sizes", "participation"}


def test_records_that_are_drawn_more_often_are_found():
    rng = np.random.default_rng(2)
    rates = np.where(np.arange(100) < 50, 0.06, 0.18)
    assert "participation" in failed(audited(sampler=lambda: np.flatnonzero(rng.random(100) < rates)))


def test_true_steps_rarely_fail_at_a_loud_level():
    noise, alarms, runs = torch.Generator().manual_seed(9), 0, 40
    rng = np.random.default_rng(9)

    def factory(player, optimizer, claimed):
        return Step(player, optimizer, claimed, noise)

    for _ in range(runs):
        audit = audit_step(factory, lambda: np.flatnonzero(rng.random(100) < 0.12), CLAIMED, steps=50, significance=0.2)
        alarms += bool(audit.findings)
    # 0.2 of 40 is 8; Bonferroni may make it fewer, never clearly more.
    assert alarms <= 16


def test_too_little_to_test_on_is_refused():
    with pytest.raises(ValueError, match="20 steps"):
        audited(steps=10)
    with pytest.raises(ValueError, match="5 records"):
        audited(claimed=replace(CLAIMED, sample_rate=0.01))
