"""Noising, its losses, deterministic sampling and its inverse: what diffusion in pixels and in latents share.

Images are noised over 1,000 steps (Ho et al. 2020, arXiv:2006.11239) and drawn by the deterministic sampler (DDIM, Song
et al. 2021, arXiv:2010.02502), with the schedulers of diffusers, so that its pipelines draw the same images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, Literal

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from harness.seeds import derive

__all__ = ["HORIZON", "Predict", "Prediction", "Process", "guided"]

HORIZON = 1000
"""Steps over which an image becomes noise."""

WATCHED = (HORIZON // 10, HORIZON // 50, 3 * HORIZON // 10, 6 * HORIZON // 10)
"""Steps whose loss is told. The first, a tenth of the horizon, is where members stand out most."""

DRAWS = 4
"""Noises over which a told loss is averaged; the same ones for every record."""

Prediction = Literal["v_prediction", "epsilon"]

Predict = Callable[[Tensor, Tensor], Tensor]
"""A network bound to its conditions: noised ``[n, ...]`` and steps int64 ``[n]`` to its prediction ``[n, ...]``."""


class Process:
    """From data to noise and back.

    Args:
        prediction: What the network tells. ``epsilon`` is the noise. ``v_prediction`` is a mixture of noise and data
            (Salimans and Ho 2022, arXiv:2202.00512): near pure noise the former says nothing of the image and its
            errors are blown up, the latter needs no clipping, so that sampling can be inverted, and far fewer steps.
        sampling_steps: Network evaluations along the way back, a divisor of `HORIZON`.
    """

    def __init__(self, prediction: Prediction, sampling_steps: int) -> None:
        self.sampling_steps = sampling_steps
        self._prediction = prediction
        self._noising = self.scheduler()

    def scheduler(self) -> DDIMScheduler:
        """A fresh scheduler, as it is saved beside the network."""
        return DDIMScheduler(
            num_train_timesteps=HORIZON,
            beta_schedule="linear",
            beta_start=1e-4,
            beta_end=0.02,
            prediction_type=self._prediction,
            clip_sample=False,
            # From pure noise on; with another spacing the first step would take noise for a faint image.
            timestep_spacing="trailing",
            # Read by other spacings alone; Stable Diffusion's pipeline asks for this value.
            steps_offset=1,
        )

    # ── losses ────────────────────────────────────────────────────────────────────────────

    def random_losses(self, predict: Predict, clean: Tensor) -> Tensor:
        """Training loss of each record, ``[n]``, at a step and a noise drawn for it from torch's global generator."""
        # One step for each record, never one for the batch: gradients of single records are read off activations.
        steps = torch.randint(0, HORIZON, (len(clean),), device=clean.device)
        noise = torch.randn_like(clean)
        target = noise if self._prediction == "epsilon" else self._noising.get_velocity(clean, noise, steps)
        return _squares(predict(self._noising.add_noise(clean, noise, steps), steps), target)

    def watched_losses(self, predict: Predict, clean: Tensor, *, seed: int) -> Mapping[str, Tensor]:
        """Mean squared error of the predicted noise at each of `WATCHED`, ``{"t=100": [n], ...}``.

        The noises are drawn from ``seed`` and shared by all records, whatever the network predicts.
        """
        return {f"t={step}": self._loss_at(predict, clean, step, derive(seed, f"t={step}")) for step in WATCHED}

    def _loss_at(self, predict: Predict, clean: Tensor, step: int, seed: int) -> Tensor:
        noises = torch.randn((DRAWS, *clean.shape[1:]), generator=torch.Generator().manual_seed(seed)).to(clean.device)
        steps = torch.full((len(clean),), step, device=clean.device)
        total = clean.new_zeros(len(clean))
        for each in noises:
            noise = each.expand_as(clean)
            noised = self._noising.add_noise(clean, noise, steps)
            total += _squares(self._noise_in(predict(noised, steps), noised, step), noise)
        return total / DRAWS

    def _noise_in(self, predicted: Tensor, noised: Tensor, step: int) -> Tensor:
        """The noise that a prediction stands for."""
        if self._prediction == "epsilon":
            return predicted
        kept = float(self._noising.alphas_cumprod[step])
        return sqrt(kept) * predicted + sqrt(1 - kept) * noised

    # ── there and back ────────────────────────────────────────────────────────────────────

    def sample(self, predict: Predict, noise: Tensor) -> Tensor:
        """Data for noise ``[n, ...]``; nothing is drawn on the way."""
        scheduler = self.scheduler()
        scheduler.set_timesteps(self.sampling_steps)
        state = noise
        for step in scheduler.timesteps.tolist():
            steps = torch.full((len(state),), step, device=state.device)
            state = scheduler.step(predict(state, steps), step, state, eta=0.0).prev_sample
        return state

    def invert(self, predict: Predict, clean: Tensor, *, refinements: int = 1) -> Tensor:
        """An estimate of the noise from which `sample` came to ``clean``, ``[n, ...]``; nothing is drawn.

        A step of the sampler is ``next = a state + b prediction(state)``. Each is solved for its state by fixed-point
        iteration (Pan et al. 2023, arXiv:2309.04907) from ``next``; one round is the usual approximate inversion.
        More rounds find noise that gives back ``clean`` ever more exactly, but several noises do, and the one found is
        less and less like the one that was drawn: to recognise noise, take one round; to reproduce an image, many.

        Args:
            predict: The network, under the conditions the data was drawn with, or under none.
            clean: Data ``[n, ...]``.
            refinements: Rounds of the iteration at each step, at least 1.
        """
        state = clean
        stride = HORIZON // self.sampling_steps
        for step in range(stride - 1, HORIZON, stride):
            a, b = self._step_weights(step, step - stride)
            reached, steps = state, torch.full((len(state),), step, device=state.device)
            for _ in range(refinements):
                state = (reached - b * predict(state, steps)) / a
        return state

    def _step_weights(self, step: int, after: int) -> tuple[float, float]:
        """Weights of state and prediction in the sampler's way from ``step`` to ``after``; below 0 is clean."""
        kept = float(self._noising.alphas_cumprod[step])
        kept_after = float(self._noising.alphas_cumprod[after]) if after >= 0 else 1.0
        data, noise = sqrt(kept), sqrt(1 - kept)
        data_after, noise_after = sqrt(kept_after), sqrt(1 - kept_after)
        if self._prediction == "epsilon":
            return data_after / data, noise_after - data_after * noise / data
        return data_after * data + noise_after * noise, noise_after * data - data_after * noise


def guided(conditioned: Predict, free: Predict, guidance: float) -> Predict:
    """Classifier-free guidance: away from what is predicted without conditions.

    Ho and Salimans (2022), arXiv:2207.12598.

    Args:
        conditioned: The network under the conditions.
        free: The network under none.
        guidance: 1 is ``conditioned`` itself.
    """

    def predict(noised: Tensor, steps: Tensor) -> Tensor:
        without = free(noised, steps)
        return without + guidance * (conditioned(noised, steps) - without)

    return predict


def _squares(one: Tensor, other: Tensor) -> Tensor:
    """Mean squared difference of each record, ``[n]``, float32 also where the network computed in less."""
    difference: Any = one.float() - other.float()
    return difference.square().flatten(1).mean(1)
