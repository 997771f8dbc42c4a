"""The card of `harness.mitigations.self_debias`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="self_debias",
    version="2",
    title="Self-debiasing",
    kind=MitigationKind.DECODING,
    does=(
        "Reads every text a second time behind a description of what is unwanted, and makes tokens that are likelier"
        " there less likely."
    ),
    cost="Each text is read once more for each description, and the descriptions with it.",
    limits=(
        "It turns away from what the model itself takes for the unwanted; what the model does not know as that stays.",
        (
            "A token whose probability falls behind the description is left as it is, whatever it says; and one that"
            " becomes likelier for any other reason, the words of the description among them, is made less likely too."
            " The placebo shows how much of an effect is of that kind."
        ),
        (
            "It acts on differences of probabilities, not of their ratios: with the published decay of 50 a rise of"
            " 0.05 divides a probability by 12, and a rise of a rare word from 0.0001 to 0.001 changes it by 4 %."
        ),
        "Facts about groups of people become less likely along with prejudice about them.",
        (
            "The description stands before a bare text, or before the user's message of a chat. A chat model that"
            " refuses the request in it turns away from its own refusal."
        ),
        (
            "The descriptions need room: what the model reads at once is shorter by the longest of them, with or"
            " without windows. Compare perplexities of long texts with those of the placebo."
        ),
        (
            "Losses of single records and what is known of the training are the model's own: membership tests that"
            " read losses do not see it. The tokens of a scored text are counted once; its seconds and joules count"
            " every reading."
        ),
        "The wordings are a few of very many, in English, written by one language model; another may do more, or less.",
    ),
    references=(
        "Schick, Udupa and Schütze 2021, Self-Diagnosis and Self-Debiasing, arXiv 2103.00453",
        "Meade et al. 2022, An Empirical Survey of the Effectiveness of Debiasing Techniques, arXiv 2110.08527",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002", "MG-2.2-004"),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("E0100",),
    },
)
