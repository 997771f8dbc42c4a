"""The card of `harness.mitigations.private`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="private",
    version="1",
    title="Differentially private training",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains the model again by DP-SGD: the gradient of each record is clipped and noise is added to their sum, so"
        " that no record can show in the weights more than epsilon allows; of adapters on a given model, these alone."
    ),
    cost=(
        "Another training: by default twice as many records in larger batches, each with a gradient of its own, which"
        " takes longer; and a model that fits less well."
    ),
    limits=(
        (
            "The claim is of one record. A canary that is there ten times, or a document of ten passages, is hidden ten"
            " times less, and delta with it; the claim says what one unit is."
        ),
        (
            "It is a new training on the same records: its epsilon is of the new weights alone. Whoever has the first"
            " model too still has all that it leaks, and of several private models the epsilons add up."
        ),
        (
            "Adapters hide what they were trained on, and nothing of what the model beneath them has seen; where that"
            " one was trained here on some of these records, the training is refused, since its claim would be void."
        ),
        "Sizes chosen by looking at the members of earlier trainings are not accounted for.",
        (
            "Small models on few records are where privacy costs most: noise is as large for a thousand records as for"
            " a million."
        ),
        "A low membership result beside a high epsilon is a measurement, not a guarantee; only the claim is one.",
    ),
    references=(
        "Abadi et al. 2016, Deep Learning with Differential Privacy, arXiv 1607.00133",
        "Yu et al. 2021, Differentially Private Fine-tuning of Language Models, arXiv 2110.06500",
        "Li et al. 2021, Large Language Models Can Be Strong Differentially Private Learners, arXiv 2110.05679",
        "Carlini et al. 2019, The Secret Sharer, arXiv 1802.08232",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.10", "MANAGE-2.2"),
        "nist-genai-profile": ("Data-Privacy", "MS-2.2-004", "MG-2.2-009"),
        "eu-ai-act": ("Art.15(5)",),
        "iso-42001": ("A.7.2", "A.7.6"),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": ("AML.T0024.000", "AML.T0024.001"),
        "avid": ("P0302",),
    },
)
