"""The card of `harness.mitigations.permute_average`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="permute_average",
    version="1",
    title="Averaging over orders of options",
    kind=MitigationKind.PROMPT,
    does=(
        "Asks a question with options in every cyclic shift of them, averages the probabilities of the options (not of"
        " their letters), and lets written choices vote."
    ),
    cost="As many calls as there are orders: four for four options.",
    limits=(
        "It repairs what depends on the order alone: a model that is wrong in every order stays wrong.",
        (
            "Only lists with one option a line, or between two bars, are recognised, under A. A) (A) [A] A: in capital"
            " or small letters, or under numbers, the last list of the prompt, with no answer below it; any other ask"
            " is passed on as it is. So are likelihoods of texts in place of letters, and of some of the letters only."
        ),
        (
            "Options that speak of each other, as in 'all of the above' or 'both A and B', cannot be moved: such a"
            " question is passed on as it is."
        ),
        ("Examples before the question keep the order of their options, so that a habit learnt from them stays."),
        (
            "Each order has an equal say in how the options share the probability; what they have together is the mean"
            " over orders. It comes back as one log-probability an option, not token by token, and without moments."
        ),
        (
            "Options with equal shares, or equal votes, are told apart by their texts, by less than a billionth of a"
            " nat: a reader who takes the first of equals would bring back the preference for a place."
        ),
        (
            "A vote is returned as the first reply that named the winner, its letters written as they were asked."
            " Replies that name no option have no vote; where none does, the reply to the order asked is returned."
        ),
        "A refusal or a failure in one order is the reply: more calls can only make these more frequent.",
        (
            "With fewer orders than options, not every option stands in every place, and what is left of the preference"
            " depends on the order asked."
        ),
    ),
    references=(
        "Zheng et al. 2023, Large Language Models Are Not Robust Multiple Choice Selectors, arXiv 2309.03882",
        "Pezeshkpour and Hruschka 2023, Large Language Models Sensitivity to the Order of Options, arXiv 2308.11483",
        "Liu et al. 2023, MMBench (circular evaluation), arXiv 2307.06281",
        "Wang et al. 2022, Self-Consistency Improves Chain of Thought Reasoning (majority vote), arXiv 2203.11171",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002",),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0201",),
    },
)
