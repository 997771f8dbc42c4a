"""The card of `harness.mitigations.principles`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="principles",
    version="1",
    title="Critique and revision against principles",
    kind=MitigationKind.PROMPT,
    does=(
        "Lets the model draft a reply, name where the draft breaks a written principle, and write the reply anew,"
        " before anyone sees it."
    ),
    cost="Three calls for one, and two more for each further round; the prompts repeat question, draft and principles.",
    limits=(
        (
            "Only what is written is revised: likelihoods, pictures and losses are passed on as they are, so that"
            " probes of likelihoods show no effect at all."
        ),
        (
            "The model is its own critic: what it does not see in a draft it does not name, and a small model may see"
            " nothing, or spoil a good draft. Read the utility beside the gain."
        ),
        (
            "A revision may lose the form that was asked for, or speak of the critique; whatever it is, it is the"
            " reply, an empty one too."
        ),
        (
            "Draft, question and critique stand between marks whose name occurs in none of them, and are called"
            " material. That keeps a text from ending its own quotation; it does not keep a model from obeying it."
        ),
        (
            "A refusal or a failure on the way is the reply; a critique of nothing leaves the draft. More calls make"
            " all of these more frequent."
        ),
        (
            "Without a chat template the same text is continued: models that follow no instructions are hardly told"
            " anything by it."
        ),
        (
            "The placebo reads as many principles of about the same length, about spelling alone: what remains of an"
            " effect under it is the effect of drafting and revising as such."
        ),
    ),
    references=(
        "Bai et al. 2022, Constitutional AI: Harmlessness from AI Feedback, arXiv 2212.08073",
        "Madaan et al. 2023, Self-Refine: Iterative Refinement with Self-Feedback, arXiv 2303.17651",
        "Huang et al. 2023, Large Language Models Cannot Self-Correct Reasoning Yet, arXiv 2310.01798 (when it fails)",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002", "MG-2.2-004"),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6", "A.9.2"),
        "owasp-llm-2025": ("LLM05", "LLM09"),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.M0020",),
        "avid": ("E0100", "E0402"),
    },
)
