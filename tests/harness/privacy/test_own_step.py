from __future__ import annotations

from itertools import count

import pytest

from harness.privacy.ledger import GaussianSteps
from harness.privacy.own_step import audit_own_step
from harness.privacy.white_box import StepSettings, audit_step
from harness.training.batches import Poisson, Shuffled
from harness.training.private_step import PrivateStep

EVENT = GaussianSteps(player="network", sample_rate=0.12, noise_multiplier=0.8, clip=0.5, steps=1000)
CLAIMED = StepSettings(noise_multiplier=0.8, clip=0.5, records=100, sample_rate=0.12, physical=4)


@pytest.mark.parametrize("mode", ["hooks", "functorch", "ghost"])
def test_our_own_step_does_what_the_ledger_says(mode):
    audit = audit_own_step(EVENT, mode=mode)
    assert audit.findings == ()
    assert {check.claimed for check in audit.checks if check.name == "noise"} == {0.8}


def test_a_rate_too_small_for_the_bench_is_raised_to_one_that_is_not():
    tiny = GaussianSteps(player="network", sample_rate=1e-4, noise_multiplier=0.8, clip=0.5, steps=1000)
    audit = audit_own_step(tiny, steps=100)
    assert audit.findings == ()
    assert [check.claimed for check in audit.checks if check.name == "sampling rate"] == [0.05]


class Sloppy:
    """Our own step in careless hands: one fault in how it is called."""

    def __init__(self, step, fault):
        self.step, self.fault = step, fault

    def take(self, rows, *, records, physical):
        if self.fault == "skips empty batches" and records == 0:
            return
        if self.fault == "a step for each micro-batch" and records > physical:
            for start in range(0, records, physical):
                part = {"x": rows["x"][start : start + physical]}
                self.step.take(part, records=len(part["x"]), physical=physical)
            return
        self.step.take(rows, records=records, physical=physical)


def audited(fault="", *, noise=1.0, clip=1.0, batches=None):
    def make(player, optimizer, its):
        step = PrivateStep(
            player,
            optimizer,
            noise_multiplier=noise * its.noise_multiplier,
            clip=clip * its.clip,
            expected_batch=its.expected_batch,
            mode="hooks",
        )
        return Sloppy(step, fault)

    drawn, numbers = batches or Poisson(100, 0.12), count()
    audit = audit_step(make, lambda: drawn.draw(next(numbers)), CLAIMED, steps=100)
    return {check.name for check in audit.checks if check.failure}


def test_faults_planted_around_our_own_step_are_found():
    assert audited() == set()
    assert audited(noise=0.1) == {"noise"}
    assert audited("a step for each micro-batch") == {"noise in micro-batches"}
    assert audited("skips empty batches") == {"noise in empty batches"}
    # Ten times the norm lets everything through, and scales the noise along.
    assert audited(clip=10.0) >= {"noise", "clipping"}
    assert audited(clip=10.0, noise=0.1) == {"clipping"}
    assert audited(batches=Poisson(100, 0.2)) == {"sampling rate"}
    assert audited(batches=Shuffled(100, 12, seed=1)) >= {"batch sizes"}
