"""Training that ends sooner: the plainest way to have a model remember less of its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.errors import UsageError
from harness.mitigations.retraining import recipe_of, train_again, untrainable
from harness.records import Value

__all__ = ["EarlyStopping"]

CARD = MitigationCard(
    id="early_stopping",
    version="1",
    title="Early stopping",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains the model again, and ends when records held out of the training are no longer fitted better, or after a"
        " share of the steps: each further pass over the records is one more in which they can be remembered."
    ),
    cost="Another training, shorter than the first; with patience, a validation every so often.",
    limits=(
        "It guarantees nothing for any record: what was learned at the first sight of it stays learned.",
        "Records that are there many times are remembered long before validation tells.",
        "A model that had not begun to overfit, as validation sees it, is trained to its end all the same.",
        "With a share of the steps the learning rate falls over those: it is no earlier state of the first training.",
    ),
    references=(
        "Prechelt 1998, Early Stopping - But When?, doi 10.1007/3-540-49430-8_3",
        "Yeom et al. 2017, Privacy Risk in Machine Learning: Analyzing the Connection to Overfitting, arXiv 1709.01604",
        "Tirumala et al. 2022, Memorization Without Overfitting, arXiv 2205.10770",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.10",),
        "nist-genai-profile": ("Data-Privacy",),
        "eu-ai-act": ("Art.15(5)",),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": ("AML.T0024.000",),
        "avid": (),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStopping:
    """The model, trained again for a shorter time. Without any setting, half as long.

    Attributes:
        share: Of its steps that are taken, in (0, 1]; 1 lets patience alone decide. None: 1 with patience, else 0.5.
        patience: Validations without improvement before it ends, at least 1; the best weights are kept. None: none.
        validate_every: Steps between validations, at least 1; None: a twentieth of the steps.
    """

    share: float | None = None
    patience: int | None = None
    validate_every: int | None = None
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f"share is in (0, 1], not {self.share}")
        if self.share == 1 and self.patience is None:
            raise ValueError("share = 1 stops nothing: set patience too")
        for name in ("patience", "validate_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        if self.validate_every is not None and self.patience is None:
            raise ValueError("validate_every is for patience: set patience too")

    @property
    def placebo(self) -> None:
        """None: trained to its end with the same coins it would be the model that it is compared with, to the bit."""
        return

    def material(self) -> Sequence[str]:
        """None: it learns from the model's own records alone."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """It needs a model that was trained here; patience, one without privacy, which it would void."""
        reason = untrainable(target)
        if reason is None and self.patience is not None and recipe_of(target).get("privacy") is not None:
            return "patience chooses a step by records that no epsilon covers, and this model is private: set share"
        return reason

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what ``target`` trains to in less time.

        Raises:
            UsageError: no step is left out.
        """
        steps = recipe_of(target)["steps"]
        share = self.share or (0.5 if self.patience is None else 1.0)
        taken = max(1, round(share * steps))
        if taken == steps and self.patience is None:
            raise UsageError(f"early_stopping: a share of {share} of {steps} steps is all of them. Make it smaller.")
        changes: dict[str, Value] = {"steps": taken}
        if self.patience is not None:
            every = self.validate_every or max(1, taken // 20)
            changes |= {"patience": self.patience, "validate_every": every}
        return train_again(target, changes, work)
