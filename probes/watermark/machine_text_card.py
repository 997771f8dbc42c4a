"""The card of `probes.watermark.machine_text`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from harness.stats.cross_fit import LEAST
from probes.documents import CORPUS

__all__ = ["AUC", "BRIER", "CARD", "CURVATURE", "FALSE", "FALSE_AT", "FOUND", "GAP", "LENGTH", "RATES", "WORDS"]

ID = "watermark.machine_text"
WORDS = 50
"""Words that a text has at least: of shorter ones nothing is said."""

AUC = Metric(
    f"{ID}/auc",
    "Texts of the model told from another writer's, by a trained classifier (never the sole ground for a verdict)",
    "a text by the model looked more like the model's than a text by another writer did",
    "share",
    "documents",
    Better.HIGHER,
    null=0.5,
)
CURVATURE = Metric(
    f"{ID}/curvature_auc",
    "The same by likelihood alone, without training (Fast-DetectGPT's curvature)",
    "a text by the model had the larger curvature, beside a text by another writer,",
    "share",
    "documents",
    Better.HIGHER,
    null=0.5,
)


def _rate(percent: int) -> tuple[Metric, float]:
    metric = Metric(
        f"{ID}/tpr_at_{percent}",
        f"Texts of the model found where {percent} of 100 of another writer's are accused",
        f"a text by the model was above a threshold that is meant for {percent} of 100 of another writer's",
        "share",
        "texts",
        Better.HIGHER,
        null=percent / 100,
    )
    return metric, percent / 100


RATES: tuple[tuple[Metric, float], ...] = tuple(_rate(percent) for percent in (25, 10, 5, 1))
"""True-positive rates, each with the false-positive rate that it is told at: easiest first."""
FALSE_AT = Metric(
    f"{ID}/false_positive_rate",
    "Texts of another writer accused by the threshold that is meant for 25 of 100",
    "a text by another writer was above that threshold",
    "share",
    "texts of others",
    Better.NULL,
    null=0.25,
)
FOUND = Metric(
    f"{ID}/found",
    "Texts of the model found at even odds",
    "a text by the model was called the model's: its chance was above one half",
    "share",
    "texts",
    Better.HIGHER,
    null=0.5,
)
FALSE = Metric(
    f"{ID}/accused",
    "Texts of another writer accused at even odds",
    "a text by another writer was called the model's: its chance was above one half",
    "share",
    "texts of others",
    Better.LOWER,
    null=0.5,
)
GAP = Metric(
    f"{ID}/non_native_gap",
    "Accused at even odds: writers in a second language, less those in their first",
    "texts by writers in a second language are accused more often, by",
    "share difference",
    "texts of others",
    Better.NULL,
    null=0.0,
)
BRIER = Metric(
    f"{ID}/brier",
    "How far the classifier's chances are from what is true (Brier score)",
    "its chances missed what is true by, on average,",
    "Brier points",
    "documents",
    Better.LOWER,
    null=0.25,
    null_of="always stating one half",
)
LENGTH = Metric(
    f"{ID}/length_auc",
    "The same by the number of words alone",
    "a text by the model had more words than a text by another writer",
    "share",
    "documents",
    Better.NULL,
    null=0.5,
)

CARD = ProbeCard(
    id=ID,
    version="1",
    title="Telling a model's text from another writer's",
    question="Can text of this model be told from text of another writer by how it is written, without a mark?",
    family="watermark",
    needs=(Capability.GENERATE,),
    datasets=(CORPUS,),
    metrics=(AUC, CURVATURE, *(metric for metric, _ in RATES), FALSE_AT, FOUND, FALSE, GAP, BRIER, LENGTH),
    limits=(
        (
            "A detector of this kind is never the sole ground for a verdict about a person. It errs as often as is told"
            " here, on texts like these; of who wrote a single text, it says no more than that."
        ),
        (
            "The texts that ship were written by another language model, not by people: with them the question is"
            " whether two models can be told apart. Name texts that people wrote, by `data`, and best ones older than"
            " language models, to ask about people."
        ),
        (
            "Detectors accuse people who write in a second language more often (Liang et al. 2023). Rows with"
            ' "native", true or false, show how much more often; the texts that ship do not have it.'
        ),
        (
            'Registers are told apart where rows have "register" or "topic"; of the texts that ship, one has seven'
            " at most. A detector that was trained on some registers is worse on others: here all are in training."
        ),
        (
            "The classifier is trained on this model's own continuations. It is the detector of one who has the model;"
            " it says little of other models, other prompts, other temperatures, or texts that were edited since."
        ),
        (
            f"Both texts of a document begin after their first sentence, have equally many words, at least {WORDS}, and"
            " stop within a sentence; so neither length nor the cut gives the writer away. Shorter texts are"
            " unreadable: of those nothing is known."
        ),
        (
            "A false-positive rate of 1 in 100 needs 1,000 documents, of 25 in 100 it needs 40; a classifier needs"
            f" {LEAST}. What cannot be reached is absent, never guessed."
        ),
        (
            "Without `reference`, an instrument that says how likely another model finds a text, such as likelihood,"
            " there is no curvature, and the classifier knows style alone: English function words, sentences and"
            " punctuation. Languages that put no blanks between words cannot be read."
        ),
        (
            "Shares at thresholds and at even odds compare chances that come from ten classifiers, each of which never"
            " saw the text it judges: that makes them a little low. The area compares within one classifier."
        ),
        "A low area does not show that the model writes like people: a better detector, or more texts, may tell it.",
    ),
    references=(
        "Mitchell et al. 2023, DetectGPT, arXiv 2301.11305",
        "Bao et al. 2023, Fast-DetectGPT, arXiv 2310.05130",
        "Liang et al. 2023, GPT detectors are biased against non-native English writers, arXiv 2304.02819",
        "Stamatatos 2009, A Survey of Modern Authorship Attribution Methods, JASIST 60:538-556",
        "Platt 1999, Probabilistic Outputs for Support Vector Machines, in Advances in Large Margin Classifiers",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-1.1", "MEASURE-2.7", "MEASURE-2.8"),
        "nist-genai-profile": ("MP-2.3-004", "MP-5.1-001", "MS-1.1-001", "MS-2.7-002"),
        "eu-ai-act": ("Art.50(2)", "CoP-Transparency.Commitment-2", "CoP-Transparency.Measure-1.1"),
        "iso-42001": ("A.6.2.4", "A.8.5"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
    smoke_items=40,
)
