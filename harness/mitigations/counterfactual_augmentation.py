"""Train again on the texts and their twins with genders swapped: what is said of one is said of the other as often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind
from harness.mitigations.preparing import train_prepared
from harness.mitigations.retraining import AS_MUCH, untrainable
from harness.records import Value

__all__ = ["CARD", "CounterfactualAugmentation"]

SWAPS = ("gender", "neutral")

CARD = MitigationCard(
    id="counterfactual_augmentation",
    version="1",
    title="Counterfactual data augmentation",
    kind=MitigationKind.DATA,
    does=(
        "Gives every training text a twin in which pronouns, titles, words for kin and people, and first names have the"
        " other gender, and trains again, as many steps with as large batches."
    ),
    cost=AS_MUCH,
    limits=(
        (
            "Two genders of English words, by lists and rules of grammar. No other group is balanced, and people who"
            " are neither he nor she are not spoken of more often."
        ),
        (
            "A text is swapped whole or not at all. It is left where a pronoun could be read two ways (saw her duck),"
            " a word has no one counterpart (Ms, mum), somebody of history is named, or swapping back would not give"
            " it again; the checkpoint's manifest counts each. Of passages of Shakespeare that hold such words, 36 %"
            " is left, of simple sentences less than a tenth."
        ),
        (
            "First names are swapped where they are on a list of 84 pairs, mostly of the United States. Others stay,"
            " so that a twin can speak of Odile as him. Surnames, places and a few famous people stay."
        ),
        (
            "Nothing is swapped within quotation marks that look like the title of a work. Titles without marks, and"
            " facts such as who wrote what or who can bear children, are not known: a twin may be false."
        ),
        (
            "Each text is seen half as often as written: steps and batch stay. It weighs as much as the others, and"
            " canaries too, which are never swapped."
        ),
        (
            "Published effects on models are small, and some measures get worse (arXiv 2110.08527): look at what it"
            " costs in likelihood. Frames of an evaluation may hold words of the lists, as any English text does."
        ),
        "The placebo swaps words such as red and blue; it changes fewer or more words, as the texts have them.",
    ),
    references=(
        "Zmigrod et al. 2019, Counterfactual Data Augmentation for Mitigating Gender Stereotypes, arXiv 1906.04571",
        "Webster et al. 2020, Measuring and Reducing Gendered Correlations, arXiv 2010.06032",
        "Meade et al. 2021, An Empirical Survey of the Effectiveness of Debiasing Techniques, arXiv 2110.08527",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("Harmful-Bias-and-Homogenization", "MG-2.2-004"),
        "eu-ai-act": ("Art.10(2)(g)",),
        "iso-42001": ("A.7.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("E0101",),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualAugmentation:
    """Train again on texts and their twins.

    Attributes:
        share: Of the texts whose twin is swapped, in [0, 1]: the dose; the twin of any other is a copy.
        swap: ``gender``, or ``neutral`` for the placebo, whose words say nothing of people.
    """

    share: float = 1.0
    swap: str = "gender"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is from 0 to 1, not {self.share}")
        if self.swap not in SWAPS:
            raise ValueError(f"swap is {' or '.join(SWAPS)}, not {self.swap!r}")

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """The same share with words swapped that say nothing of gender."""
        return {"swap": "neutral"}

    def material(self) -> Sequence[str]:
        """Nothing: it shows no text of its own, only words in the texts that the model is trained on anyway."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """A model that was not trained here, or on images, has no training texts to swap."""
        return untrainable(target, kind="language")

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return what the same recipe trains to on texts and twins.

        Raises:
            UsageError: the recipe refuses it, as it does with privacy.
        """
        return train_prepared(target, "augment", {"share": self.share, "swap": self.swap}, work)
