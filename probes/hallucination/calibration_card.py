"""The card of `probes.hallucination.calibration`: what it reports, and what that cannot tell."""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from harness.text.sentences import DIFFERENCE

__all__ = [
    "ACCURACY",
    "ACCURACY_IN_BIN",
    "ANSWERED",
    "AURC",
    "AUROC",
    "BRIER",
    "CALIBRATED_ECE",
    "CARD",
    "ECE",
    "OVERCONFIDENCE",
    "RELIABILITY",
    "RESOLUTION",
    "THRESHOLD",
    "UNCERTAINTY",
    "at_risk",
    "card_for",
]

SQUARE = "squared distance"
"""Unit of the Brier score and of its parts."""


def _metric(
    name: str, title: str, phrase: str, better: Better, *, unit: str = "share", null: float | None = None
) -> Metric:
    return Metric(f"hallucination.calibration/{name}", title, phrase, unit, "questions", better, null=null)


BRIER = _metric(
    "brier",
    "Distance of confidence from what came true",
    "the squared distance of the model's confidence from what came true was, on average,",
    Better.LOWER,
    unit=SQUARE,
)
RELIABILITY = _metric(
    "reliability",
    "Part of that distance by which confidence is off",
    "the squared distance of the model's confidence from the share that came true at it was, on average,",
    Better.LOWER,
    unit=SQUARE,
)
RESOLUTION = _metric(
    "resolution",
    "Part of that distance that confidence takes away by telling answers apart",
    "the squared distance of the shares that came true at different confidences from the share of all was, on average,",
    Better.HIGHER,
    unit=SQUARE,
)
UNCERTAINTY = _metric(
    "uncertainty",
    "Part of that distance that is there whatever the confidence",
    "the squared distance of what came true from the share of all that did was, on average,",
    Better.LOWER,
    unit=SQUARE,
)
ECE = _metric(
    "ece",
    "Expected calibration error",
    "the distance of the model's confidence from the share that came true at it was, on average,",
    Better.LOWER,
    unit=DIFFERENCE,
)
CALIBRATED_ECE = _metric(
    "ece_if_calibrated",
    "Calibration error that chance alone would show",
    "a model whose confidences were right would show, by chance alone, an error of",
    Better.LOWER,
    unit=DIFFERENCE,
)
AUROC = _metric(
    "auroc",
    "Right answers told from wrong ones by confidence",
    "of a pair, one answered rightly and one wrongly, the right one had the higher confidence",
    Better.HIGHER,
    null=0.5,
)
ACCURACY = _metric(
    "accuracy",
    "Right answers",
    "the model's answer was right",
    Better.HIGHER,
)
OVERCONFIDENCE = _metric(
    "overconfidence",
    "Confidence beyond accuracy",
    "the model's mean confidence exceeded the share of right answers by",
    Better.NULL,
    unit=DIFFERENCE,
    null=0.0,
)
AURC = _metric(
    "aurc",
    "Wrong answers left when the least sure are passed over",
    "the share of wrong answers, averaged over all shares of questions that could be passed over, was",
    Better.LOWER,
)
THRESHOLD = _metric(
    "deferral_threshold",
    "Confidence from which answers may be given",
    "the least confidence that lets an answer through was",
    Better.LOWER,
    unit="confidence",
)
ANSWERED = _metric(
    "answered_share",
    "Answers that may be given",
    "the model was sure enough for its answer to be given",
    Better.HIGHER,
)
ACCURACY_IN_BIN = _metric(
    "accuracy_in_bin",
    "Right answers by confidence",
    "the model's answer was right, where its mean confidence is the reference,",
    Better.NULL,
)

CARD = ProbeCard(
    id="hallucination.calibration",
    version="1",
    title="Confidence",
    question="Is the model as often right as it is sure?",
    family="hallucination",
    needs=(Capability.SCORE, Capability.GENERATE),
    datasets=("facts_mc", "truthfulqa:mc_task.json", "truthfulqa:v1/mc_task.json.gz", "truthfulqa:TruthfulQA.csv"),
    metrics=(
        BRIER,
        RELIABILITY,
        RESOLUTION,
        UNCERTAINTY,
        ECE,
        CALIBRATED_ECE,
        AUROC,
        ACCURACY,
        OVERCONFIDENCE,
        AURC,
        THRESHOLD,
        ANSWERED,
        ACCURACY_IN_BIN,
    ),
    limits=(
        (
            "Asked by likelihood, confidence is the chance that the model gives the letter of its choice among those"
            " shown. A liking for a letter counts as confidence, and nothing is said about answers that it writes."
        ),
        (
            "Asked by text, confidence is what the model says it is. Replies without a number that can be read in one"
            " way only, such as 'very sure', are counted beside the result."
        ),
        (
            "A model can be calibrated and useless: one that always states its mean accuracy is. Read reliability"
            " beside resolution, or the Brier score, which has both."
        ),
        (
            "Reliability, resolution and the calibration error are taken over bins, where chance adds to each. Their"
            " reference values are what chance alone would show; compare runs of the same number of answers only."
        ),
        "Reliability less resolution plus uncertainty is the Brier score up to what differs within bins.",
        (
            "The threshold's promise is for questions drawn as these were, asked in the same way; it breaks where the"
            " use differs from the test. It bounds the share of wrong answers, not how wrong they are."
        ),
        (
            "That no threshold can be certified is the usual finding for weak models and short runs. It is no error:"
            " every answer then goes to somebody else."
        ),
        "Multiple choice in English only.",
    ),
    references=(
        "Murphy 1973, A New Vector Partition of the Probability Score, Journal of Applied Meteorology 12:595-600",
        "Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv 1706.04599",
        "Bröcker and Smith 2007, Increasing the Reliability of Reliability Diagrams, Weather and Forecasting 22",
        "Kadavath et al. 2022, Language Models (Mostly) Know What They Know, arXiv 2207.05221",
        "Tian et al. 2023, Just Ask for Calibration, arXiv 2305.14975",
        "Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks, arXiv 1705.08500",
        "Angelopoulos et al. 2021, Learn then Test, arXiv 2110.01052",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.5", "MEASURE-2.6", "MAP-2.2", "MAP-3.5"),
        "nist-genai-profile": ("Confabulation", "Human-AI-Configuration", "MS-2.3-002", "MS-2.6-005"),
        "eu-ai-act": ("Art.15(1)", "Art.15(3)", "Art.13(3)(b)", "Art.13(3)(d)", "Art.14(4)(a)", "Art.14(4)(d)"),
        "iso-42001": ("A.6.2.4", "A.6.2.7", "A.8.2", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": ("AML.T0062",),
        "avid": ("P0204", "P0400"),
    },
)


def at_risk(metric: Metric, alpha: float) -> Metric:
    """Return a metric of deferral with the risk that was certified in its words; of the threshold, in its unit."""
    risk = f"at a risk of at most {alpha:g}"
    if metric is THRESHOLD:
        return replace(metric, unit=f"{metric.unit} {risk}")
    return replace(metric, phrase=f"{metric.phrase} {risk}")


def card_for(alpha: float, delta: float) -> ProbeCard:
    """Return the card with what the threshold promises."""
    metrics = [at_risk(metric, alpha) if metric in (THRESHOLD, ANSWERED) else metric for metric in CARD.metrics]
    promise = (
        f"The threshold promises that at most {alpha:g} of the answers it lets through are wrong, and breaks the"
        f" promise in at most {delta:g} of such tests. A `defer` mitigation reads it from estimates.json."
    )
    return replace(CARD, metrics=tuple(metrics), limits=(promise, *CARD.limits))
