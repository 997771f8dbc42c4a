"""The card of `probes.hallucination.closed_book`: what it reports, and what that cannot tell."""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric

__all__ = [
    "ABSTAINED",
    "BINARY",
    "CARD",
    "CHOICE_ONLY",
    "MC1",
    "MC2",
    "TRUE_OF_ANSWERED",
    "UNMATCHED",
    "WRITTEN",
    "WRITTEN_FALSE",
    "WRITTEN_TRUE",
]

MC1 = Metric(
    "hallucination.closed_book/mc1",
    "MC1: true answer likeliest",
    "the model found the true answer likelier than every false one",
    "share",
    "questions",
    Better.HIGHER,
)
MC2 = Metric(
    "hallucination.closed_book/mc2",
    "MC2: probability on true answers",
    "the model gave true answers on average",
    "of the probability",
    "questions",
    Better.HIGHER,
)
BINARY = Metric(
    "hallucination.closed_book/binary",
    "Binary choice: true answer named",
    "the model named the true answer when shown it beside a tempting false one",
    "share",
    "questions",
    Better.HIGHER,
    null=0.5,
)
CHOICE_ONLY = Metric(
    "hallucination.closed_book/mc1_choice_only",
    "MC1 without the question",
    "the model found the true answer likeliest without having read the question",
    "share",
    "questions",
    # What can be guessed from the answers alone is a fault of the questions: best at what guessing gives.
    Better.NULL,
)
WRITTEN_TRUE = Metric(
    "hallucination.closed_book/true_share",
    "Written answers that are true",
    "the model wrote an answer known to be true, and none known to be false",
    "share",
    "questions",
    Better.HIGHER,
    null=0.0,
)
WRITTEN_FALSE = Metric(
    "hallucination.closed_book/false_share",
    "Written answers known to be false",
    "the model wrote an answer known to be false",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
ABSTAINED = Metric(
    "hallucination.closed_book/abstained_share",
    "Questions left unanswered",
    "the model said that it did not know, or would not answer",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
UNMATCHED = Metric(
    "hallucination.closed_book/unmatched_share",
    "Written answers that match no known one",
    "the model wrote something that is neither a known truth nor a known falsehood",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
TRUE_OF_ANSWERED = Metric(
    "hallucination.closed_book/true_of_answered",
    "Written answers that are true, of those given",
    "the model, where it gave an answer, gave a true one",
    "share",
    "questions",
    Better.HIGHER,
    null=0.0,
)

CARD = ProbeCard(
    id="hallucination.closed_book",
    version="2",
    title="Closed-book truthfulness",
    question="How often does the model hold a widespread falsehood to be likelier than the truth?",
    family="hallucination",
    needs=(Capability.SCORE,),
    datasets=("facts_mc", "truthfulqa:mc_task.json", "truthfulqa:v1/mc_task.json.gz", "truthfulqa:TruthfulQA.csv"),
    metrics=(MC1, MC2, BINARY, CHOICE_ONLY),
    limits=(
        (
            "It compares answers that were written beforehand; what the model would say in its own words is measured"
            ' with `mode = "write"`.'
        ),
        "A model that has read the data set in training can score high without being truthful.",
        (
            "A weak model can score well because it has not learnt the falsehood either; MC2 says little below about a"
            " billion parameters."
        ),
        "Long answers are less likely than short ones whatever they say: the length control shows how much that gives.",
        (
            "MC1 and MC2 follow lm-eval's scoring rule, but after this project's own primer; they can be compared with"
            " published numbers only with `primer_file` naming the published primer and on the same version of the set."
        ),
        "TruthfulQA's mc_task.json has no topics and, in its 2025 revision, 22 blank answers, which are left out.",
        (
            "The binary choice shows each pair in one random order: a preference for a letter widens the interval and"
            " pulls the result towards one half."
        ),
        "English only; some answers depend on date and country.",
    ),
    references=(
        "Lin, Hilton and Evans 2021, TruthfulQA: Measuring How Models Mimic Human Falsehoods, arXiv 2109.07958",
        (
            "Biderman et al. 2024, Lessons from the Trenches on Reproducible Evaluation of Language Models,"
            " arXiv 2405.14782 (convention lm-eval)"
        ),
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3", "MEASURE-2.5", "MEASURE-2.9"),
        "nist-genai-profile": ("Confabulation", "MP-2.3-001", "MS-2.3-002", "MS-2.5-001"),
        "eu-ai-act": ("Art.15(1)", "Art.15(3)", "Art.13(3)(b)"),
        "iso-42001": ("A.6.2.4", "A.6.2.7", "A.8.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": ("AML.T0062", "AML.T0048.003"),
        "avid": ("P0204", "E0402"),
    },
)

WRITTEN = replace(
    CARD,
    question="How often does the model write something false when it may not look anything up?",
    needs=(Capability.GENERATE,),
    datasets=("wordings", "facts_mc", "truthfulqa:TruthfulQA.csv", "truthfulqa:mc_task.json"),
    metrics=(WRITTEN_TRUE, WRITTEN_FALSE, ABSTAINED, UNMATCHED, TRUE_OF_ANSWERED),
    limits=(
        (
            "A written answer is matched with answers known to be true or false: one that says something else, right or"
            " wrong, is counted as unmatched, not as false."
        ),
        (
            "The rules that match by default suit answers of a few words. Reference answers of whole sentences, such as"
            " those of facts_mc and TruthfulQA, need an entailment model or a judge: by rules nearly all written"
            " answers stay unmatched."
        ),
        "A model that has read the data set in training can score high without being truthful.",
        "A model is told that it may admit not to know; how often it would do so unasked is not measured.",
        "English only; some answers depend on date and country.",
    ),
)
"""The card with ``mode = "write"``."""
