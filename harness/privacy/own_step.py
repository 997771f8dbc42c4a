"""The white-box audit of the private step that is installed here, at the noise, clip and rate of a ledger."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from harness.privacy.ledger import GaussianSteps
from harness.privacy.white_box import StepAudit, StepSettings, TakesSteps, audit_step

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from harness.models.generator import Player
    from harness.training.recipe import Mode

__all__ = ["audit_own_step"]

RECORDS = 200
LEAST_RATE = 0.05
"""The bench is small: below this rate its batches would be too small to tell anything."""


def audit_own_step(event: GaussianSteps, *, mode: Mode = "auto", steps: int = 200) -> StepAudit:
    """Take ``steps`` steps of a made-up training with our own step and our own sampling, and test what they do.

    Args:
        event: Says the noise, the clip and, where it is not too small for a bench of 200 records, the sampling rate.
        mode: How gradients of single records are found.
        steps: At least 100.
    """
    from harness.training.batches import Poisson
    from harness.training.private_step import PrivateStep

    rate = max(event.sample_rate, LEAST_RATE)
    claimed = StepSettings(
        noise_multiplier=event.noise_multiplier, clip=event.clip, records=RECORDS, sample_rate=rate, physical=4
    )
    batches, numbers = Poisson(RECORDS, rate), count()

    def make(player: Player, optimizer: Optimizer, its: StepSettings) -> TakesSteps:
        return PrivateStep(
            player,
            optimizer,
            noise_multiplier=its.noise_multiplier,
            clip=its.clip,
            expected_batch=its.expected_batch,
            mode=mode,
        )

    return audit_step(make, lambda: batches.draw(next(numbers)), claimed, steps=steps)
