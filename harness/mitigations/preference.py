"""A language model trained to prefer one of two replies: fair, true or abstaining over the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard
from harness.mitigations.preference_card import CARD
from harness.mitigations.retraining import further, recipe_of, train_again, untrainable
from harness.records import Value
from harness.training.objectives.texts import preferences

__all__ = ["Preference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A language model, trained on by pairs of replies: `harness.training.objectives.preference`.

    Attributes:
        pairs: A file or data set with ``prompt``, ``chosen`` and ``rejected``; None for those that ship.
        beta: How much a change since the start counts, above 0: less lets the model move further.
        steps: Rounds, at least 1: the dose. None for a quarter of those of its recipe.
        rate_factor: Times the learning rate of its recipe, above 0.
        tossed: True for the placebo: a coin decides for each pair which reply is preferred.
    """

    pairs: str | None = None
    beta: float = 0.1
    steps: int | None = None
    rate_factor: float = 0.1
    tossed: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        for name in ("beta", "rate_factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is above 0, not {getattr(self, name)}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps is at least 1, not {self.steps}")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """The same texts in as many steps, with labels tossed by a coin: nothing is preferred on the whole."""
        its: dict[str, Value] = {"beta": self.beta, "rate_factor": self.rate_factor, "tossed": True}
        given: dict[str, Value] = {"pairs": self.pairs, "steps": self.steps}
        return {**its, **{key: value for key, value in given.items() if value is not None}}

    def material(self) -> Sequence[str]:
        """Every prompt and every reply.

        Raises:
            DataError: they cannot be read.
        """
        return preferences(self.pairs).texts

    def misfit(self, target: Backend) -> str | None:
        """It needs a language model that was trained here without privacy."""
        reason = untrainable(target, kind="language")
        if reason is None and recipe_of(target)["privacy"] is not None:
            return "its loss is not one that the proof of private training covers, and this model is private"
        return reason

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` comes to when it is trained on the pairs.

        Raises:
            UsageError: it cannot be trained on.
            DataError: the pairs cannot be read.
        """
        preferences(self.pairs)
        table: dict[str, Value] = {"name": "preference", "beta": self.beta, "tossed": self.tossed}
        changes = further(recipe_of(target), steps=self.steps, share=0.25, rate_factor=self.rate_factor)
        changes["objective"] = table if self.pairs is None else {**table, "pairs": self.pairs}
        return train_again(target, changes, work)
