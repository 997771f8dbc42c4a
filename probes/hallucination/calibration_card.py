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

POINTS = "Brier points"
"""Unit of the Brier score and of its parts."""
CALIBRATED = "a model right as often as it is sure"
"""Who scores the reference value of all that asks for calibration."""


def _metric(
    name: str,
    title: str,
    phrase: str,
    better: Better,
    *,
    unit: str = "share",
    null: float | None = None,
    null_of: str = "",
) -> Metric:
    return Metric(f"hallucination.calibration/{name}", title, phrase, unit, "questions", better, null, null_of)


BRIER = _metric(
    "brier",
    "Distance of confidence from what came true",
    "the model's confidence missed what came true by, on average,",
    Better.LOWER,
    unit=POINTS,
    null_of="always stating the share of right answers",
)
RELIABILITY = _metric(
    "reliability",
    "Part of that distance by which confidence is off",
    "the model's confidence missed the share that came true at it by, on average,",
    Better.LOWER,
    unit=POINTS,
    null_of=CALIBRATED,
)
RESOLUTION = _metric(
    "resolution",
    "Part of that distance that confidence takes away by telling answers apart",
    "the shares that came true at different confidences lay apart from the share of all by, on average,",
    Better.HIGHER,
    unit=POINTS,
    null_of="confidence that tells nothing",
)
UNCERTAINTY = _metric(
    "uncertainty",
    "Part of that distance that is there whatever the confidence",
    "what came true lay apart from the share of all that did by, on average,",
    Better.LOWER,
    unit=POINTS,
)
ECE = _metric(
    "ece",
    "Expected calibration error",
    "the distance of the model's confidence from the share that came true at it was, on average,",
    Better.LOWER,
    unit=DIFFERENCE,
    null_of=CALIBRATED,
)
CALIBRATED_ECE = _metric(
    "ece_if_calibrated",
    "Calibration error that chance alone would show",
    "a model right as often as it is sure would show, by chance alone, an error of",
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
ACCURACY = _metric("accuracy", "Right answers, of those given", "the model's answer was right", Better.HIGHER)
OVERCONFIDENCE = _metric(
    "overconfidence",
    "Confidence beyond accuracy",
    "the model's mean confidence exceeded the share of right answers by",
    Better.NULL,
    unit=DIFFERENCE,
    null=0.0,
    null_of=CALIBRATED,
)
AURC = _metric(
    "aurc",
    "Wrong answers left when the least sure are passed over",
    "the model was wrong, averaged over all shares of questions that could be passed over, the least sure first,",
    Better.LOWER,
    null_of="passing over questions at random",
)
THRESHOLD = _metric(
    "deferral_threshold",
    "Confidence from which answers may be given",
    "answers may be given from",
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
    "the model's answer was right",
    Better.NULL,
    null_of=CALIBRATED,
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
        (
            "Brier points are squared distances, from 0 to 1. Reliability less resolution plus uncertainty is the Brier"
            " score, up to what differs within bins."
        ),
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
        "nist-ai-rmf": ("MEASURE-2.5", "MEASURE-2.9"),
        "nist-genai-profile": ("Confabulation", "MS-2.3-002", "MS-2.5-001"),
        "eu-ai-act": ("Art.15(1)", "Art.15(3)", "Art.13(3)(b)"),
        "iso-42001": ("A.6.2.4", "A.6.2.7", "A.8.2", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": ("AML.T0062",),
        "avid": ("P0204",),
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
