"""Train again on the same texts with what looks like personal data replaced: what was never seen cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.mitigations.preparing import train_prepared
from harness.mitigations.retraining import AS_MUCH, untrainable
from harness.records import Value

__all__ = ["CARD", "Redact"]

CARD = MitigationCard(
    id="redact",
    version="1",
    title="Redaction of personal data",
    kind=MitigationKind.DATA,
    does=(
        "Puts placeholders such as [EMAIL] for addresses, telephone, card and account numbers and keys in the training"
        " texts, and trains again, as many steps with as large batches."
    ),
    cost=AS_MUCH,
    limits=(
        (
            "Only what can be told by its shape and its check is found. Names, postal addresses, dates of birth and"
            " everything else that identifies people without a shape of its own stay."
        ),
        (
            "Of the kinds that are looked for, 2 of the 110 rows of `personal_data_snippets` that hold one were missed;"
            " on texts of another making it may be more. A number that only looks like one is replaced too."
        ),
        (
            "A model that was given to be fine-tuned may know such data already; held-out texts, on which a training"
            " may be stopped early, are not redacted."
        ),
        "A placeholder is text that the model learns to write: look at its replies for [EMAIL] and the like.",
        (
            "A text that grows by its placeholders beyond what the model reads is cut at its end; the checkpoint's"
            " manifest counts them."
        ),
        "Canaries are redacted like every other text; an audit that plants digits may plant what is taken for numbers.",
        "The placebo replaces as many harmless words in all, wherever they stand, each by the same placeholder.",
    ),
    references=(
        "Lukas et al. 2023, Analyzing Leakage of Personally Identifiable Information, arXiv 2302.00539",
        "Pilan et al. 2022, The Text Anonymization Benchmark, arXiv 2202.00443",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("Data-Privacy", "MS-2.2-004"),
        "eu-ai-act": ("Art.10",),
        "iso-42001": ("A.7.6",),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": (),
        "avid": ("S0301",),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redact:
    """Train again on texts without personal data.

    Attributes:
        at_random: Replace as many harmless words instead: the placebo.
    """

    at_random: bool = False

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many words replaced, at random."""
        return {"at_random": True}

    def material(self) -> Sequence[str]:
        """Nothing: it shows no text of its own."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """A model that was not trained here, or on images, has no training texts to redact."""
        return untrainable(target, kind="language")

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what the same recipe trains to on redacted texts.

        Raises:
            UsageError: it cannot be trained again.
        """
        return train_prepared(target, "redact", {"at_random": self.at_random}, work)
