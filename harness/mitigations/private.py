"""Differentially private training: DP-SGD, or DP-LoRA where the model is adapters on a given one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.contracts import Backend, TrainedBackend
from harness.contracts.mitigations import MitigationCard
from harness.mitigations.private_card import CARD
from harness.mitigations.retraining import recipe_of, train_again, untrainable
from harness.records import Capability, Value

__all__ = ["Private"]

LARGER, SHARE, SEEN = 16, 0.25, 2.0
"""Noise is added once a batch, so large ones drown less: 16 times as large, or a quarter of the training records if
that is less, for as many steps as pass twice as many records as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """The model, trained again so that no single record can show in it more than epsilon allows.

    Attributes:
        epsilon: What may be spent, above 0: the dose. Less is more private.
        delta: Of the claim, in (0, 1); None for 1 / (10 n) with n training records.
        clip: Largest l2 norm of one record's gradient, above 0.
        batch_factor: Times the batch of the recipe, above 0. None: 16, but no more than a quarter of the training
            records; 1 where the model is private already.
        steps_factor: Times its steps, above 0. None: so many that twice as many records are passed as before; 1 where
            the model is private already.
        rate_factor: Times its learning rate, above 0.
        protected: False for the placebo: batches, steps and rate as above, gradients neither clipped nor noised.
    """

    epsilon: float = 8.0
    delta: float | None = None
    clip: float = 1.0
    batch_factor: float | None = None
    steps_factor: float | None = None
    rate_factor: float = 1.0
    protected: bool = True
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        for name in ("epsilon", "clip", "batch_factor", "steps_factor", "rate_factor"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is above 0, not {value}")
        if self.delta is not None and not 0 < self.delta < 1:
            raise ValueError(f"delta is in (0, 1), not {self.delta}")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """The same batches, steps and rate without privacy: these alone make a model remember less.

        Clipping and noise are the active ingredient together: noise has no meaning without the clip that bounds what
        it must hide, and a clip without noise already takes away much of what is remembered (Carlini et al. 2019).
        """
        sizes: dict[str, Value] = {
            "batch_factor": self.batch_factor,
            "steps_factor": self.steps_factor,
            "rate_factor": self.rate_factor,
        }
        return {**{key: value for key, value in sizes.items() if value is not None}, "protected": False}

    def material(self) -> Sequence[str]:
        """None: it learns from the model's own records alone."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """It needs a model that was trained here."""
        return untrainable(target)

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` trains to with privacy.

        Raises:
            UsageError: its recipe has something that privacy does not go with.
        """
        recipe = recipe_of(target)
        # Of the batch's gradient there is nothing to clip, and no step may be chosen by records.
        changes = {**self._sizes(recipe, target), "max_grad_norm": None, "patience": None, "privacy": None}
        if self.protected:
            changes["privacy"] = {"epsilon": self.epsilon, "delta": self.delta, "clip": self.clip}
        else:
            changes["max_grad_norm"] = recipe["max_grad_norm"]
        return train_again(target, changes, work)

    def _sizes(self, recipe: Mapping[str, Any], target: Backend) -> dict[str, Value]:
        """Batch, steps and rate; no more records in memory at once than the recipe has there."""
        its, fresh = recipe["batch"], recipe["privacy"] is None
        batch = _larger(its, target) if self.batch_factor is None and fresh else round(its * (self.batch_factor or 1))
        batch = max(1, batch)
        factor = self.steps_factor or (SEEN * its / batch if fresh else 1)
        steps = max(1, round(recipe["steps"] * factor))
        return {
            "batch": batch,
            "physical_batch": min(batch, recipe["physical_batch"] or its),
            "steps": steps,
            "warmup": min(recipe["warmup"], steps // 10),
            "learning_rate": recipe["learning_rate"] * self.rate_factor,
        }


def _larger(batch: int, target: Backend) -> int:
    """A batch that noise drowns less, and that is still a sample of the records, where their number is known."""
    if not isinstance(target, TrainedBackend) or Capability.TRAINING_DATA not in target.capabilities:
        return LARGER * batch
    repeats = (row["repeats"] for row in target.training_data().rows if row["role"] == "member")
    places = sum(times for times in repeats if isinstance(times, int))
    return min(LARGER * batch, max(batch, round(SHARE * places)))
