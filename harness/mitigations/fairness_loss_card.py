"""The card of `harness.mitigations.fairness_loss`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="fairness_loss",
    version="1",
    title="Fairness in the loss",
    kind=MitigationKind.TRAINING,
    does=(
        "Trains a language model again with one term more in its loss: the Jensen-Shannon divergence between what it"
        " expects behind the name of one group and behind that of another, in sentences that are otherwise the same."
    ),
    cost=(
        "Another training of as many steps, each with two more sentences passed through the model for every record;"
        " nothing when the model is asked."
    ),
    limits=(
        (
            "It works on what follows a name. What comes before one, such as an occupation that brings a pronoun, is"
            " not touched: predictions of the name itself stay as they were."
        ),
        (
            "A model can learn the sentences it is shown rather than the indifference: only other sentences can show"
            " whether it did. They ship with the harness and are in none of its measurements."
        ),
        "Equal is not right: where a difference between groups matters, as in medicine, it is trained away too.",
        "Groups that the pairs do not name are not covered, nor are languages other than English.",
        "The weight buys less divergence for a worse fit: sweep it, and look at both.",
        "Private training with it is refused: what is proved of private steps is proved of single records alone.",
    ),
    references=(
        "Guo, Yang and Abbasi 2022, Auto-Debias, doi 10.18653/v1/2022.acl-long.72",
        "Huang et al. 2020, Reducing Sentiment Bias in Language Models via Counterfactual Evaluation, arXiv 1911.03064",
        "Bordia and Bowman 2019, Identifying and Reducing Gender Bias in Language Models, arXiv 1904.03035",
        "Lin 1991, Divergence Measures Based on the Shannon Entropy, doi 10.1109/18.61115",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.11",),
        "nist-genai-profile": ("Harmful-Bias-and-Homogenization", "MG-2.2-004"),
        "eu-ai-act": ("Art.10(2)(g)",),
        "iso-42001": ("A.5.4", "A.7.4"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("E0101",),
    },
)
