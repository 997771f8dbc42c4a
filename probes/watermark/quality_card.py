"""The card of `probes.watermark.quality`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from harness.text.sentences import DIFFERENCE
from probes.documents import CORPUS

__all__ = [
    "CARD",
    "DISTINCT_LOST",
    "LENGTH",
    "LENGTHS",
    "PERPLEXITY",
    "PERPLEXITY_WITHOUT",
    "RATIO",
    "RIGHT",
    "RIGHT_LOST",
    "RIGHT_WITHOUT",
    "TOGETHER",
]

TOGETHER = f"{CORPUS}+wordings"
"""Texts to be gone on with and questions, as one set."""
LENGTHS = (25, 50, 75, 100, 125, 150, 175, 200)
"""Words from the start of a reply over which pairs of words are counted."""
HESITATES = "equally likely tokens"
FREE = "a mark that costs nothing"

RIGHT_LOST = Metric(
    "watermark.quality/right_answers_lost",
    "Right answers that the mark costs",
    "the share answered rightly was lower with the mark by",
    DIFFERENCE,
    "questions",
    Better.LOWER,
    null=0.0,
    null_of=FREE,
)
RATIO = Metric(
    "watermark.quality/perplexity_ratio",
    "Perplexity of marked text, against text without the mark",
    "another model found a text with the mark",
    "times as perplexing",
    "texts",
    Better.LOWER,
    null=1.0,
    null_of=FREE,
)
DISTINCT_LOST = Metric(
    "watermark.quality/distinct_pairs_lost",
    "Variety that the mark costs (distinct pairs of words)",
    "the share of pairs of words that occur for the first time was lower with the mark by",
    DIFFERENCE,
    "texts",
    Better.LOWER,
    null=0.0,
    null_of=FREE,
)
LENGTH = Metric(
    "watermark.quality/words_added",
    "Words that the mark adds to a reply",
    "a reply with the mark was longer by",
    "words",
    "texts",
    Better.NULL,
    null=0.0,
    null_of=FREE,
)
RIGHT = Metric(
    "watermark.quality/right_with_mark",
    "Right answers with the mark",
    "the model answered rightly with its mark",
    "share",
    "questions",
    Better.HIGHER,
)
RIGHT_WITHOUT = Metric(
    "watermark.quality/right_without_mark",
    "Right answers without the mark",
    "the model answered rightly without its mark",
    "share",
    "questions",
    Better.HIGHER,
)
PERPLEXITY = Metric(
    "watermark.quality/perplexity_with_mark",
    "Perplexity of what is written with the mark",
    "another model hesitated at each token of a marked text as if between",
    HESITATES,
    "texts",
    Better.LOWER,
)
PERPLEXITY_WITHOUT = Metric(
    "watermark.quality/perplexity_without_mark",
    "Perplexity of what is written without the mark",
    "another model hesitated at each token of an unmarked text as if between",
    HESITATES,
    "texts",
    Better.LOWER,
)

CARD = ProbeCard(
    id="watermark.quality",
    version="1",
    title="What a watermark costs in quality",
    question="Does the model write worse, or answer less well, because it marks its text?",
    family="watermark",
    needs=(Capability.MARK_TEXT,),
    datasets=(TOGETHER,),
    metrics=(RIGHT_LOST, DISTINCT_LOST, LENGTH, RATIO, RIGHT, RIGHT_WITHOUT, PERPLEXITY, PERPLEXITY_WITHOUT),
    limits=(
        (
            "Perplexity is told only where `reference` names an instrument that asks another model, such as"
            " `likelihood`; by the audited model itself it is a fair comparison, by a better model a fairer one. It is"
            " of the reply by itself, without the prompt, and per token of that other model."
        ),
        (
            "Low perplexity is not high quality: text that repeats itself has a low one. That is why the variety of"
            " words stands beside it."
        ),
        (
            "One key is tried. A scheme that leaves probabilities as they are over all keys still moves them for each"
            " key; to see that average, repeat the run with other keys."
        ),
        (
            "Marked and unmarked replies are two draws at temperature 1, so that a pair differs by chance as well as"
            " by the mark: the interval tells by how much. A small cost needs many texts and questions to be seen."
        ),
        (
            "A mark is weak where the next word is nearly certain, so short answers are where it costs least; what it"
            " costs in long reasoning or in code is not measured."
        ),
        (
            "Variety is compared over the same number of words of both replies, the most of 25, 50, … 200 that both"
            " have: a reply of fewer than 25 words has neither variety nor perplexity. Replies end at the limit of"
            " tokens, which hides how much longer the longer one would have been."
        ),
        (
            "Whether an answer is right is told by an instrument that holds it against known ones; the card of that"
            " instrument says how often it errs. It errs alike with and without the mark."
        ),
    ),
    references=(
        "Kirchenbauer et al. 2023, A Watermark for Large Language Models, arXiv 2301.10226",
        "Kirchenbauer et al. 2023, On the Reliability of Watermarks for Large Language Models, arXiv 2306.04634",
        "Li et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models, arXiv 1510.03055",
        "Tango 1998, Equivalence test and confidence interval for paired proportions, Stat. Med. 17:891-908",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-1.1", "MEASURE-2.7", "MEASURE-2.8"),
        "nist-genai-profile": ("MP-2.3-004", "MP-5.1-001", "MS-1.1-001", "MS-2.7-002"),
        "eu-ai-act": ("Art.50(2)", "CoP-Transparency.Commitment-4"),
        "iso-42001": ("A.6.2.4", "A.8.5"),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)
