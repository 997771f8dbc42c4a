"""A language model made to forget some of its records, by gradient ascent: an honest baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard
from harness.mitigations.retraining import further, recipe_of, train_again, untrainable
from harness.mitigations.unlearning_card import CARD
from harness.records import Value

__all__ = ["Unlearning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlearning:
    """A language model, trained on so that it forgets: `harness.training.objectives.unlearning`.

    Attributes:
        records: Names of records to be forgotten. Without these and without texts: all canaries that it was trained on.
        texts: A file of texts to be forgotten; not together with records.
        weight: Of the ascent, beside the loss of what is kept, at least 0; 0 is the placebo. Near 1, records that are
            like the forgotten ones are forgotten with them.
        steps: Rounds, at least 1: the dose. None for a quarter of those of its recipe.
        rate_factor: Times the learning rate of its recipe, above 0.
    """

    records: Sequence[str] = ()
    texts: str | None = None
    weight: float = 0.1
    steps: int | None = None
    rate_factor: float = 0.3
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if isinstance(self.records, str):
            raise TypeError("records is a list of names")
        if self.records and self.texts is not None:
            raise ValueError("give records or texts, not both")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps is at least 1, not {self.steps}")
        if not self.weight >= 0:
            raise ValueError(f"weight is at least 0, not {self.weight}")
        if not self.rate_factor > 0:
            raise ValueError(f"rate_factor is above 0, not {self.rate_factor}")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many steps on what is kept, without the ascent: not training on a record makes a model forget it too."""
        its: dict[str, Value] = {"weight": 0.0, "rate_factor": self.rate_factor}
        given: dict[str, Value] = {"records": list(self.records) or None, "texts": self.texts, "steps": self.steps}
        return {**its, **{key: value for key, value in given.items() if value is not None}}

    def material(self) -> Sequence[str]:
        """None: what it is to forget is what is asked about, and it learns nothing from it."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """It needs a language model that was trained here without privacy, and something to be forgotten."""
        reason = untrainable(target, kind="language")
        if reason is not None:
            return reason
        recipe = recipe_of(target)
        if recipe["privacy"] is not None:
            return "it adds a term to the loss that the proof of private training does not cover, and this is private"
        if not self.records and self.texts is None and recipe["canaries"] is None:
            return "it forgets canaries where nothing else is named, and none were planted in this training"
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` comes to when it is made to forget.

        Raises:
            UsageError: it cannot be trained on.
            DataError: the texts cannot be read.
        """
        recipe = recipe_of(target)
        table: dict[str, Value] = {"name": "unlearning", "weight": self.weight}
        if self.texts is not None:
            table["texts"] = self.texts
        elif self.records:
            table["records"] = list(self.records)
        else:
            table["canaries"] = True
        changes = further(recipe, steps=self.steps, share=0.25, rate_factor=self.rate_factor)
        return train_again(target, {**changes, "objective": table}, work)
