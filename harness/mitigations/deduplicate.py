"""Train again on the same records without repetition: what stands in the data once is hardly learned by heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.mitigations.preparing import train_prepared
from harness.mitigations.retraining import AS_MUCH, untrainable
from harness.records import Value

__all__ = ["CARD", "Deduplicate"]

CARD = MitigationCard(
    id="deduplicate",
    version="1",
    title="Deduplication",
    kind=MitigationKind.DATA,
    does=(
        "Takes copies, near duplicates and long repeated runs out of the training data and trains again, as many steps"
        " with as large batches."
    ),
    cost=AS_MUCH,
    limits=(
        (
            "As many records are drawn as before: those that stay are seen more often, so it is repetition alone that"
            " changes. A shorter training on less data is another thing."
        ),
        (
            "A canary whose copies were taken out is still a member, once: numbers by level of repeats stand under"
            " other levels than before."
        ),
        (
            "What stands in the data once is protected no better. A record that was taken out because another is like"
            " it is neither member nor non-member afterwards, though the model has seen most of it."
        ),
        (
            "Held-out records are not compared again: below a similarity of 0.8, by which all records were told apart"
            " before the coin, some are like members, which pulls results on membership to chance."
        ),
        (
            "Near duplicates are looked for by MinHash: at the threshold a pair is missed once in 2,800 times. Texts of"
            " fewer than five words are duplicates only where they are equal."
        ),
        (
            "Runs are counted in words, or for a model of bytes in characters, of which 50 are about ten words: set"
            " `span` higher where common phrases should stay. What is left of a text from which a run was cut may"
            " begin or end in the middle of a sentence. Runs across passages of one document are not seen."
        ),
        "Images are told to be duplicates by one fixed rule, which crops, flips and shifts escape.",
        (
            "The placebo takes out as many records, not as many tokens, and needs as many that have no duplicate; where"
            " there are fewer it refuses. It never takes a canary."
        ),
    ),
    references=(
        "Lee et al. 2021, Deduplicating Training Data Makes Language Models Better, arXiv 2107.06499",
        "Kandpal et al. 2022, Deduplicating Training Data Mitigates Privacy Risks, arXiv 2202.06539",
        "Debenedetti et al. 2023, Privacy Side Channels in Machine Learning Systems, arXiv 2309.05610",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MS-2.10-003", "MG-3.1-004"),
        "eu-ai-act": ("Art.10",),
        "iso-42001": ("A.7.4", "A.7.6"),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": (),
        "avid": ("S0301",),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplicate:
    """Train again without repetition.

    Attributes:
        near: True Jaccard similarity of word 5-grams above which a text is a duplicate, in [0.5, 1): the dose, the
            lower the more is taken out; None for equal texts alone.
        span: Words, for a model of bytes characters, on end that are deleted where they come again, at least 10; None
            for no such runs.
        at_random: Take out as much of what is no duplicate instead: the placebo.
    """

    near: float | None = 0.8
    span: int | None = 50
    at_random: bool = False

    def __post_init__(self) -> None:
        if self.near is not None and not 0.5 <= self.near < 1:
            raise ValueError(f"near is a similarity in [0.5, 1), not {self.near}")
        if self.span is not None and self.span < 10:
            raise ValueError(f"span is at least 10, not {self.span}")

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As much taken out, at random."""
        return {"at_random": True}

    def material(self) -> Sequence[str]:
        """Nothing: it shows no text of its own."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """A model that was not trained here cannot be trained again."""
        return untrainable(target)

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what the same recipe trains to without repetition.

        Raises:
            UsageError: the recipe refuses it, as it does with privacy.
        """
        settings = {"near": self.near, "span": self.span, "at_random": self.at_random}
        return train_prepared(target, "deduplicate", settings, work)
