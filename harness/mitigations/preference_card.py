"""The card of `harness.mitigations.preference`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="preference",
    version="1",
    title="Preference optimisation",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains a language model on from its own weights, by pairs of replies to the same prompt: the preferred one is"
        " to become likelier than the other, measured from where the model started (DPO)."
    ),
    cost=(
        "A further training, by default a quarter as long as the first, with two replies passed through the model for"
        " every record of a batch; nothing when the model is asked."
    ),
    limits=(
        (
            "The difference between two replies grows, and often both become less likely: a model may end up saying"
            " neither, but something third (Pal et al. 2024)."
        ),
        (
            "It learns whatever tells preferred replies from rejected ones, their length among it: in the pairs that"
            " ship, fair and abstaining replies are longer than those they are preferred to."
        ),
        "Trained to abstain, a model may abstain where it knew: look at what it still answers.",
        "72 pairs ship, by one author; a small model learns them by heart before it learns what they have in common.",
        "Its records are not looked at, so what a model knew of them fades with every step.",
        "Private training with it is refused: what is proved of private steps is proved of single records alone.",
        "A model with a chat template is trained behind it, any other behind the bare prompt.",
    ),
    references=(
        "Rafailov et al. 2023, Direct Preference Optimization, arXiv 2305.18290",
        "Pal et al. 2024, Smaug: Fixing Failure Modes of Preference Optimisation, arXiv 2402.13228",
        "Park et al. 2024, Disentangling Length from Quality in Direct Preference Optimization, arXiv 2403.19159",
        "Tian et al. 2023, Fine-tuning Language Models for Factuality, arXiv 2311.08401",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002",),
        "eu-ai-act": ("Art.10(2)(g)",),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)
