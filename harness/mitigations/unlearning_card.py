"""The card of `harness.mitigations.unlearning`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="unlearning",
    version="1",
    title="Unlearning by gradient ascent",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains a language model on from its own weights, for a while: the loss of what is to be forgotten is made"
        " larger, up to that of a model that knows nothing, while the other records are still trained on."
    ),
    cost=(
        "A further training, by default a quarter as long as the first, with two passes for one; nothing when the model"
        " is asked."
    ),
    limits=(
        (
            "It is a plain baseline, and not known to remove anything: what was unlearned has been brought back by"
            " compressing the weights to fewer bits (Zhang et al. 2024), by a few steps of training on related or"
            " unrelated text (Lynch et al. 2024; Hu et al. 2024), and by asking in other words."
        ),
        (
            "A model made to forget is not the model that never saw the records: tests that compare with one trained"
            " without them tell the two apart, and a loss that is higher than that of unseen text tells that something"
            " was there (Maini et al. 2024; Shi et al. 2024)."
        ),
        (
            "Utility falls, first on what is like the forgotten records, and the more the heavier the ascent; without"
            " the term for what is kept the model is soon ruined (Jang et al. 2022; Maini et al. 2024)."
        ),
        "It gives no guarantee. Whoever has to delete a record for certain trains again without it.",
        "Records that say the same in other words stay in the training, and teach it again.",
        "Its records stay members: they were trained on, and are asked about as such.",
    ),
    references=(
        "Jang et al. 2022, Knowledge Unlearning for Mitigating Privacy Risks in Language Models, arXiv 2210.01504",
        "Maini et al. 2024, TOFU: A Task of Fictitious Unlearning for LLMs, arXiv 2401.06121",
        "Shi et al. 2024, MUSE: Machine Unlearning Six-Way Evaluation for Language Models, arXiv 2407.06460",
        "Lynch et al. 2024, Eight Methods to Evaluate Robust Unlearning in LLMs, arXiv 2402.16835",
        "Hu et al. 2024, Jogging the Memory of Unlearned LLMs Through Targeted Relearning Attacks, arXiv 2406.13356",
        "Zhang et al. 2024, Catastrophic Failure of LLM Unlearning via Quantization, arXiv 2410.16454",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.10",),
        "nist-genai-profile": ("Data-Privacy",),
        "eu-ai-act": ("Art.15(5)",),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": ("AML.T0024.000",),
        "avid": (),
    },
)
