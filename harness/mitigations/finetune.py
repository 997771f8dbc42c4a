"""A model trained on: from its own weights, on other records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.data.training_data import load_examples
from harness.mitigations.retraining import further, recipe_of, train_again, untrainable
from harness.records import Value

__all__ = ["Finetune"]

CARD = MitigationCard(
    id="finetune",
    version="1",
    title="Training on",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains the model on from its own weights, on other records: what is better about those, it may learn; a model"
        " of adapters on a given one gets fresh adapters."
    ),
    cost="A further training, by default a quarter as long as the first; nothing when the model is asked.",
    limits=(
        "It adds and does not take away: what the model knew of its first records is overlaid, and can come back.",
        "Afterwards members are those of the new records alone, and of the first ones nothing is asked.",
        "On few or plain records a model forgets how to do the rest: look at its utility too.",
        "A placebo of as many steps on its first records tells what steps do, not what other new texts would do.",
    ),
    references=(
        "Howard and Ruder 2018, Universal Language Model Fine-tuning for Text Classification, arXiv 1801.06146",
        "Solaiman and Dennison 2021, Process for Adapting Language Models to Society (PALMS), arXiv 2106.10328",
        "Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, arXiv 2106.09685",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002",),
        "eu-ai-act": ("Art.10",),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetune:
    """The model, trained on from its own weights.

    Attributes:
        data: The new records: as under ``[train] data``. None for its own: the placebo.
        steps: Rounds, at least 1: the dose. None for a quarter of those of its recipe.
        rate_factor: Times the learning rate of its recipe, above 0.
    """

    data: str | None = None
    steps: int | None = None
    rate_factor: float = 0.3
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps is at least 1, not {self.steps}")
        if not self.rate_factor > 0:
            raise ValueError(f"rate_factor is above 0, not {self.rate_factor}")

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        """As many steps on the records that it knows already; None where it is that itself."""
        if self.data is None:
            return None
        its: dict[str, Value] = {"rate_factor": self.rate_factor}
        return its if self.steps is None else {**its, "steps": self.steps}

    def material(self) -> Sequence[str]:
        """The new texts; images are not text.

        Raises:
            DataError: they cannot be read.
        """
        return () if self.data is None else load_examples(self.data).texts or ()

    def misfit(self, target: Backend) -> str | None:
        """It needs a model that was trained here, and other records where that is private: its own are spent."""
        reason = untrainable(target)
        if reason is None and self.data is None and recipe_of(target).get("privacy") is not None:
            return "this model is private, and has spent its epsilon on its own records: name others with `data`"
        return reason

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` trains on to.

        Raises:
            UsageError: it cannot be trained on.
            DataError: the new records are not here.
        """
        changes = further(recipe_of(target), steps=self.steps, share=0.25, rate_factor=self.rate_factor)
        if self.data is not None:
            # A number of records, and canaries, were chosen for the old ones.
            changes |= {"data": self.data, "records": None, "canaries": None, "prepare": None}
        return train_again(target, changes, work)
