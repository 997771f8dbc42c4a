"""Generators of images, each rung with one thing changed: what must go up goes up."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

DIFFUSION = {
    "kind": "diffusion",
    "data": "digits",
    "batch": 16,
    "steps": 700,
    "average": 0.99,
    "betas": (0.9, 0.99),
    "model": {"channels": [32, 64], "sampling_steps": 20},
}
VAE = {"kind": "vae", "batch": 32, "model": {"width": 16, "hidden": 64, "latent": 8}}


def test_replicas_become_fewer_as_the_training_set_grows(trained, audited):
    excess = "memorisation.replication/excess"
    few, some, many = (
        audited(trained(**DIFFUSION, records=records), "memorisation.replication", images=120).overall(excess).interval
        for records in (36, 150, 700)
    )
    assert few.value > some.value > many.value - 0.05
    # With a score of training pictures the model draws them over again; with hundreds, no more than chance does.
    assert few.low > 0.3
    assert many.low < 0.05
    assert few.low > many.high


def test_members_stand_out_more_with_every_epoch(trained, audited):
    area = "memorisation.membership/auc"
    short, long = (
        audited(trained(**VAE, data="digits", records=300, steps=steps), "memorisation.membership").overall(area)
        for steps in (40, 2500)
    )
    assert short.interval.low < 0.5 < short.interval.high or short.interval.value < 0.56
    assert long.interval.low > max(short.interval.high, 0.6)
