"""Generators of images, each rung with one thing changed: what must go up goes up."""

from __future__ import annotations

import numpy as np
import pytest

from harness.training.checkpoint import open_checkpoint

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


def test_a_skew_of_the_training_set_is_found_in_what_is_drawn_and_measured_as_counting_pixels_does(trained, audited):
    # Seven of ten shapes were red in training. What a model makes of that is its own affair, often more than seven;
    # the probe has to say what it is, though its classifier was shown the training set alone.
    folder = trained(**{**DIFFUSION, "data": "synthetic:n=240,size=8,red=0.7"})
    found = audited(folder, "bias.image_attributes")
    red = found.at("bias.image_attributes/value_share", attribute="colour", value="red").interval
    assert red.low > 0.5
    assert red.low < counted_red(folder, draws=1500) < red.high


def test_more_noises_for_each_record_learn_more_at_the_same_epsilon(trained, one_noise, validation):
    # Averaged before clipping, so a record weighs no more: Dockhorn et al. 2022, arXiv:2210.09929.
    losses = {1: 0.0, 8: 0.0}
    for seed in range(3):
        for multiplicity in losses:
            one_noise()
            model = {"channels": [16, 16], "multiplicity": multiplicity}
            recipe = {**DIFFUSION, "seed": seed, "batch": 32, "steps": 40, "warmup": 5, "average": 0.9, "model": model}
            losses[multiplicity] += validation(trained(**recipe, privacy={"epsilon": 8.0, "delta": 1e-4})) / 3
    assert losses[8] < losses[1]


def counted_red(folder, *, draws):
    """Share of drawn pictures whose six most colourful pixels are redder than they are green or blue."""
    seeds = range(10_000, 10_000 + draws)
    pictures = open_checkpoint(folder).generator().draw(seeds, labels=[seed % 3 for seed in seeds]).numpy()
    pixels = pictures.reshape(draws, 3, -1)
    colourful = np.argsort(np.ptp(pixels, axis=1), axis=1)[:, None, -6:]
    return float((np.take_along_axis(pixels, colourful, 2).mean(2).argmax(1) == 0).mean())
