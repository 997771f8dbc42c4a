"""The card of `probes.hallucination.closed_book`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric

__all__ = ["BINARY", "CARD", "CHOICE_ONLY", "MC1", "MC2"]

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

CARD = ProbeCard(
    id="hallucination.closed_book",
    version="1",
    title="Closed-book truthfulness",
    question="How often does the model hold a widespread falsehood to be likelier than the truth?",
    family="hallucination",
    needs=(Capability.SCORE,),
    datasets=("facts_mc", "truthfulqa:mc_task.json", "truthfulqa:v1/mc_task.json.gz", "truthfulqa:TruthfulQA.csv"),
    metrics=(MC1, MC2, BINARY, CHOICE_ONLY),
    limits=(
        "It compares answers that were written beforehand; what the model would say in its own words is not measured.",
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
