"""The same training once more, with other coins or another length: what all mitigations of training are measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.mitigations.retraining import train_again, untrainable
from harness.records import Value

__all__ = ["Retrain"]

CARD = MitigationCard(
    id="retrain",
    version="1",
    title="Training again",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains the model again by its own recipe, with another toss of the coins, another seed or another number of"
        " steps: it mitigates nothing, and shows how much numbers move when nothing but chance, or length, is changed."
    ),
    cost="Another training of so many steps; nothing when the model is asked.",
    limits=(
        "Another toss or seed decides anew who is a member, so the records asked of membership are other ones.",
        "Another seed draws other records, where a recipe uses only some, and other canaries.",
        "With the same toss, seed and steps it is the same model, to the bit on the same processor.",
        "More steps are not more of the same: the learning rate falls over all of them.",
    ),
    references=(
        "Bouthillier et al. 2021, Accounting for Variance in Machine Learning Benchmarks, arXiv 2103.03098",
        "Sellam et al. 2021, The MultiBERTs: BERT Reproductions for Robustness Analysis, arXiv 2106.16163",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-1.1",),
        "nist-genai-profile": (),
        "eu-ai-act": ("Art.15(3)",),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """The model, trained again by its own recipe.

    Attributes:
        toss: Which toss of the coins that decide over members, weights and batches, at least 0; None for its own.
        seed: Root of all randomness, at least 0; None for its own.
        steps: Rounds of training, at least 1; None for as many as before.
    """

    toss: int | None = None
    seed: int | None = None
    steps: int | None = None
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        for name, least in (("toss", 0), ("seed", 0), ("steps", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is at least {least}, not {value}")

    @property
    def placebo(self) -> None:
        """None: it is the placebo of others, and has no active ingredient itself."""
        return

    def material(self) -> Sequence[str]:
        """None: it learns from the model's own records alone."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """It needs a model that was trained here."""
        return untrainable(target)

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` trains to, with these settings."""
        asked: Mapping[str, Value] = {"toss": self.toss, "seed": self.seed, "steps": self.steps}
        return train_again(target, {key: value for key, value in asked.items() if value is not None}, work)
