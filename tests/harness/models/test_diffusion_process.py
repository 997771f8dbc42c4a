"""Noising, deterministic sampling and its inverse, with predictors whose answers are known."""

from __future__ import annotations

import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from hypothesis import given
from hypothesis import strategies as st

from harness.models.blocks import seeded_noise
from harness.models.diffusion_process import HORIZON, Process, guided

PREDICTIONS = ["v_prediction", "epsilon"]


@pytest.fixture(params=PREDICTIONS)
def process(request):
    return Process(request.param, 20)


def images(n=3):
    return torch.rand((n, 1, 4, 4), generator=torch.Generator().manual_seed(1)) * 2 - 1


def gentle(noised, steps):
    """A smooth predictor that depends on the state and on the step."""
    return 0.3 * noised + (steps / HORIZON)[:, None, None, None]


def knowing(process, clean):
    """A predictor that knows the data, and so finds the noise exactly."""
    kept = process.scheduler().alphas_cumprod

    def predict(noised, steps):
        signal = kept[steps][:, None, None, None]
        noise = (noised - signal.sqrt() * clean) / (1 - signal).sqrt()
        if process.scheduler().config.prediction_type == "epsilon":
            return noise
        return signal.sqrt() * noise - (1 - signal).sqrt() * clean

    return predict


# ── losses ────────────────────────────────────────────────────────────────────────────────


def test_who_knows_the_data_has_no_loss(process):
    clean = images()
    torch.manual_seed(3)
    assert process.random_losses(knowing(process, clean), clean).max() < 1e-8
    watched = process.watched_losses(knowing(process, clean), clean, seed=5)
    assert all(float(losses.max()) < 1e-8 for losses in watched.values())


def test_watched_losses_begin_at_a_tenth_of_the_horizon(process):
    watched = process.watched_losses(gentle, images(), seed=5)
    assert list(watched) == ["t=100", "t=20", "t=300", "t=600"]
    assert all(losses.shape == (3,) and losses.dtype == torch.float32 for losses in watched.values())


def test_watched_losses_share_their_noise_and_depend_on_the_seed(process):
    clean = images()
    one, other = (process.watched_losses(gentle, clean, seed=seed)["t=100"] for seed in (1, 2))
    alone = torch.cat([process.watched_losses(gentle, clean[[row]], seed=1)["t=100"] for row in range(3)])
    torch.testing.assert_close(one, alone, rtol=0, atol=1e-6)
    assert not torch.equal(one, other)


def test_watched_losses_are_errors_of_the_noise_whatever_is_predicted():
    # Two predictors that stand for the same guess, noise 0: its error is the mean square of the noise.
    kept = Process("epsilon", 20).scheduler().alphas_cumprod

    def silent(noised, steps):
        return torch.zeros_like(noised)

    def silent_v(noised, steps):
        signal = kept[steps][:, None, None, None]
        return -(1 - signal).sqrt() / signal.sqrt() * noised

    plain = Process("epsilon", 20).watched_losses(silent, images(), seed=1)
    mixed = Process("v_prediction", 20).watched_losses(silent_v, images(), seed=1)
    for name, losses in plain.items():
        torch.testing.assert_close(mixed[name], losses, rtol=1e-4, atol=1e-4)
    assert 0.7 < float(plain["t=100"].mean()) < 1.3


# ── there and back ────────────────────────────────────────────────────────────────────────


def test_who_knows_the_data_draws_it(process):
    clean = images()
    drawn = process.sample(knowing(process, clean), seeded_noise([1, 2, 3], clean.shape[1:]))
    torch.testing.assert_close(drawn, clean, rtol=0, atol=1e-4)


def test_sampling_steps_are_those_of_the_scheduler(process):
    scheduler = process.scheduler()
    scheduler.set_timesteps(20)
    assert scheduler.timesteps.tolist() == list(range(999, 0, -50))
    state, told = images(), 0.1 * images()
    for step in scheduler.timesteps.tolist():
        a, b = process._step_weights(step, step - 50)
        expected = scheduler.step(told, step, state).prev_sample
        torch.testing.assert_close(a * state + b * told, expected, rtol=1e-4, atol=1e-4)


def test_enough_rounds_invert_a_smooth_sampler_exactly():
    process = Process("v_prediction", 50)
    noise = seeded_noise([1, 2], (1, 4, 4))
    drawn = process.sample(gentle, noise)
    torch.testing.assert_close(process.invert(gentle, drawn, refinements=8), noise, rtol=0, atol=1e-4)
    rough = process.invert(gentle, drawn)
    assert float((rough - noise).abs().max()) < 0.2


# ── noise and batches ─────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5), st.randoms())
def test_noise_depends_on_its_own_seed_alone(seeds, random):
    order = random.sample(range(len(seeds)), len(seeds))
    noise = seeded_noise(seeds, (1, 2, 3))
    assert torch.equal(seeded_noise([seeds[at] for at in order], (1, 2, 3)), noise[order])


def test_noise_is_that_of_diffusers_with_one_generator_for_each_image():
    generators = [torch.Generator().manual_seed(seed) for seed in (4, 2**40)]
    assert torch.equal(seeded_noise([4, 2**40], (3, 5, 5)), randn_tensor((2, 3, 5, 5), generator=generators))


def test_no_seeds_give_no_noise():
    assert seeded_noise([], (1, 2, 2)).shape == (0, 1, 2, 2)


def test_guidance_of_one_is_none_and_of_two_goes_as_far_again():
    state, steps = images(), torch.zeros(3)
    one, other = lambda noised, _: noised + 1.0, lambda noised, _: noised - 1.0
    torch.testing.assert_close(guided(one, other, 1.0)(state, steps), state + 1)
    torch.testing.assert_close(guided(one, other, 2.0)(state, steps), state + 3)
