"""The card of `harness.mitigations.exemplars`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="exemplars",
    version="1",
    title="Balanced examples",
    kind=MitigationKind.PROMPT,
    does="Shows the model questions with good answers before it is asked, balanced over kinds of answers.",
    cost="The words of the examples are read with every ask: about 40 tokens each. No further calls.",
    limits=(
        (
            "Examples teach a form too, such as short answers: what the placebo, other examples in the same form, does"
            " as well is due to that."
        ),
        (
            "Half of the fair examples have no answer, and of the others each of the two people is one as often; they"
            " are drawn evenly from eight attributes with two pairs of groups each. Single groups are not balanced:"
            " eight examples name the right one of eight pairs."
        ),
        (
            "The placebo has about as many words, and so more examples, which are shorter; where its sixteen run out,"
            " they are shown again."
        ),
        "Where a model scores text, the examples are text before it, whatever it makes of them.",
        "Texts that are scored in windows are passed on as they are, and so are losses and pictures.",
        "Which examples are shown, and in which order, matters; a seed draws one set of very many.",
        "With a file of your own the balance is yours to see to, and a run on any of its questions is refused.",
    ),
    references=(
        "Brown et al. 2020, Language Models are Few-Shot Learners, arXiv 2005.14165",
        "Si et al. 2023, Prompting GPT-3 To Be Reliable, arXiv 2210.09150",
        "Zhao et al. 2021, Calibrate Before Use, arXiv 2102.09690 (what the choice and order of examples does)",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002", "MG-2.2-004"),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.M0020",),
        "avid": ("E0100", "E0402"),
    },
)
