"""The card of `probes.robustness.format`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from harness.text.sentences import DIFFERENCE

__all__ = ["ACCURACY", "CARD", "FLIP", "HELD_OUT", "LOST", "REPEAT", "SPREAD", "WON", "WORST"]

NO_DIFFERENCE = "formats that make no difference"

SPREAD = Metric(
    "robustness.format/spread",
    "Accuracy between the best and the worst format",
    "the share of right answers in the best format exceeded that in the worst by",
    DIFFERENCE,
    "questions",
    Better.LOWER,
    null_of=NO_DIFFERENCE,
)
HELD_OUT = Metric(
    "robustness.format/held_out_spread",
    "Spread, extremes chosen on other questions",
    "the share of right answers in the format that did best on other questions exceeded that in the one that did"
    " worst there by",
    DIFFERENCE,
    "questions",
    Better.LOWER,
    null=0.0,
    null_of=NO_DIFFERENCE,
)
WORST = Metric(
    "robustness.format/worst_format_accuracy",
    "Right in the worst format, chosen on other questions",
    "the model chose the true answer in the format that did worst on other questions",
    "share",
    "questions",
    Better.HIGHER,
    null_of=NO_DIFFERENCE,
)
ACCURACY = Metric(
    "robustness.format/accuracy",
    "True, averaged over formats",
    "the model chose the true answer, averaged over formats,",
    "share",
    "questions",
    Better.HIGHER,
)
FLIP = Metric(
    "robustness.format/flip_rate",
    "Answers that change with the format",
    "the model, over other formats of the same question, answered otherwise than in the plain one",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
    null_of="the plain format sent twice",
)
LOST = Metric(
    "robustness.format/right_to_wrong",
    "Right answers that another format made wrong",
    "the model was right in the plain format and wrong in another",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
WON = Metric(
    "robustness.format/wrong_to_right",
    "Wrong answers that another format made right",
    "the model was wrong in the plain format and right in another",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)
REPEAT = Metric(
    "robustness.format/repeat_flip_rate",
    "Answers that change when the plain format is sent twice",
    "the model answered otherwise when it was asked the very same again",
    "share",
    "questions",
    Better.LOWER,
    null=0.0,
)

CARD = ProbeCard(
    id="robustness.format",
    version="1",
    title="Prompt format",
    question="Does it matter to the model how the same question with options is laid out?",
    family="robustness",
    needs=(Capability.SCORE, Capability.GENERATE),
    datasets=("facts_mc", "truthfulqa:mc_task.json", "truthfulqa:v1/mc_task.json.gz", "truthfulqa:TruthfulQA.csv"),
    metrics=(SPREAD, HELD_OUT, WORST, ACCURACY, FLIP, LOST, WON, REPEAT),
    limits=(
        (
            "The best and the worst of several formats differ by chance alone: read the spread beside what formats that"
            " make no difference would give, and beside the spread whose extremes were chosen on other questions."
        ),
        (
            "A random handful of formats is asked, not all: the spread grows with their number, and worse formats may"
            " exist. Compare it only between runs with the same number and seed."
        ),
        "A format differs from the plain one in several things at once, so no single one of them can be blamed.",
        "A model that guesses has no spread but chance, and flips as often as chance has it.",
        "By likelihood the chat template is not applied; whether it matters is seen only where text is written.",
        "Two worked examples stand before each question; without examples, models depend on formats more.",
        "English only.",
    ),
    references=(
        (
            "Sclar et al. 2023, Quantifying Language Models' Sensitivity to Spurious Features in Prompt Design,"
            " arXiv 2310.11324"
        ),
        "Mizrahi et al. 2024, State of What Art? A Call for Multi-Prompt LLM Evaluation, arXiv 2401.00595",
    ),
    smoke_items=24,
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.5",),
        "nist-genai-profile": ("MS-2.5-001",),
        "eu-ai-act": ("Art.15(1)", "Art.15(4)"),
        "iso-42001": ("A.6.2.4", "A.6.2.6", "A.6.2.7"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0201",),
    },
)
