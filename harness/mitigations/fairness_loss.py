"""A language model trained to expect the same behind either of two names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard
from harness.mitigations.fairness_loss_card import CARD
from harness.mitigations.retraining import recipe_of, train_again, untrainable
from harness.records import Value
from harness.training.objectives.texts import swapped_pairs

__all__ = ["FairnessLoss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessLoss:
    """A language model, trained again with a divergence in its loss: `harness.training.objectives.fairness`.

    Attributes:
        weight: Of the divergence, in nats, beside the mean loss of the records, above 0: the dose.
        pairs: A file or data set of sentence pairs with ``first`` and ``second``; None for those that ship.
        identical: True for the placebo: pairs of equal sentences, whose divergence is 0.
    """

    weight: float = 1.0
    pairs: str | None = None
    identical: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"weight is above 0, not {self.weight}")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many passes, through sentences that differ in nothing, with the same weight."""
        its: dict[str, Value] = {"weight": self.weight, "identical": True}
        return its if self.pairs is None else {**its, "pairs": self.pairs}

    def material(self) -> Sequence[str]:
        """Every sentence of the pairs.

        Raises:
            DataError: they cannot be read.
        """
        return swapped_pairs(self.pairs).texts

    def misfit(self, target: Backend) -> str | None:
        """It needs a language model that was trained here without privacy, and towards nothing else."""
        return untrainable(target, kind="language") or _occupied(recipe_of(target))

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` trains to with the divergence in its loss.

        Raises:
            UsageError: it cannot be trained again.
            DataError: the pairs cannot be read.
        """
        swapped_pairs(self.pairs)
        table: dict[str, Value] = {"name": "fairness", "weight": self.weight, "identical": self.identical}
        return train_again(target, {"objective": table if self.pairs is None else {**table, "pairs": self.pairs}}, work)


def _occupied(recipe: Mapping[str, Value]) -> str | None:
    """Say why a recipe cannot have this objective."""
    if recipe.get("privacy") is not None:
        return "it adds a term to the loss that the proof of private training does not cover, and this model is private"
    if recipe.get("objective") is not None:
        return "this model is trained towards another objective already, and one training has one"
    return None
